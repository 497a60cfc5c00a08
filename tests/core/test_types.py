"""Types as data: defined, published, kept, and never pulled out from under their tickets."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.core.conftest import SQL, Shop
from virtualq_core.errors import InvalidFields, InvalidMachine, OrphanedState, StaleType, UsageError
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE, enter_statement, tenant_scope
from virtualq_core.tickets import Tickets
from virtualq_core.types import TypeDefinition, Types

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.database.server import Database

pytestmark = pytest.mark.server

TWO_STEPS: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "finish", "from": "doing", "to": "done"},
    ],
}
WITHOUT_DOING: dict[str, Any] = {"init": "asked", "transitions": [{"name": "finish", "from": "asked", "to": "done"}]}


@pytest.fixture
def types(application: Connection[TupleRow], shop: Shop) -> Types:
    """The first tenant's types."""
    return Types(application, shop.tenant_id)


@pytest.fixture
def errand(types: Types) -> TypeDefinition:
    """A type of the tenant's own."""
    return types.define("errand", "Errand", TWO_STEPS, {"type": "object", "required": ["to"]})


def test_the_system_types_are_there(types: Types) -> None:
    """Every file of schema/types is a system-defined type of a fresh database."""
    assert {each.type_code for each in types.all()} == {"appointment", "order", "support", "walk_in"}


def test_the_compiled_machine_is_the_librarys(types: Types, owner: Connection[TupleRow]) -> None:
    """The database and the library compile every shipped machine to the same map."""
    compiled: dict[str, dict[str, dict[str, str]]] = dict(owner.execute(SQL["list_compiled_machines"].sql).fetchall())

    assert compiled == {each.type_code: each.machine.compile() for each in types.all()}


def test_a_type_is_its_tenants(
    application: Connection[TupleRow], errand: TypeDefinition, shops: tuple[Shop, Shop]
) -> None:
    """Another tenant neither sees a tenant's type nor can create a ticket of it."""
    south = shops[1]

    with pytest.raises(UsageError):
        Types(application, south.tenant_id).get(errand.id)
    with pytest.raises(psycopg.errors.ForeignKeyViolation), tenant_scope(application, south.tenant_id):
        application.execute(
            SQL["insert_ticket"].sql, {"queue_id": south.queue_id, "type_id": errand.id, "state": "asked"}
        )


def test_a_ticket_starts_in_its_machines_initial_state(
    application: Connection[TupleRow], errand: TypeDefinition, shop: Shop
) -> None:
    """An INSERT in the document's own shape works in the initial state and in no other."""
    parameters = {"queue_id": shop.queue_id, "type_id": errand.id}
    with tenant_scope(application, shop.tenant_id):
        application.execute(SQL["insert_ticket"].sql, {**parameters, "state": "asked"})

    with pytest.raises(psycopg.errors.CheckViolation) as refused, tenant_scope(application, shop.tenant_id):
        application.execute(SQL["insert_ticket"].sql, {**parameters, "state": "done"})
    assert refused.value.diag.constraint_name == "ticket_starts_in_initial_state"


def test_an_unsound_machine_is_refused_by_the_database_too(application: Connection[TupleRow], shop: Shop) -> None:
    """A machine with a foot-gun is refused whoever writes it, with the path and the rule."""
    machine = {"init": "a", "transitions": [{"name": "go", "from": [], "to": "b"}]}
    with pytest.raises(InvalidMachine, match=r"transitions\[0\]\.from"):
        Types(application, shop.tenant_id).define("bad", "Bad", machine)

    with (
        pytest.raises(psycopg.errors.CheckViolation, match=r"transitions\[0\]\.from") as refused,
        tenant_scope(application, shop.tenant_id),
    ):
        application.execute(SQL["insert_bad_type"].sql, {"tenant_id": shop.tenant_id})
    assert refused.value.diag.constraint_name == "machine_is_valid"


def test_a_remote_reference_is_refused(types: Types) -> None:
    """A schema that would have to be fetched is refused when it is written."""
    with pytest.raises(InvalidFields):
        types.define("far", "Far", TWO_STEPS, {"$ref": "https://example.test/schema.json"})


def test_a_publication_that_strands_tickets_is_refused(
    types: Types, tickets: Tickets, errand: TypeDefinition, shop: Shop
) -> None:
    """A machine without the state that tickets are in is refused, with a count per state; nothing has changed."""
    for _ in range(3):
        created = tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
        tickets.transition(created.id, "take")

    with pytest.raises(OrphanedState, match="3 in 'doing'"):
        types.publish(errand.id, fsm_schema=WITHOUT_DOING)
    assert types.get(errand.id).revision == 1


def test_a_mapping_moves_the_tickets(
    types: Types, tickets: Tickets, errand: TypeDefinition, shop: Shop, owner: Connection[TupleRow]
) -> None:
    """With a mapping the tickets move in the same transaction, and their history names the revision that moved them."""
    created = tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
    tickets.transition(created.id, "take")

    published = types.publish(errand.id, fsm_schema=WITHOUT_DOING, state_mapping={"doing": "asked"})
    last = tickets.history(created.id)[-1]
    assert published.revision == 2
    assert (last.from_state, last.to_state, last.revision) == ("doing", "asked", 2)
    assert last.metadata == {"moved_by_revision": 2}
    assert tickets.transition(created.id, "finish").to_state == "done"
    assert owner.execute(SQL["find_violations"].sql).fetchall() == []


@pytest.mark.parametrize("mapping", [{"doing": "nowhere"}, {"asked": "done"}, {"unheard": "done"}, {"doing": None}])
def test_a_mapping_must_lead_from_a_lost_state_to_a_kept_one(
    types: Types, errand: TypeDefinition, mapping: dict[str, Any]
) -> None:
    """A mapping names states that the new machine lacks, and sends them to states that it has."""
    with pytest.raises(InvalidMachine, match="state_mapping"):
        types.publish(errand.id, fsm_schema=WITHOUT_DOING, state_mapping=mapping)


def test_a_new_schema_binds_the_next_ticket(
    application: Connection[TupleRow], tickets: Tickets, errand: TypeDefinition, shop: Shop
) -> None:
    """A library that had cached the old schema learns of the new one from the database, and validates again."""
    tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
    Types(application, shop.tenant_id).publish(errand.id, custom_fields_schema={"type": "object", "required": ["from"]})

    with pytest.raises(InvalidFields, match="from"):
        tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
    tickets.create(shop.queue_id, errand.id, custom_data={"from": "bank"})


def test_within_a_transaction_a_new_schema_is_an_error(
    database: Database, application: Connection[TupleRow], errand: TypeDefinition, shop: Shop
) -> None:
    """A caller's own transaction, which the refusal has ended, is not retried behind its back."""
    with database.connect(role=APPLICATION_ROLE) as connection:
        tickets = Tickets(connection, shop.tenant_id)
        tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
        Types(application, shop.tenant_id).publish(errand.id, custom_fields_schema={"type": "object"})

        with pytest.raises(StaleType), connection.transaction():
            tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
        tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})


def test_every_revision_is_kept(types: Types, errand: TypeDefinition, owner: Connection[TupleRow]) -> None:
    """Each publication is a revision that nobody, the owner included, changes or deletes."""
    types.publish(errand.id, fsm_schema=WITHOUT_DOING)

    owner.execute("set role virtualq_maintainer")
    revisions = owner.execute(SQL["list_revisions"].sql, {"id": errand.id}).fetchall()
    assert [revision for (revision,) in revisions] == [1, 2]
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        owner.execute(SQL["forget_revisions"].sql)


def test_a_publication_waits_for_transitions_under_way(
    database: Database, tickets: Tickets, errand: TypeDefinition, shop: Shop, owner: Connection[TupleRow]
) -> None:
    """A transition that has read the old machine commits first; the publication then sees its ticket."""
    created = tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
    outcome: list[str] = []

    def publish() -> None:
        with database.connect(role=APPLICATION_ROLE, application_name="publisher") as connection:
            try:
                Types(connection, shop.tenant_id).publish(errand.id, fsm_schema=WITHOUT_DOING)
            except OrphanedState as error:
                outcome.append(error.what)

    with database.connect(role=APPLICATION_ROLE, autocommit=False) as connection:
        connection.execute(enter_statement(shop.tenant_id))
        Tickets(connection, shop.tenant_id).transition(created.id, "take")
        publisher = Thread(target=publish)
        publisher.start()
        _await_blocked(owner, "publisher")
        connection.commit()
    publisher.join(timeout=60)
    assert outcome
    assert "1 in 'doing'" in outcome[0]


def test_a_frozen_snapshot_never_judges_by_a_replaced_machine(
    database: Database, tickets: Tickets, types: Types, errand: TypeDefinition, shop: Shop
) -> None:
    """A REPEATABLE READ transaction that began before a publication is refused instead of using the old machine."""
    created = tickets.create(shop.queue_id, errand.id, custom_data={"to": "bank"})
    with database.connect(role=APPLICATION_ROLE, autocommit=False) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(enter_statement(shop.tenant_id))
        connection.execute(SQL["count_visible_tickets"].sql)
        types.publish(errand.id, fsm_schema=WITHOUT_DOING)

        with pytest.raises(psycopg.errors.SerializationFailure):
            Tickets(connection, shop.tenant_id).transition(created.id, "take")


def _await_blocked(owner: Connection[TupleRow], application_name: str) -> None:
    """Poll until the named session waits for a lock, for ten seconds at most."""
    pause = Event()
    for _ in range(1000):
        row = owner.execute(SQL["is_blocked"].sql, {"application_name": application_name}).fetchone()
        if row is not None and row[0]:
            return
        pause.wait(0.01)
    pytest.fail(f"the session {application_name} never waited for a lock")


def test_the_maintainer_publishes_system_types(database: Database, shop: Shop, tickets: Tickets) -> None:
    """A system-defined type is published by the maintainer, with every tenant's tickets in sight, and by no tenant."""
    created = tickets.create(shop.queue_id, shop.order_type)
    with database.connect(role=APPLICATION_ROLE) as connection, pytest.raises(UsageError, match="owns no"):
        Types(connection, shop.tenant_id).publish(shop.order_type, fsm_schema=TWO_STEPS)

    with database.connect(role=MAINTAINER_ROLE) as connection:
        parameters = {
            "id": shop.order_type,
            "fsm_schema": psycopg.types.json.Jsonb(TWO_STEPS),
            "custom_fields_schema": None,
            "state_mapping": None,
        }
        with pytest.raises(psycopg.errors.CheckViolation, match="1 in 'received'"):
            connection.execute(SQL["publish_type"].sql, parameters)
    assert tickets.history(created.id)[-1].to_state == "received"
