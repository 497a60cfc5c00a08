"""What lies on disk: the bytes of each table and each index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.measure.twin.effect import RelationSize

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "space.sql")


def relation_sizes(database: Database) -> dict[tuple[str, str], int]:
    """Bytes by name and kind (`table` or `index`); a table's without its indexes."""
    with database.connect() as connection:
        rows = connection.execute(_SQL["list_sizes"].sql).fetchall()
    return {(name.removeprefix("virtualq."), kind): size_bytes for name, kind, size_bytes in rows}


def changed_sizes(before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]) -> list[RelationSize]:
    """The tables and indexes whose bytes differ, or that only one side has."""
    return [
        RelationSize(name=name, kind=kind, before_bytes=before.get((name, kind)), after_bytes=after.get((name, kind)))
        for name, kind in {**before, **after}
        if before.get((name, kind)) != after.get((name, kind))
    ]
