"""Integrity: what is deleted takes along what has no meaning without it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.expectation import KEPT

if TYPE_CHECKING:
    from conformance.conftest import Audit
    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, World

SQL = content.beside(__file__, "integrity.sql")
BREACHES = [name for name in SQL if name.startswith("break_")]
RULES = (
    "history-starts-at-initial-state",
    "history-is-gapless",
    "history-is-a-path",
    "transition-is-legal",
    "ticket-agrees-with-history",
    "ticket-state-is-in-machine",
    "ticket-closes-in-terminal-state",
)

DOCUMENT = """
    account.id tenant.id tenant.account_id queue.id queue.tenant_id
    typedefinition.id typedefinition.extid typedefinition.tenant_id typedefinition.type_code typedefinition.type_name
    typedefinition.custom_fields_schema typedefinition.fsm_schema typedefinition.is_system_defined
    ticket.id ticket.extid ticket.queue_id ticket.type_definition_id ticket.current_state ticket.customer_id
    ticket.employee_id ticket.custom_data ticket.estimated_wait_minutes ticket.ttl_minutes ticket.created_at
    ticketitem.id ticketitem.ticket_id customer.uid employee.id ticketstatehistory.ticket_id
"""


@pytest.mark.requirement("INT-001")
def test_the_documents_names_are_there(maintainer: Actor, expect: Expectation) -> None:
    """Statements that were written for the document run against the schema."""
    missing = maintainer.run(SQL["list_columns"], names=DOCUMENT.split())

    expect.equal([row.name for row in missing], [])


@pytest.mark.requirement("INT-002")
def test_items_go_with_their_ticket(world: World, owner: Actor, expect: Expectation) -> None:
    """A component has no meaning without its ticket."""
    with world.application(world.open_tenant("Cascade")) as application:
        ticket_id = application.create("cancel")
        application.change(SQL["add_item"], ticket_id=ticket_id)

        expect.equal(owner.value(SQL["purge"], tenant_id=application.tenant_id), 1)
        expect.equal(application.value(SQL["count_items"], ticket_id=ticket_id), 0)


@pytest.mark.requirement("INT-003")
def test_people_leave_their_tickets_behind(app: Application, expect: Expectation) -> None:
    """A deleted customer or employee is unset in the ticket, which stays its tenant's and keeps its history."""
    customer_id, employee_id = app.value(SQL["add_customer"]), app.value(SQL["add_employee"])
    ticket_id = app.create("start", customer_id=customer_id, employee_id=employee_id)

    app.change(SQL["delete_customer"], customer_id=customer_id)
    app.change(SQL["delete_employee"], employee_id=employee_id)
    ticket = app.ticket(ticket_id)
    expect.equal((ticket.tenant_id, ticket.customer_id, ticket.employee_id), (app.tenant.id, None, None))
    expect.equal((ticket.current_state, len(app.history(ticket_id))), ("in_progress", 2))


@pytest.mark.requirement("INT-004")
@pytest.mark.parametrize("deletion", [name for name in SQL if name.startswith("delete_used_")])
def test_what_is_in_use_is_not_deleted(
    world: World, app: Application, maintainer: Actor, expect: Expectation, deletion: str
) -> None:
    """Queue, type, tenant and account stay while something refers to them, whoever deletes."""
    app.create()
    given = {
        "queue_id": app.tenant.queue_id,
        "type_id": app.tenant.type_id,
        "tenant_id": app.tenant.id,
        "account_id": world.account_id,
    }

    with maintainer.trial(), expect.refused(KEPT):
        maintainer.change(SQL[deletion], **given)
        maintainer.settle()


@pytest.mark.requirement("INT-004")
def test_an_account_is_not_deleted_with_its_tenants(maintainer: Actor, expect: Expectation) -> None:
    """Not even where they own nothing yet."""
    with maintainer.trial():
        account_id = maintainer.value(SQL["add_account"])
        maintainer.change(SQL["add_tenant"], account_id=account_id)
        with expect.refused(KEPT):
            maintainer.change(SQL["delete_used_account"], account_id=account_id)


@pytest.mark.requirement("INT-005")
def test_off_boarding_takes_all_that_a_tenant_owns_and_nothing_else(
    world: World, owner: Actor, maintainer: Actor, neighbour: Application, expect: Expectation
) -> None:
    """No row of it is left in any table; the neighbour's rows and the account are as they were."""
    elsewhere = neighbour.create("start", customer_id=neighbour.tenant.customer_id)
    neighbour.change(SQL["add_item"], ticket_id=elsewhere)
    owned = maintainer.value(SQL["count_remains"], gone=neighbour.tenant_id)
    tenant = world.open_tenant("Leaving")
    with world.application(tenant) as leaving:
        for path in ([], ["start"], ["cancel"]):
            ticket_id = leaving.create(*path, customer_id=tenant.customer_id, employee_id=tenant.employee_id)
            leaving.change(SQL["add_item"], ticket_id=ticket_id)
        leaving.publish(tenant.type_id, fields={})

    expect.equal(owner.value(SQL["off_board"], gone=tenant.id), 3)
    expect.equal(maintainer.value(SQL["count_remains"], gone=tenant.id), 0)
    expect.equal((neighbour.ticket(elsewhere).current_state, len(neighbour.history(elsewhere))), ("in_progress", 2))
    expect.equal(maintainer.value(SQL["count_remains"], gone=neighbour.tenant_id), owned, "the neighbour's rows:")
    expect.equal(maintainer.value(SQL["count_account"], account_id=world.account_id), 1)


@pytest.mark.requirement("INT-005")
def test_off_boarding_nobody_is_an_error(owner: Actor, expect: Expectation) -> None:
    """A slip of the pen is not taken for work done."""
    with expect.refused("P0002"):
        owner.run(SQL["off_board"], gone=2_000_000_000)


@pytest.mark.requirement("INT-006")
@pytest.mark.parametrize("breach", BREACHES)
def test_values_that_make_no_sense_are_refused(app: Application, expect: Expectation, breach: str) -> None:
    """Each by a CHECK whose name is the rule."""
    given = {"ticket_id": app.create(), "queue_id": app.tenant.queue_id}

    with expect.refused("23514", breach.removeprefix("break_")):
        app.change(SQL[breach], **given)


@pytest.mark.requirement("INT-007")
@pytest.mark.parametrize("rule", RULES)
def test_the_audit_finds_what_nothing_enforced(audit: Audit, expect: Expectation, rule: str) -> None:
    """A ticket that breaks a rule, written with the triggers off, is named with the rule."""
    named = {row.rule for row in audit.violations if row.ticket_id == audit.corrupted[rule]}

    expect.holds(rule in named, f"{sorted(named)}", f"{rule} among the violations")


@pytest.mark.requirement("INT-007")
def test_the_audit_finds_nothing_in_what_was_done_by_the_rules(audit: Audit, expect: Expectation) -> None:
    """Whatever else the suite has done in its tenants so far has left every rule intact."""
    corrupted = set(audit.corrupted.values())
    others = [row for row in audit.violations if row.tenant_id is not None and row.ticket_id not in corrupted]

    expect.equal([(row.rule, row.detail) for row in others], [])
