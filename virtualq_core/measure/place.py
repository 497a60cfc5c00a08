"""Databases to measure in: one that holds data already, or a fresh one that is seeded for the purpose."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtualq_core.database import guard
from virtualq_core.database.clone import rights, working_database
from virtualq_core.database.guard import Standing
from virtualq_core.database.layout import Layout
from virtualq_core.seeding import SeedPlan, read_dataset
from virtualq_core.seeding.kept import Recipe, seeded_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.growth import SizedDatabase

TENANTS = 12


@contextmanager
def data_on(
    server: Server, *, tickets: int, seed_number: int = 1, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Database]:
    """
    The server's database where it holds VirtualQ's schema, else a fresh one, seeded, and dropped at the end.

    A server given by url is never seeded: its database is taken as it is.
    """
    if server.kind == "url":
        yield server.maintenance
        return
    database = working_database(server, make=False)
    if guard.examine(database) is Standing.MARKED:
        with database.connect() as connection:
            present = read_dataset(connection)
        if present is not None:
            tell(f"measuring in '{database.name}': {present.tickets:,} tickets")
            yield database
            return
    tell(f"no seeded database; measuring in a fresh one with {tickets:,} tickets")
    with seeded(server, tickets=tickets, seed_number=seed_number) as fresh:
        yield fresh


@contextmanager
def seeded(
    server: Server,
    *,
    tickets: int,
    seed_number: int = 1,
    tenants: int = TENANTS,
    indexes: str = "seed",
    layout: Layout = Layout.NONE,
) -> Iterator[Database]:
    """A fresh, seeded database, dropped at the end; a large dataset is kept and copied the next time."""
    with seeded_copy(server, Recipe(SeedPlan(tickets, tenants, seed=seed_number), indexes, layout)) as database:
        yield database


def sizes_on(server: Server, *, seed_number: int = 1) -> SizedDatabase | None:
    """Databases of any size on the server, seeded alike; none where its role may make no database."""
    if server.kind == "url" and not rights(server).may_create_database:
        return None
    return lambda tickets: seeded(server, tickets=tickets, seed_number=seed_number)
