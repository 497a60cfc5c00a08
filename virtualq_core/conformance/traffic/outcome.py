"""What an exception from a subject means for an operation: refused, failed, or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psycopg

from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.source import PoolExhausted
from virtualq_core.errors import InvalidFields, OrphanedState, TicketError, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULES = (TicketError, OrphanedState, InvalidFields)
# Connection exceptions, and what a server says while it goes away: it may have committed before.
_LOST = ("08", "57P")
# What PgBouncer says to a client that it had no server connection for in time; nothing got through then.
_NOT_SERVED = "query_wait_timeout"


class Ending(NamedTuple):
    """An outcome with its code, and whether the session can still be used."""

    outcome: Outcome
    reason: str
    session_is_usable: bool


def read_ending(error: BaseException) -> Ending:
    """
    What became of an operation that raised `error`.

    A rule's refusal is known by its class. Any other error that the server itself reported, on a connection that it
    keeps, ended the transaction: it failed. Everything else may have happened after the commit was sent.
    """
    if isinstance(error, _RULES):
        return Ending(Outcome.REFUSED, error.code, session_is_usable=True)
    for cause in _causes(error):
        if isinstance(cause, psycopg.Error):
            if _NOT_SERVED in str(cause):
                return Ending(Outcome.FAILED, PoolExhausted.code, session_is_usable=False)
            if cause.sqlstate is None or cause.sqlstate.startswith(_LOST):
                return Ending(Outcome.UNKNOWN, cause.sqlstate or "connection-lost", session_is_usable=False)
            return Ending(Outcome.FAILED, cause.sqlstate, session_is_usable=True)
    if isinstance(error, VirtualQError):
        return Ending(Outcome.FAILED, error.code, session_is_usable=True)
    return Ending(Outcome.UNKNOWN, type(error).__name__, session_is_usable=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it was raised from; SQLAlchemy keeps the driver's in `orig`."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        original = getattr(error, "orig", None)
        error = original if isinstance(original, BaseException) else error.__cause__ or error.__context__
