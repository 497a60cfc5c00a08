"""What each statement of a load cost the server, by `pg_stat_statements` before and after."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "sampling.sql")
_TRANSITION = "virtualq.transition_ticket("
_NOTHING = (0, 0.0, 0, 0)

Reading = dict[tuple[int, int], tuple[str, int, float, int, int]]
"""By user and query: the text, the calls, the milliseconds of execution, bytes of log, and blocks."""


@dataclass(frozen=True)
class Statement:
    """One statement's part in a load; `mean_ms` is its execution, without planning, commit and transport."""

    query: str
    calls: int
    mean_ms: float
    wal_bytes: int
    blocks: int

    @property
    def total_ms(self) -> float:
        """Its execution, all calls together."""
        return self.calls * self.mean_ms

    @property
    def is_transition(self) -> bool:
        """Whether it calls the function that moves one ticket."""
        return _TRANSITION in self.query


class StatementBook:
    """Reads the statistics of a database's statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Reading:
        """
        What there is so far.

        Raises:
            EnvironmentFault: the server does not count statements, or not where we may look.
            psycopg.Error: it cannot be asked.
        """
        server = self._database.server
        is_ours = server.kind != "url"
        with (server.maintenance if is_ours else self._database).connect() as connection:
            schema = _find_schema(connection, may_add=is_ours)
            statement = sql.SQL(_SQL["read_statements"].sql).format(schema=sql.Identifier(schema))
            rows = connection.execute(statement, {"database": self._database.name}).fetchall()
        return {(user, query): (text, *costs) for user, query, text, *costs in rows}


def _find_schema(connection: Connection[Any], *, may_add: bool) -> str:
    row = connection.execute(_SQL["find_statistics"].sql).fetchone()
    if row is None and may_add:
        with contextlib.suppress(errors.UniqueViolation, errors.DuplicateObject):  # another run was quicker
            connection.execute(_SQL["add_statistics"].sql)
        row = connection.execute(_SQL["find_statistics"].sql).fetchone()
    if row is None:
        raise EnvironmentFault("the extension pg_stat_statements is not in this database, or not preloaded")
    return str(row[0])


def statements_between(before: Reading, after: Reading) -> list[Statement]:
    """What was executed between two readings, the dearest first; a server that crashed began to count anew."""
    found = []
    for key, (text, *now) in after.items():
        then = before[key][1:] if key in before else _NOTHING
        calls, spent_ms, wal_bytes, blocks = now if now[0] < then[0] else _less(now, then)
        if calls:
            found.append(Statement(text, int(calls), spent_ms / calls, int(wal_bytes), int(blocks)))
    return sorted(found, key=lambda one: one.total_ms, reverse=True)


def _less(now: Sequence[float], then: Sequence[float]) -> list[float]:
    return [later - earlier for later, earlier in zip(now, then, strict=True)]


def mean_transition(statements: list[Statement]) -> Statement | None:
    """The calls of the transition function, whichever statement they came by, as one; None where there are none."""
    calls = [one for one in statements if one.is_transition]
    number = sum(one.calls for one in calls)
    if not number:
        return None
    return Statement(
        calls[0].query,
        number,
        sum(one.total_ms for one in calls) / number,
        sum(one.wal_bytes for one in calls),
        sum(one.blocks for one in calls),
    )
