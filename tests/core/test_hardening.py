"""What an application must not learn or break, and sessions that meet in an order that was once wrong."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.tenancy import APPLICATION_ROLE, enter_statement, tenant_scope
from virtualq_core.tickets import Item, Tickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from tests.core.conftest import Shop
    from virtualq_core.database.server import Database

pytestmark = pytest.mark.server
SQL = content.beside(__file__, "hardening.sql")
GO = {"name": "go", "from": "a", "to": "b"}
END = {"name": "end", "from": "*", "to": "z"}
MACHINE = {"init": "a", "states": ["a", "b", "z"], "transitions": [GO, END]}
WITHOUT_B = {"init": "a", "states": ["a", "z"], "transitions": [END]}
WITHOUT_A = {"init": "b", "states": ["b", "z"], "transitions": [END]}
REOPENING = {**MACHINE, "transitions": [GO, END, {"name": "reopen", "from": "z", "to": "a"}]}
FROZEN = ["repeatable read", "serializable"]


class Session:
    """One connection whose statements may be left waiting."""

    def __init__(self, database: Database, *, role: str | None = APPLICATION_ROLE) -> None:
        self.connection = database.connect(role=role)
        self._watch = database.connect()
        self._pool = ThreadPoolExecutor(max_workers=1)

    def begin(self, shop: Shop, isolation: str = "read committed") -> Session:
        """Open a transaction of one tenant."""
        self.connection.execute(f"begin isolation level {isolation}".encode())
        self.connection.execute(enter_statement(shop.tenant_id))
        return self

    def rows(self, statement: str, **parameters: object) -> list[Any]:
        """Run a statement to its end."""
        return self.connection.execute(SQL[statement].sql, parameters).fetchall()

    def write(self, statement: str, **parameters: object) -> int:
        """Run a statement to its end; how many rows it wrote."""
        return self.connection.execute(SQL[statement].sql, parameters).rowcount

    def start(self, statement: str, **parameters: object) -> Future[list[Any]]:
        """Run a statement until it ends or waits for another session's lock."""
        future = self._pool.submit(self.rows, statement, **parameters)
        self.until_blocked(future)
        return future

    def submit(self, work: Any) -> Future[Any]:  # noqa: ANN401 (any callable)
        """Run a call until it ends or waits for another session's lock."""
        future = self._pool.submit(work)
        self.until_blocked(future)
        return future

    def until_blocked(self, future: Future[Any]) -> None:
        """Return when the call has ended or waits."""
        pause = Event()
        for _ in range(500):
            found = self._watch.execute(SQL["find_blocked"].sql, {"pid": self.connection.info.backend_pid}).fetchone()
            if future.done() or (found and found[0]):
                return
            pause.wait(0.01)
        raise AssertionError("the statement neither ended nor waited")

    def close(self) -> None:
        """End the session."""
        self.connection.close()
        self._watch.close()
        self._pool.shutdown()


@pytest.fixture
def sessions(database: Database) -> Iterator[list[Session]]:
    """Two of the application, then two of the owner."""
    opened = [Session(database, role=role) for role in (APPLICATION_ROLE, APPLICATION_ROLE, None, None)]
    yield opened
    for one in opened:
        one.close()


def define(session: Session, shop: Shop, machine: dict[str, Any] = MACHINE, code: str = "hard") -> int:
    """A type of the tenant's own."""
    with tenant_scope(session.connection, shop.tenant_id):
        [(found,)] = session.rows("define_type", tenant_id=shop.tenant_id, type_code=code, fsm_schema=Jsonb(machine))
    return int(found)


def creation(shop: Shop, type_id: int, operation_id: UUID | None = None, revision: int | None = None) -> dict[str, Any]:
    """What `create_ticket` takes."""
    return {
        "tenant_id": shop.tenant_id,
        "queue_id": shop.queue_id,
        "type_id": type_id,
        "operation_id": operation_id,
        "revision": revision,
    }


@pytest.mark.parametrize("inside", [True, False], ids=["in-another-tenant", "in-no-tenant"])
def test_a_refused_ticket_tells_nothing_of_another_tenant(
    application: Connection[TupleRow], shops: tuple[Shop, Shop], sessions: list[Session], *, inside: bool
) -> None:
    """Whether a tenant has a queue, type or operation, and how its machine starts, no error tells to the others."""
    mine, theirs = shops
    secret = define(sessions[0], theirs, code="secret")
    operation = uuid4()
    Tickets(sessions[0].connection, theirs.tenant_id).create(theirs.queue_id, secret, operation_id=operation)

    def refusal(queue: int, type_id: int, tenant: int | None, state: str | None, used: UUID | None) -> object:
        values = {"tenant_id": tenant, "queue_id": queue, "type_id": type_id, "state": state, "operation_id": used}
        with application.transaction(force_rollback=True):
            if inside:
                application.execute(enter_statement(mine.tenant_id))
            with pytest.raises(psycopg.Error) as refused:
                application.execute(SQL["insert_foreign_ticket"].sql, values)
        return refused.value.sqlstate, refused.value.diag.message_primary

    there, nobody = theirs.tenant_id, 10**6
    told = {
        refusal(theirs.queue_id, secret, there, "guess", None),
        refusal(theirs.queue_id, nobody, there, None, None),
        refusal(theirs.queue_id, secret, there, None, operation),
        refusal(theirs.queue_id, secret, nobody, None, None),
    }
    if not inside:
        told |= {refusal(queue, theirs.order_type, None, None, None) for queue in (theirs.queue_id, nobody)}
    assert told == {("42501", 'new row violates row-level security policy for table "ticket"')}
    if inside:
        assert refusal(theirs.queue_id, mine.order_type, None, None, None) == refusal(
            nobody, mine.order_type, None, None, None
        )


@pytest.mark.parametrize("isolation", FROZEN)
def test_no_publication_judges_by_a_frozen_snapshot(shop: Shop, sessions: list[Session], isolation: str) -> None:
    """A publication that concerns tickets, in a transaction that may not see them all, is refused."""
    publisher, mover, owner, _ = sessions
    type_id = define(mover, shop)
    tickets = Tickets(mover.connection, shop.tenant_id)
    ticket = tickets.create(shop.queue_id, type_id)
    publisher.begin(shop, isolation).rows("read_something")
    tickets.transition(ticket.id, "go")

    with pytest.raises(psycopg.errors.InvalidTransactionState, match="frozen-snapshot"):
        publisher.rows("publish_machine", id=type_id, fsm_schema=Jsonb(WITHOUT_B))
    publisher.connection.execute("commit")
    assert owner.rows("find_violations") == []


@pytest.mark.parametrize("isolation", FROZEN)
def test_no_ticket_starts_by_a_frozen_snapshot(shop: Shop, sessions: list[Session], isolation: str) -> None:
    """A creation whose snapshot shows a machine that has been replaced fails to serialize."""
    creator, publisher, _, _ = sessions
    type_id = define(publisher, shop)
    creator.begin(shop, isolation).rows("read_something")
    with tenant_scope(publisher.connection, shop.tenant_id):
        publisher.rows("publish_machine", id=type_id, fsm_schema=Jsonb(WITHOUT_A))

    with pytest.raises(psycopg.errors.SerializationFailure):
        creator.rows("create_ticket", **creation(shop, type_id))


def test_a_publication_and_a_creation_do_not_deadlock(shop: Shop, sessions: list[Session]) -> None:
    """A transaction that has written tickets may create one of a type whose publication waits for it."""
    creator, publisher, owner, _ = sessions
    type_id = define(creator, shop)
    tickets = Tickets(creator.connection, shop.tenant_id)
    first = tickets.create(shop.queue_id, shop.order_type)
    creator.begin(shop)
    tickets.transition(first.id, "start")
    publication = publisher.begin(shop).start("publish_machine", id=type_id, fsm_schema=Jsonb(WITHOUT_B))
    creation = creator.submit(lambda: tickets.create(shop.queue_id, type_id))

    assert creation.done()
    creator.connection.execute("commit")
    assert publication.result(10) == [(2,)]
    publisher.connection.execute("commit")
    assert owner.rows("find_violations") == []


def test_a_purge_leaves_no_ticket_without_history(shop: Shop, sessions: list[Session]) -> None:
    """A ticket that a publication opens again while it is purged goes whole or stays whole."""
    publisher, mover, owner, holder = sessions
    type_id = define(mover, shop)
    tickets = Tickets(mover.connection, shop.tenant_id)
    ids = [tickets.create(shop.queue_id, type_id).id for _ in range(2)]
    for one in ids:
        tickets.transition(one, "end")
    holder.begin(shop).rows("lock_history", id=ids[1])
    purge = owner.start("purge_history", tenant_id=shop.tenant_id)
    publication = publisher.begin(shop).start("publish_machine", id=type_id, fsm_schema=Jsonb(REOPENING))
    if publication.done():
        publisher.connection.execute("commit")
    holder.connection.execute("rollback")

    purge.result(10)
    publication.result(10)
    if publisher.connection.info.transaction_status:
        publisher.connection.execute("commit")
    assert owner.rows("find_violations") == []


def test_off_boarding_waits_for_who_deletes_a_customer(shop: Shop, sessions: list[Session]) -> None:
    """Off-boarding locks people and queues before tickets, as those do who go from them to the tickets."""
    application, _, owner, _ = sessions
    Tickets(application.connection, shop.tenant_id).create(shop.queue_id, shop.order_type, customer_id=shop.customer_id)
    application.begin(shop).connection.execute(SQL["rename_customer"].sql, {"id": shop.customer_id})
    leaving = owner.start("off_board", tenant_id=shop.tenant_id)
    deletion = application.submit(
        lambda: application.connection.execute(SQL["delete_customer"].sql, {"id": shop.customer_id}).rowcount
    )

    assert deletion.result(10) == 1
    application.connection.execute("commit")
    assert leaving.result(10) == [(1,)]


@pytest.mark.parametrize(
    "also",
    [
        "write_queue",
        "write_employee",
        "write_customer",
        "write_tenant",
        "write_type",
        "write_item",
        "add_customer",
        "add_item",
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["before-a-ticket", "after-a-ticket"])
def test_off_boarding_deadlocks_with_nobody(shop: Shop, sessions: list[Session], also: str, *, first: bool) -> None:
    """It waits with empty hands, so whoever writes tickets and something else, in any order, gets through before it."""
    application, _, owner, _ = sessions
    Tickets(application.connection, shop.tenant_id).create(shop.queue_id, shop.order_type, items=[Item("Flat white")])
    define(application, shop)
    once, then = (also, "write_ticket") if first else ("write_ticket", also)
    application.begin(shop).write(once, tenant_id=shop.tenant_id)
    leaving = owner.start("off_board", tenant_id=shop.tenant_id)
    writing = application.submit(lambda: application.write(then, tenant_id=shop.tenant_id))

    assert writing.result(10) == 1
    application.connection.execute("commit")
    assert leaving.result(10) == [(1,)]


def test_off_boarding_twice_at_once_finds_the_tenant_once(shop: Shop, sessions: list[Session]) -> None:
    """The second one waits for the first, and is told that there is no such tenant any more."""
    *_, owner, other = sessions
    owner.connection.execute("begin")
    owner.rows("off_board", tenant_id=shop.tenant_id)
    late = other.start("off_board", tenant_id=shop.tenant_id)
    owner.connection.execute("commit")

    with pytest.raises(psycopg.errors.NoDataFound, match="tenant-not-found"):
        late.result(10)


def test_off_boarding_gives_up_when_its_caller_would(shop: Shop, sessions: list[Session]) -> None:
    """A lock timeout goes for what it waits for first as well as for what it waits for later."""
    application, _, owner, _ = sessions
    owner.connection.execute("set lock_timeout = '50ms'")
    for contested in ("write_customer", "write_ticket"):
        Tickets(application.connection, shop.tenant_id).create(shop.queue_id, shop.order_type)
        application.begin(shop).write(contested, tenant_id=shop.tenant_id)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            owner.rows("off_board", tenant_id=shop.tenant_id)
        application.connection.execute("rollback")


def test_a_ticket_starts_under_the_revision_that_its_caller_read(shop: Shop, sessions: list[Session]) -> None:
    """A type that is republished while a creation is under way makes it fail, however late that happens."""
    first, second, owner, _ = sessions
    type_id = define(first, shop)
    operation = uuid4()
    first.begin(shop).rows("create_ticket", **creation(shop, shop.order_type, operation))
    late = second.begin(shop).start("create_ticket", **creation(shop, type_id, operation, revision=1))
    owner.begin(shop).rows("publish_fields", id=type_id)
    owner.connection.execute("commit")
    first.connection.execute("rollback")

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="stale-type"):
        late.result(10)


def test_a_repeated_creation_is_not_judged_by_a_newer_revision(shop: Shop, sessions: list[Session]) -> None:
    """A retry answers with the ticket that is there, although the type has been republished since."""
    application = sessions[0]
    type_id = define(application, shop)
    once = creation(shop, type_id, uuid4(), revision=1)
    [(ticket_id, _)] = application.rows("create_ticket", **once)
    with tenant_scope(application.connection, shop.tenant_id):
        application.rows("publish_fields", id=type_id)

    assert application.rows("create_ticket", **once) == [(ticket_id, True)]


def test_a_bulk_call_reports_an_operation_that_it_names_twice(tickets: Tickets, shop: Shop) -> None:
    """The first ticket takes the operation; the second one's outcome says that it is taken."""
    ids = sorted(tickets.create(shop.queue_id, shop.order_type).id for _ in range(3))
    once, other = uuid4(), uuid4()

    outcomes = tickets.transition_many(ids, "start", operation_ids=[once, once, other])
    assert [each.outcome for each in outcomes] == ["moved", "operation-reused", "moved"]


def test_a_bulk_call_takes_a_ticket_as_it_is_named_first(tickets: Tickets, shop: Shop) -> None:
    """Named twice, a ticket takes the first operation, so that a retry of the call finds it again."""
    ticket = tickets.create(shop.queue_id, shop.order_type).id
    operations = [uuid4() for _ in range(8)]

    tickets.transition_many([ticket] * 8, "start", operation_ids=operations)
    assert tickets.history(ticket)[-1].operation_id == operations[0]


def test_no_ticket_is_claimed_twice_for_want_of_a_time(
    application: Connection[TupleRow], tickets: Tickets, shop: Shop
) -> None:
    """Null for the lease or the time means the default: a claim always leases."""
    tickets.create(shop.queue_id, shop.order_type)
    parameters = {"tenant_id": shop.tenant_id, "queue_id": shop.queue_id, "state": "received"}
    claims = [application.execute(SQL["claim_without_times"].sql, parameters).fetchall() for _ in range(2)]

    assert claims[0] != [(None,)]
    assert claims[1] == [(None,)]


def test_a_ticket_that_closes_meanwhile_gets_no_estimate(shop: Shop, sessions: list[Session]) -> None:
    """A refresh of waits that has waited for a ticket's transition judges the ticket as it then is."""
    mover, refresher, _, _ = sessions
    tickets = Tickets(mover.connection, shop.tenant_id)
    ticket = tickets.create(shop.queue_id, shop.order_type)
    with tenant_scope(mover.connection, shop.tenant_id):
        mover.connection.execute(SQL["set_rate"].sql)
    mover.begin(shop)
    tickets.transition(ticket.id, "cancel")
    refresh = refresher.submit(Tickets(refresher.connection, shop.tenant_id).refresh_waits)
    mover.connection.execute("commit")

    assert refresh.result(10) == 0
