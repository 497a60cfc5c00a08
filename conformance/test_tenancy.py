"""
Tenancy: what is one tenant's is no other's to see, to change or to refer to.

What can be enumerated from the catalogue is in `test_tenancy_matrix.py`, what one session leaves to the next in
`test_tenancy_session.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from virtualq_core import content
from virtualq_core.errors import IllegalTransition, TicketNotFound, UsageError
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, Tenant, World
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "tenancy.sql")
ESCAPES = [name for name in SQL if name.startswith("escape_")]


@pytest.mark.requirement("TEN-002")
@pytest.mark.parametrize("search", ["search_tickets", "search_tickets_by_path"])
def test_a_search_finds_its_own_tenants_tickets(
    app: Application, neighbour: Application, expect: Expectation, search: str
) -> None:
    """Also by the functions that search with more rights than their caller has."""
    mine, theirs = app.create(custom_data="{}"), neighbour.create(custom_data="{}")

    found = {row.ticket_id for row in app.run(SQL[search])}
    expect.equal((mine in found, theirs in found), (True, False))


@pytest.mark.requirement("TEN-003")
def test_a_tenant_writes_no_system_defined_type(app: Application, expect: Expectation) -> None:
    """It neither adds one nor changes one that is there."""
    with app.trial(), expect.refused("42501"):
        app.change(SQL["add_system_type"])
    with app.trial():
        expect.equal(app.change(SQL["change_system_types"]), 0, "system-defined types changed:")


@pytest.mark.requirement("TEN-005")
def test_the_applications_role_is_bound_by_row_security(maintainer: Actor, expect: Expectation) -> None:
    """It is no superuser, may not bypass row security, owns nothing here, and is no maintainer."""
    [role] = maintainer.run(SQL["find_role"])

    expect.equal([name for name, value in role._asdict().items() if value], [])


@pytest.mark.requirement("TEN-006")
def test_one_client_serves_tenant_after_tenant(
    client: SubjectSession, north: Tenant, south: Tenant, app: Application, neighbour: Application, expect: Expectation
) -> None:
    """As a pool's connection does: nothing of one tenant's is there in the next one's name."""
    mine, theirs = app.create(), neighbour.create()
    client.transition(north.id, mine, "start")

    with expect.refused(TicketNotFound):
        client.transition(south.id, mine, "complete")
    expect.equal(client.transition(south.id, theirs, "start").to_state, "in_progress")


@pytest.mark.requirement("TEN-006")
def test_the_tenant_ends_with_the_transaction(
    client: SubjectSession, north: Tenant, south: Tenant, app: Application, expect: Expectation
) -> None:
    """
    After an operation the client is in no tenant, whether the operation succeeded or was refused.

    By its answers to another tenant; where its connection is in sight, by that as well.
    """
    ticket_id = app.create()
    client.transition(north.id, ticket_id, "start")
    expect_no_tenant(client, expect, "tickets without a tenant:")
    with expect.refused(IllegalTransition):
        client.transition(north.id, ticket_id, "pickup")
    expect_no_tenant(client, expect, "after a refusal:")
    expect.equal(client.history(south.id, ticket_id), [])


def expect_no_tenant(client: SubjectSession, expect: Expectation, what: str) -> None:
    """Nothing is left of the tenant on a connection that can be looked into."""
    connection = client.connection
    if connection is None:
        return
    [setting] = connection.execute(SQL["read_setting"].sql).fetchone() or ("no row",)
    expect.equal(setting, None)
    expect.equal(connection.execute(SQL["count_visible"].sql).fetchone(), (0,), what)
    connection.rollback()


@pytest.mark.requirement("TEN-007")
def test_one_transaction_serves_one_tenant(app: Application, neighbour: Application, expect: Expectation) -> None:
    """An operation for one tenant within another's transaction is refused."""
    theirs = neighbour.create()

    with expect.refused("42501"), app.transaction():
        app.change(SQL["transition_for"], other=neighbour.tenant_id, ticket_id=theirs)


@pytest.mark.requirement("TEN-008")
def test_another_tenants_ticket_is_as_if_it_were_not(
    client: SubjectSession, north: Tenant, neighbour: Application, expect: Expectation
) -> None:
    """Every operation answers word for word as for a ticket that does not exist: nobody learns that it does."""
    # A number that the tenant's own has in it could not be told from it in what is said.
    foreign = next(ticket_id for ticket_id in iter(neighbour.create, None) if str(ticket_id) not in str(north.id))
    missing = 2**40
    answers = []
    for ticket_id in (foreign, missing):
        with expect.refused(TicketNotFound) as refusal:
            client.transition(north.id, ticket_id, "start")
        [outcome] = client.transition_many(north.id, [ticket_id], "start")
        history = client.history(north.id, ticket_id)
        answers.append((refusal.text.replace(str(ticket_id), "…"), outcome.outcome, outcome.from_state, history))

    expect.equal(answers[0], answers[1])
    expect.equal(neighbour.ticket(foreign).current_state, "received")


@pytest.mark.requirement("TEN-008")
@pytest.mark.parametrize("name", ["queue_id", "type_definition_id", "customer_id", "employee_id"])
def test_a_ticket_refers_to_nothing_of_another_tenant(
    client: SubjectSession, north: Tenant, south: Tenant, expect: Expectation, name: str
) -> None:
    """Another tenant's queue, type, customer or employee is refused in the words for one that does not exist."""
    own: dict[str, Any] = {"queue_id": north.queue_id, "type_definition_id": north.type_id}
    foreign, missing = vars(south)[name.replace("_definition", "")], 2**30
    refusals = []
    for given in (foreign, missing):
        with expect.refused(UsageError) as refusal:
            client.create_ticket(north.id, **{**own, name: given})
        refusals.append(re.sub(rf"\b({foreign}|{missing})\b", "…", refusal.text))

    expect.equal(refusals[0], refusals[1])


@pytest.mark.requirement("TEN-008")
def test_another_tenants_queue_holds_nothing_to_claim(
    client: SubjectSession, north: Tenant, south: Tenant, neighbour: Application, expect: Expectation
) -> None:
    """Like one that does not exist, though a ticket waits there."""
    neighbour.create()

    for queue_id in (south.queue_id, 2**30):
        expect.equal(client.claim_next(north.id, queue_id, "received", north.employee_id), None)


@pytest.mark.requirement("TEN-008")
def test_another_tenants_operation_id_is_free(
    client: SubjectSession, north: Tenant, south: Tenant, expect: Expectation
) -> None:
    """That another tenant has used it is not to be learnt by using it."""
    operation_id = uuid4()
    client.create_ticket(south.id, south.queue_id, south.type_id, operation_id=operation_id)

    created = client.create_ticket(north.id, north.queue_id, north.type_id, operation_id=operation_id)
    expect.holds(not created.replayed, "another tenant's answer", "a ticket of its own")


@pytest.mark.requirement("TEN-009")
def test_a_tickets_tenant_is_the_transactions(app: Application, north: Tenant, expect: Expectation) -> None:
    """An INSERT in the document's own shape, without a tenant, works with the transaction's tenant."""
    given = {"queue_id": north.queue_id, "type_id": north.type_id}

    expect.equal(app.value(SQL["insert_ticket_without_tenant"], **given), north.id)


@pytest.mark.requirement("TEN-009")
@pytest.mark.requires("derived_tenant")
def test_a_tickets_tenant_follows_from_its_queue_in_no_tenant(
    maintainer: Actor, north: Tenant, expect: Expectation
) -> None:
    """It works for who is in no tenant, too."""
    given = {"queue_id": north.queue_id, "type_id": north.type_id}

    with maintainer.trial():
        expect.equal(maintainer.value(SQL["insert_ticket_without_tenant"], **given), north.id)


@pytest.mark.requirement("TEN-009")
@pytest.mark.requires("derived_tenant")
def test_an_items_tenant_follows_from_its_ticket(
    app: Application, maintainer: Actor, north: Tenant, expect: Expectation
) -> None:
    """The same for the components of a ticket."""
    ticket_id = app.create()

    with maintainer.trial():
        expect.equal(maintainer.value(SQL["add_item"], ticket_id=ticket_id), north.id)


@pytest.mark.requirement("TEN-010")
def test_a_system_defined_type_serves_every_tenant(
    app: Application, neighbour: Application, expect: Expectation
) -> None:
    """Tickets of both tenants may be of it."""
    found = app.run(SQL["find_system_type"])
    if not found:
        pytest.skip("the database has no system-defined type")

    for application in (app, neighbour):
        ticket_id = application.create(type_definition_id=found[0].id)
        expect.equal(application.ticket(ticket_id).type_definition_id, found[0].id)


@pytest.mark.requirement("TEN-011")
@pytest.mark.parametrize("escape", ESCAPES)
def test_the_application_does_not_rise_above_its_tenant(app: Application, expect: Expectation, escape: str) -> None:
    """It can neither run what is the owner's nor loosen a policy."""
    with app.trial(), expect.refused("42501"):
        app.change(SQL[escape])


@pytest.mark.requirement("TEN-012")
def test_no_function_can_be_turned_against_its_owner(maintainer: Actor, expect: Expectation) -> None:
    """What runs with its owner's rights pins its search_path, and is not for everybody to run."""
    expect.equal([row.function for row in maintainer.run(SQL["list_open_functions"])], [])


@pytest.mark.requirement("TEN-012")
def test_no_view_shows_its_owners_rows(maintainer: Actor, expect: Expectation) -> None:
    """A view is its invoker's, so that row security judges who asks."""
    expect.equal([row.relname for row in maintainer.run(SQL["list_open_views"])], [])


@pytest.mark.requirement("TEN-013")
def test_a_scope_is_one_transaction(world: World, north: Tenant, app: Application, expect: Expectation) -> None:
    """The library's tenant scope shows the tenant's tickets within, and none after it, even if it failed."""
    ticket_id = app.create()
    with world.application(north) as another:
        connection = another.connection
        with tenant_scope(connection, north.id):
            found = connection.execute(SQL["find_ticket_by_id"].sql, {"ticket_id": ticket_id}).fetchone()
        expect.equal(found, (ticket_id,))
        with pytest.raises(ZeroDivisionError), tenant_scope(connection, north.id):
            raise ZeroDivisionError
        expect.equal(connection.execute(SQL["count_visible"].sql).fetchone(), (0,), "tickets after it:")
