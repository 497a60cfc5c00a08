"""One client: does an operation on a subject's session, and records it as it saw it."""

from __future__ import annotations

import contextlib
import random
import threading
from functools import wraps
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from virtualq_core import content
from virtualq_core.conformance.operation import Kind, Operation, Outcome
from virtualq_core.conformance.traffic.board import Card
from virtualq_core.conformance.traffic.outcome import Ending, read_ending
from virtualq_core.conformance.witness import claimant
from virtualq_core.errors import EnvironmentFault, IllegalTransition, OperationReused, TicketNotFound
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as, tenant_scope
from virtualq_core.tickets import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.journal import JournalWriter
    from virtualq_core.conformance.traffic.board import Board
    from virtualq_core.conformance.traffic.demand import Demand
    from virtualq_core.conformance.traffic.target import Target, TargetQueue
    from virtualq_core.subjects import Subject, SubjectSession

_SQL = content.beside(__file__, "client.sql")
_ITEMS = (Item("Flat white"), Item("Bagel", 2), Item("Repair kit", 1, "as on the phone"))
_UNEVENTFUL = 5  # an edge that closes the ticket is chosen so many times less often than one that does not
_entropy = random.Random().getrandbits  # not the client's chance: other processes have the same seed
_HALF = 0.5
_RECONNECT_S = 0.2
_NOTHING_TO_CLAIM = "nothing-to-claim"
_BULK: dict[str, tuple[Outcome, str | None]] = {
    "moved": (Outcome.OK, None),
    "replayed": (Outcome.OK, None),
    "illegal": (Outcome.REFUSED, IllegalTransition.code),
    "not-found": (Outcome.REFUSED, TicketNotFound.code),
    "operation-reused": (Outcome.REFUSED, OperationReused.code),
}


class CannotConnect(EnvironmentFault):
    """A client lost its connection and gets no other one."""

    code = "no-connection"


def _operation(method: Callable[[Client], None]) -> Callable[[Client], None]:
    """Nothing was sent where there is no connection: wait a little, so that the server is not stormed."""

    @wraps(method)
    def guarded(client: Client) -> None:
        try:
            method(client)
        except CannotConnect:
            threading.Event().wait(_RECONNECT_S)

    return guarded


class Client:
    """
    One connection, one operation at a time.

    Every public method is one operation (or two: a look at a ticket that moved unseen comes first) and does not raise
    for its outcome, whatever that is. It connects at once, and what the subject raises then is raised; it connects
    again after a connection was lost. Where the subject keeps its connection out of our sight, lists and reads go by
    one of the client's own. `told` hears of every operation.
    """

    def __init__(
        self,
        number: int,
        demand: Demand,
        target: Target,
        board: Board,
        journal: JournalWriter,
        *,
        subject: Subject,
        dsn: str,
        seed: int = 1,
        told: Callable[[Operation], None] | None = None,
    ) -> None:
        self.number = number
        self._demand = demand
        self._target = target
        self._board = board
        self._journal = journal
        self._subject = subject
        self._dsn = dsn
        self._told = told
        self._chance = random.Random(f"{seed}/{number}")
        self._employees = dict(target.employees)
        self._listed = _listed_queues(target, demand.extent.listed_tickets)
        self._reader: Connection[TupleRow] | None = None
        self._session: SubjectSession | None = subject.open(dsn)

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        session, self._session = self._session, None
        reader, self._reader = self._reader, None
        if session is not None:
            with contextlib.suppress(Exception):
                session.__exit__(None, None, None)
        if reader is not None:
            reader.close()

    @_operation
    def transition(self) -> None:
        """Move a ticket, often one that others are at as well; look at it first where nobody knows how it stands."""
        plan, chance = self._demand.contention, self._chance
        card = self._board.pick(chance, plan.hot_share)
        if card is None:
            self.create()
            return
        if card.is_doubtful:
            self._look_at(card)
            if not card.is_open:
                return
        session, known = self._ready(), card.seq
        name = self._choose_transition(card, is_blind=chance.random() < plan.blind_share)
        state, version = self._expect(card)
        op_id = new_operation_id()
        operation = self._asked(Kind.TRANSITION, op_id, card.tenant_id, card.ticket_id, name, state, version)
        try:
            done = session.transition(
                card.tenant_id,
                card.ticket_id,
                name,
                expected_state=state,
                expected_version=version,
                operation_id=op_id,
            )
        except BaseException as error:  # noqa: BLE001  whatever it is, it is this operation's outcome
            self._ended(operation, error)
            card.is_doubtful |= card.seq == known
        else:
            self._answered(operation, seq=done.seq, from_state=done.from_state, to_state=done.to_state)
            self._board.update(card, done.to_state, done.seq)

    @_operation
    def bulk(self) -> None:
        """Move several tickets in one call, hot ones among them."""
        card = self._board.pick(self._chance, 1.0)
        if card is None:
            self.create()
            return
        cards = self._board.gather(self._chance, card, self._demand.extent.bulk_tickets)
        self._chance.shuffle(cards)
        name = self._choose_transition(card, is_blind=False)
        session, op_ids = self._ready(), [new_operation_id() for _ in cards]
        operations = {
            card.ticket_id: self._asked(Kind.BULK, op_id, card.tenant_id, card.ticket_id, name)
            for card, op_id in zip(cards, op_ids, strict=True)
        }
        begin = next(iter(operations.values())).invoke_ns
        operations = {ticket_id: operation._replace(invoke_ns=begin) for ticket_id, operation in operations.items()}
        try:
            outcomes = session.transition_many(
                card.tenant_id, [one.ticket_id for one in cards], name, operation_ids=op_ids
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended_all(list(operations.values()), error)
            return
        end = perf_counter_ns()
        for done in outcomes:
            outcome, reason = _BULK.get(done.outcome, (Outcome.FAILED, done.outcome))
            operation = operations.pop(done.ticket_id)._replace(return_ns=end, outcome=outcome, reason=reason)
            if outcome is Outcome.OK:
                operation = operation._replace(seq=done.seq, from_state=done.from_state, to_state=done.to_state)
            self._record(operation)
            found = self._board.find(card.tenant_id, done.ticket_id)
            if found is not None and done.seq is not None and done.to_state is not None:
                self._board.update(found, done.to_state, done.seq)
            elif found is not None:
                found.is_doubtful = True
        for operation in operations.values():
            self._record(operation._replace(return_ns=end, outcome=Outcome.UNKNOWN, reason="not-answered"))

    @_operation
    def claim(self) -> None:
        """Lease the next ticket of a queue and take it out of its initial state."""
        queue = self._choose_queue()
        kind = self._target.types[self._chance.choice(queue.types)]
        employees = self._employees.get(queue.tenant_id)
        names = sorted(kind.edges.get(kind.initial_state, {}))
        if not employees or not names:
            self.create()
            return
        session, op_id = self._ready(), new_operation_id()
        state, name = kind.initial_state, self._chance.choice(names)
        operation = self._asked(Kind.CLAIM, op_id, queue.tenant_id, None, name, state)
        try:
            lease = session.claim_next(
                queue.tenant_id,
                queue.id,
                state,
                self._chance.choice(employees),
                transition=name,
                actor=claimant(op_id),
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(operation, error)
            return
        if lease is None:
            self._record(
                operation._replace(return_ns=perf_counter_ns(), outcome=Outcome.REFUSED, reason=_NOTHING_TO_CLAIM)
            )
            return
        self._answered(operation, ticket_id=lease.ticket_id, from_state=state, to_state=lease.state)
        card = self._board.find(queue.tenant_id, lease.ticket_id)
        if card is not None:
            card.is_doubtful = True

    @_operation
    def create(self) -> None:
        """Create a ticket that looks like those that are there; the board has one more then."""
        queue = self._choose_queue()
        kind = self._target.types[self._chance.choice(queue.types)]
        session, op_id = self._ready(), new_operation_id()
        operation = self._asked(Kind.CREATE, op_id, queue.tenant_id, None, None)
        try:
            made = session.create_ticket(
                queue.tenant_id,
                queue.id,
                kind.id,
                custom_data=self._chance.choice(kind.samples) if kind.samples else None,
                items=self._chance.sample(_ITEMS, self._chance.randint(1, len(_ITEMS))),
                operation_id=op_id,
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(operation, error)
            return
        self._answered(operation, ticket_id=made.id, seq=1, to_state=made.state)
        self._board.add(Card(made.id, queue, kind, made.state, 1))

    @_operation
    def list_queue(self) -> None:
        """List a queue's open tickets, as a display does; the rows are fetched and not decoded."""
        queue = self._chance.choice(self._listed)
        states = sorted({state for place in queue.types for state in self._target.types[place].open_states})
        parameters = {"tenant_id": queue.tenant_id, "queue_id": queue.id, "states": states}
        connection = self._sight()
        operation = self._asked(Kind.LIST, new_operation_id(), queue.tenant_id, None, None)
        try:
            with tenant_scope(connection, queue.tenant_id):
                connection.execute(content.query("list_queue").sql, parameters)
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(operation, error)
        else:
            self._answered(operation)

    @_operation
    def read(self) -> None:
        """Read a hot ticket together with the end of its history."""
        card = self._board.pick(self._chance, 1.0)
        if card is None:
            self.create()
        else:
            self._look_at(card)

    def _look_at(self, card: Card) -> None:
        parameters = {"tenant_id": card.tenant_id, "ticket_id": card.ticket_id}
        connection = self._sight()
        operation = self._asked(Kind.READ, new_operation_id(), card.tenant_id, card.ticket_id, None)
        try:
            with tenant_scope(connection, card.tenant_id):
                row = connection.execute(_SQL["read_ticket"].sql, parameters).fetchone()
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(operation, error)
            return
        state, version, last_state, last_seq = row or (None, None, None, None)
        self._answered(operation, version=version, seq=last_seq, from_state=state, to_state=last_state)
        if state is not None:
            self._board.update(card, state, version)

    def _expect(self, card: Card) -> tuple[str | None, int | None]:
        """The state or the version to name with a transition, if either."""
        if self._chance.random() >= self._demand.contention.expecting_share:
            return None, None
        names_version = card.seq > 0 and self._chance.random() < _HALF
        return (None, card.seq) if names_version else (card.state, None)

    def _choose_transition(self, card: Card, *, is_blind: bool) -> str:
        edges = card.type.edges.get(card.state, {})
        if is_blind or not edges:
            return self._chance.choice(sorted({name for names in card.type.edges.values() for name in names}))
        names = sorted(edges)
        weights = [1 if edges[name] in card.type.terminal_states else _UNEVENTFUL for name in names]
        return self._chance.choices(names, weights)[0]

    def _choose_queue(self) -> TargetQueue:
        return self._chance.choice(self._target.queues)

    def _ready(self) -> SubjectSession:
        if self._session is None:
            with self._connecting():
                self._session = self._subject.open(self._dsn)
        return self._session

    def _sight(self) -> Connection[TupleRow]:
        """A connection to look at the database by."""
        connection = self._ready().connection or self._reader
        if connection is None:
            with self._connecting():
                connection = self._reader = psycopg.connect(dsn_as(self._dsn, APPLICATION_ROLE), autocommit=True)
        return connection

    @contextlib.contextmanager
    def _connecting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._journal.note_failure(CannotConnect.code, _said(error))
            raise CannotConnect("no connection for a client") from error

    def _asked(
        self,
        kind: Kind,
        op_id: UUID,
        tenant_id: int,
        ticket_id: int | None,
        transition: str | None,
        expected_state: str | None = None,
        version: int | None = None,
    ) -> Operation:
        begin = perf_counter_ns()
        return Operation(
            op_id,
            self.number,
            kind,
            tenant_id,
            ticket_id,
            transition,
            begin,
            begin,
            Outcome.OK,
            expected_state,
            version,
        )

    def _answered(self, operation: Operation, **answer: Any) -> None:
        self._record(operation._replace(return_ns=perf_counter_ns(), **answer))

    def _ended(self, operation: Operation, error: BaseException) -> None:
        self._ended_all([operation], error)

    def _ended_all(self, operations: list[Operation], error: BaseException) -> None:
        """Record what the error means for them; one that is no outcome of an operation goes on its way."""
        end = perf_counter_ns()
        ending: Ending = read_ending(error)
        if ending.outcome is not Outcome.REFUSED:
            self._journal.note_failure(ending.reason, _said(error))
        for operation in operations:
            self._record(operation._replace(return_ns=end, outcome=ending.outcome, reason=ending.reason))
        if not ending.session_is_usable:
            self.close()
        if not isinstance(error, Exception):
            raise error

    def _record(self, operation: Operation) -> None:
        self._journal.append(operation)
        if self._told is not None:
            self._told(operation)


def new_operation_id() -> UUID:
    """
    A time-ordered UUID (RFC 9562, version 7), as the database draws its own.

    Random ones would land all over the unique index on them, and the load would measure that.
    """
    milliseconds = time_ns() // 1_000_000 & (1 << 48) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | _entropy(12) << 64 | 0b10 << 62 | _entropy(62))


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _listed_queues(target: Target, at_most: int) -> list[TargetQueue]:
    fitting = [queue for queue in target.queues if queue.open_tickets <= at_most]
    return fitting or [min(target.queues, key=lambda queue: queue.open_tickets)]
