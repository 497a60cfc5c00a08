"""What every client does about an operation: borrow a session, do it, and record it as it saw it."""

from __future__ import annotations

import random
import threading
from functools import partial, wraps
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from virtualq_core.conformance.operation import Kind, Operation, Outcome
from virtualq_core.conformance.traffic.outcome import Ending, read_ending
from virtualq_core.conformance.traffic.source import CannotConnect, OwnSession, PoolExhausted
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, TypeVar

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.journal import JournalWriter
    from virtualq_core.conformance.traffic.board import Board
    from virtualq_core.conformance.traffic.demand import Demand
    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.conformance.traffic.target import Target
    from virtualq_core.subjects import Subject, SubjectSession

    _Clerk = TypeVar("_Clerk", bound="Clerk")
    _Given = ParamSpec("_Given")

_entropy = random.Random().getrandbits  # not the client's chance: other processes have the same seed
_RECONNECT_S = 0.2


def operation(
    kind: Kind,
) -> Callable[[Callable[Concatenate[_Clerk, _Given], None]], Callable[Concatenate[_Clerk, _Given], None]]:
    """
    Make of a method one operation: it has a session while it runs, and gives it back.

    Nothing was sent where there is none. One that a pool has not lent in time is recorded; where there is no connection
    at all, the client waits a little, so that the server is not stormed.
    """

    def made(method: Callable[Concatenate[_Clerk, _Given], None]) -> Callable[Concatenate[_Clerk, _Given], None]:
        @wraps(method)
        def guarded(clerk: _Clerk, /, *given: _Given.args, **named: _Given.kwargs) -> None:
            try:
                clerk.borrow(kind)
            except PoolExhausted:
                return
            except CannotConnect:
                threading.Event().wait(_RECONNECT_S)
                return
            is_through = True
            try:
                method(clerk, *given, **named)
            except CannotConnect:
                is_through = False
                threading.Event().wait(_RECONNECT_S)
            finally:
                clerk.give_back(is_through=is_through)

        return guarded

    return made


class Clerk:
    """
    A client without anything to do: see `Client`.

    `due_ns` is when the next operation should begin, for whoever keeps a schedule; it goes into the record.
    """

    due_ns: int | None = None

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
        source: Source | None = None,
        told: Callable[[Operation], None] | None = None,
        waited_ns: Callable[[], int] = int,
    ) -> None:
        self.number = number
        self._demand = demand
        self._target = target
        self._board = board
        self._journal = journal
        self._dsn = dsn
        self._told = told
        self._waited_ns = waited_ns
        self._chance = random.Random(f"{seed}/{number}")
        self._source: Source = OwnSession(partial(subject.open, dsn)) if source is None else source
        self._own = self._source if isinstance(self._source, OwnSession) else None
        self._session: SubjectSession | None = None
        self._session_is_usable = True
        self._pooled_ns = 0
        self._wire_ns = 0
        self._reader: Connection[TupleRow] | None = None

    def close(self) -> None:
        """Close the connections that are the client's own; closing twice is fine."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        if self._own is not None:
            self._own.close()

    def borrow(self, kind: Kind) -> None:
        """Take a session for an operation of that kind; where there is none, say so in the journal."""
        begin = perf_counter_ns()
        try:
            self._session = self._source.take()
        except PoolExhausted as error:
            self._pooled_ns = perf_counter_ns() - begin
            asked = self._asked(kind, new_operation_id(), self._target.queues[0].tenant_id, None)
            self._ended(asked, error)
            self.due_ns = None
            raise
        except CannotConnect as error:
            self._journal.note_failure(error.code, str(error.observed or error))
            raise
        self._pooled_ns = 0 if self._own is not None else perf_counter_ns() - begin

    def give_back(self, *, is_through: bool = True) -> None:
        """The operation is over; one that is not through found no connection, and is still due."""
        session, self._session = self._session, None
        if is_through:
            self.due_ns = None
        is_usable, self._session_is_usable = self._session_is_usable, True
        if session is not None:
            self._source.give_back(session, is_usable=is_usable)

    def _ready(self) -> SubjectSession:
        """The session of the operation that runs."""
        if self._session is None:
            raise CannotConnect("no operation runs, so there is no session")
        return self._session

    def _sight(self) -> Connection[TupleRow]:
        """A connection to look at the database by."""
        connection = self._ready().connection or self._reader
        if connection is None:
            try:
                connection = self._reader = psycopg.connect(dsn_as(self._dsn, APPLICATION_ROLE), autocommit=True)
            except psycopg.Error as error:
                self._journal.note_failure(CannotConnect.code, _said(error))
                raise CannotConnect("no connection for a client", observed=_said(error)) from error
        return connection

    def _asked(
        self,
        kind: Kind,
        op_id: UUID,
        tenant_id: int,
        ticket_id: int | None,
        transition: str | None = None,
        expected_state: str | None = None,
        version: int | None = None,
        *,
        is_aside: bool = False,
    ) -> Operation:
        """An operation that begins now; one aside is not what the schedule asked for."""
        self._wire_ns = self._waited_ns()
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
            due_ns=None if is_aside else self.due_ns,
            pooled_ns=self._pooled_ns,
        )

    def _answered(self, operation: Operation, **answer: Any) -> None:
        end = perf_counter_ns()
        self._record(operation._replace(return_ns=end, wire_ns=self._waited_ns() - self._wire_ns, **answer))

    def _ended(self, operation: Operation, error: BaseException) -> None:
        self._ended_all([operation], error)

    def _ended_all(self, operations: list[Operation], error: BaseException) -> None:
        """Record what the error means for them; one that is no outcome of an operation goes on its way."""
        end = perf_counter_ns()
        wire_ns = self._waited_ns() - self._wire_ns
        ending: Ending = read_ending(error)
        if ending.outcome is not Outcome.REFUSED:
            self._journal.note_failure(ending.reason, _said(error))
        for one in operations:
            self._record(one._replace(return_ns=end, outcome=ending.outcome, reason=ending.reason, wire_ns=wire_ns))
        self._session_is_usable &= ending.session_is_usable
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
