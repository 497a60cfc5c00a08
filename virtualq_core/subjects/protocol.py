"""
What an implementation under test must offer.

A *subject* opens sessions; a session is one connection of one client, used by one thread, and offers the ticket
operations. Conformance, the comparison of costs and the load all talk to this protocol and to nothing else, so that an
implementation in any stack can stand in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from virtualq_core.errors import UsageError
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.tickets import BulkOutcome, CreatedTicket, HistoryEntry, Item, Lease, Transition


@runtime_checkable
class SubjectSession(Protocol):
    """
    One client's connection. Every operation is one transaction that is committed when it returns.

    Refusals raise the classes of `virtualq_core.errors`; a lost connection raises `psycopg.OperationalError`, and the
    operation's outcome is then unknown.
    """

    @property
    def connection(self) -> Connection[TupleRow] | None:
        """The driver's connection, whose round trips are counted; none where the subject keeps it out of our sight."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def create_ticket(
        self,
        tenant_id: int,
        queue_id: int,
        type_definition_id: int,
        *,
        custom_data: Mapping[str, Any] | None = None,
        customer_id: int | None = None,
        employee_id: int | None = None,
        ttl_minutes: int | None = None,
        items: Iterable[Item] = (),
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_id: UUID | None = None,
    ) -> CreatedTicket:
        """As `Tickets.create`."""

    def transition(
        self,
        tenant_id: int,
        ticket_id: int,
        name: str,
        *,
        expected_state: str | None = None,
        expected_version: int | None = None,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_id: UUID | None = None,
    ) -> Transition:
        """As `Tickets.transition`."""

    def transition_many(
        self,
        tenant_id: int,
        ticket_ids: Sequence[int],
        name: str,
        *,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_ids: Sequence[UUID] | None = None,
    ) -> list[BulkOutcome]:
        """As `Tickets.transition_many`."""

    def claim_next(
        self,
        tenant_id: int,
        queue_id: int,
        state: str,
        employee_id: int,
        *,
        lease: timedelta | None = None,
        transition: str | None = None,
        actor: str | None = None,
    ) -> Lease | None:
        """As `Tickets.claim_next`."""

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """As `Tickets.history`."""


@runtime_checkable
class Subject(Protocol):
    """An implementation of the ticket operations."""

    @property
    def name(self) -> str:
        """What options and results call it."""

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> SubjectSession:
        """Connect one client; `role` is entered with `set role` where the login is not the application's own."""


@runtime_checkable
class PoolableSubject(Subject, Protocol):
    """A subject that can work on connections which somebody else opened, as a pool does."""

    def on(self, connection: Connection[TupleRow]) -> SubjectSession:
        """
        A session on an idle connection of the application's, which is set to the autocommit mode that it needs.

        It keeps nothing of one operation for the next, but for what it learnt; leaving it closes the connection.
        """


def require_poolable(subject: Subject) -> PoolableSubject:
    """
    The subject as one that works on a pool's connections.

    One that is derived from another and opens sessions of its own kind must make them for a pool as well, or the pool
    would lend the other's.

    Raises:
        UsageError: it has no such method.
    """
    for kind in type(subject).__mro__:
        if "on" in vars(kind) and isinstance(subject, PoolableSubject):
            return subject
        if "open" in vars(kind):
            break
    raise UsageError(
        f"the subject '{subject.name}' cannot work on the connections of a pool",
        observed="it opens its own",
        expected="a method on(connection) of its own, beside open(dsn, *, role)",
        next_step="the pool 'direct'",
    )


def visible_connection(session: SubjectSession) -> Connection[TupleRow]:
    """
    The driver's connection of a session, for what looks at it or counts on it.

    Raises:
        UsageError: the subject keeps it out of our sight.
    """
    if session.connection is None:
        raise UsageError(
            "the subject speaks to the database out of our sight",
            expected="a subject whose sessions show their connection, for what looks into it",
        )
    return session.connection


def backend_pid(session: SubjectSession) -> int | None:
    """The process of the server that serves a session; none where the subject shows no connection and does not tell."""
    if session.connection is not None:
        return session.connection.info.backend_pid
    told = getattr(session, "backend_pid", None)
    return told if isinstance(told, int) else None
