"""
What must be proved of a way to the database before it carries a load.

A pool hands one client's connection to the next. What a client may do must not depend on how it came in, and what a
client said must not be heard by the next: neither its tenant, nor, where a connection changes hands between two
transactions, a prepared statement under a name that another client uses as well.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from virtualq_core import content
from virtualq_core.database.fault import explain
from virtualq_core.errors import EnvironmentFault, TicketError, VirtualQError
from virtualq_core.subjects import visible_connection
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.subjects import SubjectSession

_SQL = content.beside(__file__, "isolation.sql")
_NO_TRANSITION = "no such transition"
_ROUNDS = 2


class Unbound(EnvironmentFault):
    """A pool's connections are somebody else's than the application's, or row security does not bind them."""

    code = "pool-unbound"


class TenantLeak(VirtualQError):
    """A tenant that one client worked in is still set for the next one that borrows the connection."""

    code = "tenant-leak"


class StatementsLost(EnvironmentFault):
    """Prepared statements do not survive on this way."""

    code = "pool-prepared"


@dataclass(frozen=True)
class _Standing:
    role: str
    login: str
    is_unbound: bool
    is_application: bool
    is_maintainer: bool
    is_owner: bool
    is_secured: bool

    @property
    def faults(self) -> list[str]:
        """What is wrong with it."""
        told = {
            f"is no member of {APPLICATION_ROLE}": not self.is_application,
            "is a superuser, or bypasses row security": self.is_unbound,
            f"has what {MAINTAINER_ROLE} has": self.is_maintainer,
            "owns the tables": self.is_owner,
            "is not bound by row security": not self.is_secured,
        }
        return [words for words, is_so in told.items() if is_so]


@dataclass(frozen=True)
class _Sight:
    pid: int
    tenant_id: str | None
    tickets: int


def prove_bound(source: Source) -> None:
    """
    Make sure that what a source lends may do what the application may, and no more, and that row security binds it.

    Raises:
        Unbound: it is otherwise.
    """
    session = source.take()
    is_usable = False
    try:
        connection = visible_connection(session)
        with connection.transaction(), connection.cursor(row_factory=class_row(_Standing)) as cursor:
            roles = {"application": APPLICATION_ROLE, "maintainer": MAINTAINER_ROLE}
            found = cursor.execute(_SQL["read_standing"].sql, roles).fetchone()
        is_usable = True
    except psycopg.Error as error:
        raise Unbound("the pool's connections see no schema", observed=explain(error).observed) from error
    finally:
        source.give_back(session, is_usable=is_usable)
    if found is None or found.faults:
        raise Unbound(
            "the pool's connections are not bound as the application's are",
            observed="no role" if found is None else f"{found.role} (login {found.login}) {', '.join(found.faults)}",
            expected=f"{APPLICATION_ROLE}, or a login that is its member and nothing else",
        )


def prove_separate(one: Source, other: Source, tickets: Iterable[tuple[int, int]]) -> int:
    """
    Make sure that the next borrower of a connection finds no tenant set, and no row, whatever the last one did.

    Both sources lend the same single connection to the server, to one client after the other. For each of the tickets
    (tenant and id), which are read only, one client reads the history and is refused a transition, and the other one
    looks around. Returns how often that was seen to be so.

    Raises:
        TenantLeak: a tenant was still set, or rows were seen.
        EnvironmentFault: the two did not get the same connection, so nothing is proved.
    """
    seen = 0
    for tenant_id, ticket_id in tickets:
        for act in (_read, _be_refused):
            session = one.take()
            try:
                act(session, tenant_id, ticket_id)
                pid = _look(session).pid
            finally:
                one.give_back(session, is_usable=True)
            session = other.take()
            try:
                found = _look(session)
            finally:
                other.give_back(session, is_usable=True)
            if found.tenant_id is not None or found.tickets:
                raise TenantLeak(
                    "the tenant of one client is still set for the next one on its connection",
                    observed=f"tenant {found.tenant_id or 'unset'}, {'rows' if found.tickets else 'no rows'} in sight",
                    expected="no tenant, and no rows, until the borrower enters its own",
                    next_step="set the tenant for the transaction (set local), never for the session",
                )
            if found.pid != pid:
                raise EnvironmentFault(
                    "the pool did not lend its one connection twice, so nothing is proved of it",
                    observed=f"server process {found.pid} after {pid}",
                )
            seen += 1
    return seen


def prove_prepared(connect: Callable[[], Connection[TupleRow]]) -> None:
    """
    Make sure that two clients may prepare different statements under one name, though they share one connection.

    psycopg numbers its statements for each connection of its own.

    Raises:
        StatementsLost: one of them got an error, or the other's answer.
    """
    try:
        with connect() as one, connect() as other:
            for _ in range(_ROUNDS):
                for connection, statement, expected in ((one, "ask_one", 1), (other, "ask_two", 2)):
                    row = connection.execute(_SQL[statement].sql, prepare=True).fetchone()
                    if row != (expected,):
                        raise _lost(f"the answer of another client's statement: {row}")
    except psycopg.Error as error:
        raise _lost(" ".join(str(error).split())) from error


def _lost(observed: str) -> StatementsLost:
    return StatementsLost(
        "a client's prepared statements are not there, or are another's, on the next connection that it is lent",
        observed=observed,
        expected="PgBouncer 1.21 or newer with max_prepared_statements, or no prepared statements",
        next_step="psycopg.connect(…, prepare_threshold=None)",
    )


def _read(session: SubjectSession, tenant_id: int, ticket_id: int) -> None:
    session.history(tenant_id, ticket_id)


def _be_refused(session: SubjectSession, tenant_id: int, ticket_id: int) -> None:
    with contextlib.suppress(TicketError):
        session.transition(tenant_id, ticket_id, _NO_TRANSITION)


def _look(session: SubjectSession) -> _Sight:
    connection = visible_connection(session)
    with connection.transaction(), connection.cursor(row_factory=class_row(_Sight)) as cursor:
        found = cursor.execute(_SQL["look_around"].sql).fetchone()
    if found is None:
        raise EnvironmentFault("a connection of the pool answers nothing")
    return found
