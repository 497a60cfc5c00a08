"""
Bloat: how much of a table's blocks no live row fills.

The bytes of the live rows are added up, with the line pointer and the alignment of each, and held against the room that
the table's blocks have (https://www.postgresql.org/docs/current/storage-page-layout.html). Dead rows and room that
`VACUUM` made free both count: either way a reader of the table passes them. Tables of more than some thousand blocks
are sampled, always the same blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from virtualq_core import content
from virtualq_core.measure.diagnosis import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from virtualq_core.measure.observer import Observer

METRIC = "max_bloat_share"
BLOATED = 0.5
"""From this share on, bloat is a likely cause of too many blocks."""
_SQL = content.beside(__file__, "bloat.sql")
_SCHEMA = "virtualq"
_MOST_BLOCKS = 10_000
# 8 MB. What a few minutes of work leave in a smaller table is no matter.
_LEAST_BLOCKS = 1_000


@dataclass(frozen=True)
class Bloat:
    """A table's blocks, the share of them that no live row fills, and the dead rows that statistics know of."""

    table: str
    blocks: int
    share: float
    dead: int

    @property
    def diagnosis(self) -> Diagnosis:
        """The cause and the remedy."""
        known = f", among them {self.dead:,} dead rows" if self.dead else ""
        return Diagnosis(
            "bloat",
            f"bloat: no live row fills {self.share:.0%} of the {self.blocks:,} blocks of {self.table}{known}",
            f"vacuum {_SCHEMA}.{self.table} makes the room free for new rows, vacuum full gives it back; see why "
            "autovacuum does not keep up (long transactions, autovacuum_vacuum_scale_factor)",
        )


def measure_bloat(observer: Observer, tables: Iterable[str]) -> list[Bloat]:
    """The bloat of each of the tables; of a table of less than 8 MB there is none to speak of."""
    with observer.as_overseer() as connection:
        return [_of(connection, table) for table in dict.fromkeys(tables)]


def _of(connection: psycopg.Connection[Any], table: str) -> Bloat:
    row = connection.execute(_SQL["describe_table"].sql, {"table": f"{_SCHEMA}.{table}"}).fetchone()
    blocks, room, dead = row or (0, 1, 0)
    if blocks < _LEAST_BLOCKS:
        return Bloat(table, blocks, 0.0, dead)
    percent = min(100.0, 100.0 * _MOST_BLOCKS / blocks)
    statement = sql.SQL(_SQL["add_live_bytes"].sql).format(
        table=sql.Identifier(_SCHEMA, table), percent=sql.Literal(percent)
    )
    live = connection.execute(statement).fetchone()
    share = 1 - float(live[0] if live else 0) * (100 / percent) / (blocks * room)
    return Bloat(table, blocks, min(max(share, 0.0), 1.0), dead)
