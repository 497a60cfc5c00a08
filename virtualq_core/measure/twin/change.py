"""
A change applied to one database: how long it took, which locks it held, and which indexes came and went.

What changed is read from the catalogue and not from the change's text, so whatever SQL does it is seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from virtualq_core import content
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "change.sql")
_OUTSIDE = psycopg.errors.ActiveSqlTransaction
# PostgreSQL's table-level locks from the weakest, with what others cannot do meanwhile ("Explicit Locking").
LOCKS = {
    "AccessShareLock": "nothing but dropping and altering",
    "RowShareLock": "nothing but dropping and altering",
    "RowExclusiveLock": "building indexes",
    "ShareUpdateExclusiveLock": "vacuum and other changes of the table; reads and writes go on",
    "ShareLock": "writes; reads go on",
    "ShareRowExclusiveLock": "writes; reads go on",
    "ExclusiveLock": "writes; reads go on",
    "AccessExclusiveLock": "reads and writes",
}
_WEAKEST_TOLD = "ShareUpdateExclusiveLock"


class ProposalFailed(UsageError):
    """The change could not be applied in one transaction."""

    code = "proposal-failed"


@dataclass(frozen=True)
class Index:
    """An index as the catalogue has it."""

    name: str
    on_table: str
    definition: str
    is_constraint: bool
    is_expression: bool
    is_partitioned: bool


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The strongest lock that the change held on a table, and what others could not do meanwhile."""

    table: str
    mode: str
    holds_up: str


@dataclass(frozen=True, kw_only=True)
class IndexChange:
    """
    An index that came or went, with the statement that does the same while others write.

    `concurrent_s` is how long that statement took when nobody wrote; None where it was not tried. There is no such
    statement for an index that a constraint stands on, or of a partitioned table.
    """

    name: str
    definition: str
    is_new: bool
    concurrently: str | None = None
    concurrent_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying a change did."""

    duration_s: float
    locks: tuple[Lock, ...]
    indexes: tuple[IndexChange, ...]


def apply_change(database: Database, text: str) -> Applied:
    """
    Run the change in one transaction, and give new and rewritten tables what a live one has: statistics, visibility.

    Raises:
        ProposalFailed: the server refused it, and nothing was changed; or it ends the transaction that it is run in.
    """
    with database.connect(autocommit=False) as connection:
        before, tables, targets = _indexes(connection), _tables(connection), _targets(connection)
        connection.commit()
        began = time.perf_counter()
        try:
            transaction = _transaction(connection)
            connection.execute(text.encode())
            is_open = connection.info.transaction_status == TransactionStatus.INTRANS
            if not is_open or _transaction(connection) != transaction:
                raise ProposalFailed(
                    "the proposal ends the transaction that it is applied in", next_step="leave `commit` out"
                )
            locks = _locks(connection, list(tables))
            connection.commit()
        except psycopg.Error as error:
            raise _refused(text, error) from error
        duration_s = time.perf_counter() - began
        after, files = _indexes(connection), _tables(connection)
        sampled = {name for name, target in _targets(connection).items() if target != targets.get(name)}
        sampled |= {one.on_table for one in after.values() if one.is_expression and before.get(one.name) != one}
        connection.commit()
        connection.autocommit = True
        _settle(connection, rewritten=[name for name in files if files[name] != tables.get(name)], sampled=sampled)
    gone = [one for name, one in before.items() if after.get(name) != one]
    come = [one for name, one in after.items() if before.get(name) != one]
    return Applied(
        duration_s=duration_s,
        locks=locks,
        indexes=(*(_changed(one, is_new=False) for one in gone), *(_changed(one, is_new=True) for one in come)),
    )


def build_concurrently(database: Database, change: IndexChange) -> float | None:
    """
    Drop a new index and build it again in the way that lets others write meanwhile; the seconds that it takes.

    None where there is no such way, or nothing to build.
    """
    if change.concurrently is None or not change.is_new:
        return None
    with database.connect() as connection:
        connection.execute(sql.SQL(_SQL["drop_index"].sql).format(index=sql.Identifier(change.name)))
        began = time.perf_counter()
        connection.execute(change.concurrently.encode())
        return time.perf_counter() - began


def _changed(index: Index, *, is_new: bool) -> IndexChange:
    statement = None
    if not index.is_constraint and not index.is_partitioned:
        dropped = sql.SQL(_SQL["drop_index_concurrently"].sql).format(index=sql.Identifier(index.name)).as_string()
        statement = index.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1) if is_new else dropped
    return IndexChange(name=index.name, definition=index.definition, is_new=is_new, concurrently=statement)


def _indexes(connection: psycopg.Connection[Any]) -> dict[str, Index]:
    rows = connection.cursor(row_factory=class_row(Index)).execute(_SQL["list_indexes"].sql).fetchall()
    return {row.name: row for row in rows}


def _tables(connection: psycopg.Connection[Any]) -> dict[str, int]:
    return dict(connection.execute(_SQL["list_tables"].sql).fetchall())


def _locks(connection: psycopg.Connection[Any], tables: list[str]) -> tuple[Lock, ...]:
    """The strongest lock on each table that was there before, weak ones that every statement takes left out."""
    order = list(LOCKS)
    strongest: dict[str, str] = {}
    for name, mode in connection.execute(_SQL["list_locks"].sql, {"tables": tables}).fetchall():
        strongest[name] = max(strongest.get(name, mode), mode, key=order.index)
    return tuple(
        Lock(table=name, mode=mode, holds_up=LOCKS[mode])
        for name, mode in sorted(strongest.items())
        if order.index(mode) >= order.index(_WEAKEST_TOLD)
    )


def _targets(connection: psycopg.Connection[Any]) -> dict[str, str]:
    return dict(connection.execute(_SQL["list_targets"].sql, {}).fetchall())


def _transaction(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(_SQL["find_transaction"].sql).fetchone()
    return "" if row is None else str(row[0])


def _settle(connection: psycopg.Connection[Any], *, rewritten: list[str], sampled: set[str]) -> None:
    """Give rewritten tables statistics and visibility, and those that are to be sampled otherwise new statistics."""
    for table in rewritten:
        connection.execute(sql.SQL(_SQL["vacuum_table"].sql).format(table=sql.Identifier(table)))
    for table in sorted(sampled - set(rewritten)):
        connection.execute(sql.SQL(_SQL["analyze_table"].sql).format(table=sql.Identifier(table)))


def _refused(text: str, error: psycopg.Error) -> ProposalFailed:
    said = " ".join((error.diag.message_primary or str(error)).split())
    position = error.diag.statement_position
    line = f" at line {text[: int(position) - 1].count(chr(10)) + 1}" if position else ""
    if isinstance(error, _OUTSIDE):
        return ProposalFailed(
            f"the proposal cannot be applied in one transaction{line}; nothing was changed",
            observed=said,
            next_step="write it without CONCURRENTLY; the trial shows that form and tries it",
        )
    return ProposalFailed(
        f"the proposal could not be applied{line}; nothing was changed", observed=f"{said} (SQLSTATE {error.sqlstate})"
    )
