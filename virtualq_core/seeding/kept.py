"""
Datasets that are kept: seeded once, copied ever after.

A large dataset takes many minutes to seed and one to copy. When one has been seeded on the harness's own server, a copy
of its database is kept there under a name made of everything that decides its rows: the plan, the schema, the set of
indexes and the seeder itself. The name is given last, when the copy is whole: a killed run leaves at most a database
that bears a run's name, and the next run drops it. The least recently used make room for new ones.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from virtualq_core import content
from virtualq_core.database import clone, guard
from virtualq_core.database.cache import DiskFull
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import index_file, install
from virtualq_core.database.layout import Layout
from virtualq_core.database.version import schema_hash
from virtualq_core.errors import EnvironmentFault
from virtualq_core.seeding.load import read_dataset, seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from virtualq_core.database.server import Database, Server
    from virtualq_core.seeding.dataset import Dataset
    from virtualq_core.seeding.load import Progress
    from virtualq_core.seeding.plan import SeedPlan

_SQL = content.beside(__file__, "kept.sql")
_log = logging.getLogger(__name__)

LEAST_TICKETS = 200_000
"""Smaller datasets are not kept: they are seeded within some twenty seconds."""

SHARE = 1 / 2
"""Kept datasets take at most this share of the disk space that they and nobody use."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is in a seeded database."""

    plan: SeedPlan
    indexes: str = "seed"
    layout: Layout = Layout.NONE

    @property
    def name(self) -> str:
        """The name of the database that is kept for it: the same recipe, schema and seeder, the same name."""
        parts = [
            self.plan.identity,
            schema_hash(layout=self.layout),
            index_file(self.indexes).read_text(encoding="utf-8"),
            _seeder_hash(),
        ]
        return f"vq_kept_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"

    def is_kept_on(self, server: Server) -> bool:
        """Whether it is large enough to be kept, and the server the harness's own."""
        return self.plan.tickets >= LEAST_TICKETS and server.kind != "url"


@dataclass(frozen=True)
class Kept:
    """A dataset that is kept on a server; `used_at` is in seconds since 1970."""

    database: str
    plan: str
    indexes: str
    layout: str
    size_bytes: int
    used_at: float


def find_kept(server: Server, recipe: Recipe) -> str | None:
    """The name of the database that is kept for a recipe, marked as used now; None where there is none."""
    if not recipe.is_kept_on(server):
        return None
    with server.maintenance.connect() as connection:
        if connection.execute(_SQL["find_one"].sql, {"name": recipe.name}).fetchone() is None:
            return None
        _sign(connection, recipe)
    return recipe.name


def list_kept(server: Server) -> list[Kept]:
    """What is kept on a server, the least recently used first."""
    with server.maintenance.connect() as connection:
        return _list(connection)


def drop_kept(server: Server) -> list[Kept]:
    """Drop what is kept and not being copied at the moment; return what was dropped."""
    with server.maintenance.connect() as connection:
        return [one for one in _list(connection) if _drop(connection, one)]


@contextmanager
def seeded_copy(
    server: Server, recipe: Recipe, *, prefix: str = "vq_measure", progress: Progress | None = None
) -> Iterator[Database]:
    """A fresh database with the recipe's data, copied from the kept one or seeded and kept; dropped at the end."""
    kept = find_kept(server, recipe)
    with clone.fresh_database(server, template=kept, prefix=prefix) as database:
        if kept is None:
            obtain(database, recipe, progress=progress)
        yield database


def obtain(database: Database, recipe: Recipe, *, is_kept: bool = True, progress: Progress | None = None) -> Dataset:
    """
    The recipe's data in an empty or freshly installed database: copied from what is kept, or seeded and then kept.

    Raises:
        GuardRefusal: the database is not the harness's to write into, or holds tenants or tickets already.
        EnvironmentFault: no answer, no room, no right.
    """
    if guard.require_writable(database).standing is Standing.EMPTY:
        kept = find_kept(database.server, recipe) if is_kept else None
        if kept is not None:
            clone.replace_empty(database, template=kept)
            return _dataset(database)
        install(database, indexes=recipe.indexes, layout=recipe.layout)
    dataset = seed(database, recipe.plan, layout=recipe.layout, progress=progress)
    if is_kept:
        keep(database, recipe)
    return dataset


def keep(database: Database, recipe: Recipe) -> bool:
    """
    Keep a copy of a freshly seeded database for later runs; whether it is there now.

    Nobody may be connected to the database. On a server that is not the harness's own, and where there is no room,
    nothing is kept; the log says so in the second case.
    """
    server = database.server
    if not recipe.is_kept_on(server):
        return False
    with server.maintenance.connect() as connection:
        if connection.execute(_SQL["find_one"].sql, {"name": recipe.name}).fetchone() is not None:
            return True
        try:
            _make_room(connection, database)
            with clone.fresh_database(server, template=database.name, prefix="vq_keep") as copy:
                connection.execute(_named("rename", name=copy.name, new_name=recipe.name))
            _sign(connection, recipe)
        except (errors.DuplicateDatabase, DiskFull) as error:
            _log.warning("the dataset is not kept: %s", error)
            return False
    return True


def _dataset(database: Database) -> Dataset:
    with database.connect() as connection:
        found = read_dataset(connection)
    if found is None:
        raise EnvironmentFault(f"the copy in '{database.name}' holds no dataset", next_step="virtualq db kept --drop")
    return found


@cache
def _seeder_hash() -> str:
    """Of everything in this package, and of the library that its words are from."""
    digest = hashlib.sha256(version_of("faker").encode())
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("*.sql"), *folder.glob("types/*.json")]):
        if path.stem not in {"__init__", "kept"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_room(connection: Connection[Any], database: Database) -> None:
    """
    Drop what was used longest ago, until the new copy is within its share of the disk.

    Raises:
        DiskFull: it would not be within its share alone.
    """
    if database.server.data_dir is None:
        return
    row = connection.execute(_SQL["read_size"].sql, {"name": database.name}).fetchone()
    wanted_bytes = int(row[0]) if row else 0
    kept = _list(connection)
    taken_bytes = sum(one.size_bytes for one in kept)
    most_bytes = int((_free_bytes(database.server.data_dir) + taken_bytes) * SHARE)
    if wanted_bytes > most_bytes:
        raise DiskFull(
            "no room to keep a dataset",
            observed=f"{wanted_bytes / 2**30:.1f} GiB",
            expected=f"at most half of what is free: {most_bytes / 2**30:.1f} GiB",
        )
    for one in kept:
        if taken_bytes + wanted_bytes <= most_bytes:
            return
        if _drop(connection, one):
            taken_bytes -= one.size_bytes


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _sign(connection: Connection[Any], recipe: Recipe) -> None:
    """Say what is kept, and that it is used now."""
    told = {
        "plan": recipe.plan.identity,
        "indexes": recipe.indexes,
        "layout": str(recipe.layout),
        "used_at": time.time(),
    }
    statement = sql.SQL(_SQL["sign"].sql)
    connection.execute(statement.format(name=sql.Identifier(recipe.name), told=sql.Literal(json.dumps(told))))


def _list(connection: Connection[Any]) -> list[Kept]:
    found = []
    for name, comment, size_bytes in connection.execute(_SQL["list_kept"].sql).fetchall():
        told = json.loads(comment) if comment and comment.startswith("{") else {}
        plan, indexes, layout = (str(told.get(part, "")) for part in ("plan", "indexes", "layout"))
        found.append(Kept(name, plan, indexes, layout, size_bytes, float(told.get("used_at", 0.0))))
    return sorted(found, key=lambda one: one.used_at)


def _drop(connection: Connection[Any], one: Kept) -> bool:
    try:
        connection.execute(_named("drop", name=one.database))
    except errors.ObjectInUse:
        return False
    return True


def _named(statement: str, **names: str) -> sql.Composed:
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    return sql.SQL(_SQL[statement].sql).format(**identifiers)
