"""One small seeded database for the tests that only look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.seeding.facts import PLAN, SMALL, Seeded
from virtualq_core.database.clone import fresh_database
from virtualq_core.seeding import seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server


@pytest.fixture(scope="session")
def seeded(server: Server, template: Database) -> Iterator[Seeded]:
    """20,000 tickets of 12 tenants; to be looked at, not to be changed."""
    with fresh_database(server, template=template.name, prefix="vq_seeded") as database:
        yield Seeded(database, seed(database, PLAN))


@pytest.fixture(scope="session")
def seeded_small(server: Server, template: Database) -> Iterator[Seeded]:
    """A few hundred tickets; to be copied and broken."""
    with fresh_database(server, template=template.name, prefix="vq_seeded") as database:
        yield Seeded(database, seed(database, SMALL))
