"""Installing: everything or nothing, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import install
from virtualq_core.database.version import schema_hash

if TYPE_CHECKING:
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server


def test_an_installed_database_is_marked_with_the_version_of_its_schema(server: Server) -> None:
    """What was installed can be told from the database itself."""
    with fresh_database(server) as database:
        made = install(database)

        assert guard.examine(database) is Standing.MARKED
        assert (made.schema_hash, made.indexes, made.harness_may_write) == (schema_hash(), "seed", True)


def test_the_same_schema_is_not_installed_twice(database: Database) -> None:
    """A second installation finds the first one and leaves it as it is."""
    first = guard.find(database).installation

    assert install(database) == first
