"""The schema in its spread layout does what it does in one database, as far as one server can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.core.conftest import SQL as SHOP
from tests.core.conftest import Shop, one, open_shop
from tests.distribution.conftest import STAND_IN
from virtualq_core import content
from virtualq_core.database import clone, guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.distribution import NoCitus
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import install
from virtualq_core.database.layout import Layout
from virtualq_core.errors import EnvironmentFault, IllegalTransition, OrphanedState, UsageError
from virtualq_core.refusal import translate
from virtualq_core.seeding import SeedPlan, seed
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE, tenant_scope
from virtualq_core.tickets import Tickets
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server

SQL = content.beside(__file__, "overlay.sql")
TWO_STEPS: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "finish", "from": "doing", "to": "done"},
    ],
}
WITHOUT_DOING: dict[str, Any] = {"init": "asked", "transitions": [{"name": "finish", "from": "asked", "to": "done"}]}


@dataclass(frozen=True)
class Place:
    """A shop of its own, and the application at work in it."""

    shop: Shop
    connection: Connection[TupleRow]

    @property
    def tickets(self) -> Tickets:
        """The shop's tickets."""
        return Tickets(self.connection, self.shop.tenant_id)

    @property
    def types(self) -> Types:
        """The shop's types."""
        return Types(self.connection, self.shop.tenant_id)


@pytest.fixture
def place(spread: Database) -> Iterator[Place]:
    """A new tenant, and a connection of the application."""
    with spread.connect(role=MAINTAINER_ROLE) as connection:
        shop = open_shop(connection, one(connection, "add_account"), "North")
    with spread.connect(role=APPLICATION_ROLE) as connection:
        yield Place(shop, connection)


def test_tables_are_copied_or_spread_by_tenant_side_by_side(spread: Database) -> None:
    """The marker names the layout; what every node needs is on every node, and a tenant's rows are on one."""
    with spread.connect() as connection:
        tables = connection.execute(STAND_IN["list_tables"].sql).fetchall()

    found = guard.find(spread).installation
    assert found is not None
    assert found.layout == "distributed"
    assert {name for name, method, _, _ in tables if method == "n"} == {
        "account", "tenant", "typedefinition", "typedefinitionrevision"
    }  # fmt: skip
    assert {row[1:] for row in tables if row[1] == "h"} == {("h", "tenant_id", 1)}
    assert len(tables) == 10


def test_every_operation_of_the_application_is_handed_to_the_tenants_node(spread: Database) -> None:
    """By its first argument; what concerns types, and what only the owner may do, stays with the coordinator."""
    with spread.connect() as connection:
        handed: dict[str, str | None] = dict(connection.execute(STAND_IN["list_delegations"].sql).fetchall())

    assert {name for name, argument in handed.items() if argument == "tenant_id"} == {
        "claim_next_ticket", "create_ticket", "expire_tickets", "refresh_waits", "search_tickets",
        "search_tickets_by_path", "transition_ticket", "transition_tickets",
    }  # fmt: skip
    assert not {"publish_type", "define_type", "off_board_tenant", "find_violations"} & set(handed)


def test_tickets_are_created_moved_and_claimed(place: Place) -> None:
    """Outside a transaction block and within one: the tenant is set by each."""
    shop = place.shop
    created = place.tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web"})
    with tenant_scope(place.connection, shop.tenant_id):
        moved = place.tickets.transition(created.id, "start", expected_state="received")

    assert (moved.from_state, moved.to_state, moved.seq) == ("received", "in_progress", 2)
    with pytest.raises(IllegalTransition, match="allows"):
        place.tickets.transition(created.id, "pickup")


def test_a_tenant_that_an_operation_sets_holds_to_the_end_of_its_transaction(place: Place) -> None:
    """As `set local` has it: the transaction's next statement is in the tenant too, the next transaction is not."""
    shop = place.shop
    ticket = place.tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web"})

    with place.connection.transaction():
        place.connection.execute(SQL["start"].sql, {"tenant_id": shop.tenant_id, "ticket_id": ticket.id})
        within = place.connection.execute(SHOP["count_visible_tickets"].sql).fetchone()
    after = place.connection.execute(SHOP["count_visible_tickets"].sql).fetchone()

    assert (within, after) == ((1,), (0,))


def test_a_person_who_is_deleted_leaves_the_tickets(place: Place) -> None:
    """A trigger does what the foreign key did."""
    shop = place.shop
    ticket = place.tickets.create(
        shop.queue_id,
        shop.order_type,
        custom_data={"channel": "web"},
        customer_id=shop.customer_id,
        employee_id=shop.employee_id,
    )
    with tenant_scope(place.connection, shop.tenant_id) as connection:
        connection.execute(SQL["delete_customer"].sql, {"tenant_id": shop.tenant_id, "id": shop.customer_id})
        connection.execute(SQL["delete_employee"].sql, {"tenant_id": shop.tenant_id, "id": shop.employee_id})
        left = connection.execute(SQL["find_people"].sql, {"tenant_id": shop.tenant_id, "id": ticket.id}).fetchone()

    assert left == (None, None)


def test_types_are_defined_and_published_through_functions_alone(place: Place) -> None:
    """The revision is kept, tickets are moved or the publication refused; plain SQL would do neither."""
    errand = place.types.define("errand", "Errand", TWO_STEPS)
    ticket = place.tickets.create(place.shop.queue_id, errand.id)
    place.tickets.transition(ticket.id, "take")

    with pytest.raises(OrphanedState, match="1 in 'doing'"):
        place.types.publish(errand.id, fsm_schema=WITHOUT_DOING)
    published = place.types.publish(errand.id, fsm_schema=WITHOUT_DOING, state_mapping={"doing": "asked"})

    assert (errand.revision, published.revision) == (1, 2)
    assert [step.to_state for step in place.tickets.history(ticket.id)] == ["asked", "doing", "asked"]
    with tenant_scope(place.connection, place.shop.tenant_id) as connection:
        revisions = connection.execute(SHOP["list_revisions"].sql, {"id": errand.id}).fetchall()
    assert revisions == [(1,), (2,)]
    with (
        tenant_scope(place.connection, place.shop.tenant_id) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        connection.transaction(),
    ):
        connection.execute(SHOP["insert_bad_type"].sql, {"tenant_id": place.shop.tenant_id})


def test_nobody_publishes_a_type_of_another_tenant_or_without_one(place: Place, spread: Database) -> None:
    """The function has the maintainer's rights, and asks who calls it."""
    errand = place.types.define("errand", "Errand", TWO_STEPS)
    with spread.connect(role=MAINTAINER_ROLE) as connection:
        other = open_shop(connection, one(connection, "add_account"), "South")
    given = {"id": errand.id, "fsm_schema": None, "custom_fields_schema": None, "state_mapping": None}

    with pytest.raises(UsageError, match="owns no ticket type"):
        Types(place.connection, other.tenant_id).publish(errand.id, fsm_schema=WITHOUT_DOING)
    with pytest.raises(UsageError, match="owns no ticket type"):
        place.types.publish(place.shop.order_type, fsm_schema=WITHOUT_DOING)
    assert place.connection.execute(SHOP["publish_type"].sql, given).fetchone() == (None,)


def test_purging_and_off_boarding_reach_the_history(place: Place, spread: Database) -> None:
    """What opens it for them is set by `set local`."""
    shop = place.shop
    ticket = place.tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web"})
    place.tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web"})
    place.tickets.transition(ticket.id, "cancel")

    with spread.connect() as connection:
        purged = connection.execute(SQL["purge"].sql, {"tenant_id": shop.tenant_id}).fetchone()
        deleted = connection.execute(SQL["off_board"].sql, {"tenant_id": shop.tenant_id}).fetchone()
        violations = connection.execute(SHOP["find_violations"].sql).fetchall()

    assert (purged, deleted, violations) == ((1,), (1,), [])


def test_a_ticket_without_a_tenant_is_refused(place: Place, spread: Database) -> None:
    """No node can ask the others whose queue it is."""
    given = {"queue_id": place.shop.queue_id, "type_id": place.shop.order_type, "state": "received"}
    with spread.connect(role=MAINTAINER_ROLE) as connection, pytest.raises(psycopg.errors.NotNullViolation) as error:
        connection.execute(SHOP["insert_ticket"].sql, given)

    assert "tenant-missing" in str(error.value)


def test_a_seeded_database_goes_on_after_its_rows(pretended: Database) -> None:
    """Loaded with its keys in place; the next ticket has the next id, and nothing breaks a rule."""
    install(pretended, layout=Layout.DISTRIBUTED)

    dataset = seed(pretended, SeedPlan(400, 3, seed=7))

    with pretended.connect() as connection:
        violations = connection.execute(SHOP["find_violations"].sql).fetchall()
        unkept = connection.execute(SQL["list_types_without_revision"].sql).fetchall()
        largest, queue, type_id, ticket_id = connection.execute(SQL["find_busiest"].sql).fetchone() or (0, 0, 0, 0)
    with pretended.connect(role=APPLICATION_ROLE) as connection:
        created = Tickets(connection, largest).create(queue, type_id, custom_data={"channel": "web"})
    assert (violations, unkept) == ([], [])
    assert created.id == ticket_id + 1
    assert dataset.tickets == 400


def test_a_server_without_citus_is_refused_with_what_to_do(node: Server) -> None:
    """Before anything is changed."""
    with fresh_database(node) as database:
        with pytest.raises(NoCitus, match=r"observed a server without the extension citus; expected .*13\.1 or newer"):
            install(database, layout=Layout.DISTRIBUTED)

        assert guard.examine(database) is Standing.EMPTY


def test_a_citus_that_loses_rights_on_columns_is_refused(pretended: Database) -> None:
    """The application would be left without rights on the nodes."""
    with pretended.connect() as connection:
        connection.execute(SQL["grow_older"].sql)

    with pytest.raises(NoCitus, match=r"observed Citus 12\.1\.6.*\n.*alter extension citus update"):
        install(pretended, layout=Layout.DISTRIBUTED)


def test_no_database_is_made_or_copied_beside_one_of_a_cluster(pretended: Database) -> None:
    """Its other nodes would not have it; the given one itself is used."""
    from virtualq_core.database import remote  # noqa: PLC0415 -- only here

    coordinator = remote.server(pretended.dsn)

    with fresh_database(coordinator) as used:
        assert used.name == pretended.name
    with pytest.raises(EnvironmentFault, match="its database is spread over nodes"):
        clone.require_copies(coordinator)
    with (
        pytest.raises(EnvironmentFault, match="cannot be copied on this server: its database is spread"),
        fresh_database(coordinator, template=pretended.name),
    ):
        pass


def test_a_key_that_is_violated_in_one_part_is_known_by_its_name(place: Place) -> None:
    """A part's keys bear its number, which is no part of the name that an error is known by."""
    with pytest.raises(psycopg.Error) as error:
        place.connection.execute(SQL["raise_as_a_part_would"].sql)

    assert error.value.diag.constraint_name == "ticket_custom_data_is_object_102041"
    assert type(translate(error.value)).__name__ == "InvalidFields"
