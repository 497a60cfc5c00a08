"""One small seeded database for the tests that only look at it, and the questions that they ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.database.clone import fresh_database
from virtualq_core.seeding import SeedPlan, seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.seeding import Dataset

SQL = content.beside(__file__, "facts.sql")
PLAN = SeedPlan(tickets=20_000, tenants=12)
SMALL = SeedPlan(tickets=300, tenants=3, locales=("en_GB",))


@dataclass(frozen=True)
class Seeded:
    """A database with a dataset in it."""

    database: Database
    dataset: Dataset

    def ask(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a statement of `facts.sql`, with every tenant's rows in sight."""
        return ask(self.database, statement, **parameters)


def ask(database: Database, statement: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows of a statement of `facts.sql`, with every tenant's rows in sight."""
    with (
        database.connect(role="virtualq_maintainer") as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        return cursor.execute(SQL[statement].sql, parameters).fetchall()


@pytest.fixture(scope="session")
def seeded(server: Server, template: Database) -> Iterator[Seeded]:
    """20,000 tickets of 12 tenants; to be looked at, not to be changed."""
    with fresh_database(server, template=template.name, prefix="vq_seeded") as database:
        yield Seeded(database, seed(database, PLAN))
