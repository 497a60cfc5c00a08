"""A server of its own, whose databases have stand-ins for Citus: the real one is not to be had without containers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.content import statements
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.layout import Layout
from virtualq_core.database.provider import private_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

STAND_IN = statements(Path(__file__).with_name("stand_in.sql"))


@pytest.fixture(scope="session")
def node() -> Iterator[Server]:
    """A server that nobody else uses, because the layout lets its roles log in, and roles belong to the server."""
    with private_server() as server:
        yield server


@pytest.fixture
def pretended(node: Server) -> Iterator[Database]:
    """An empty database that takes itself for a coordinator."""
    with fresh_database(node) as database:
        with database.connect() as connection:
            connection.execute(STAND_IN["make_stand_ins"].sql)
        yield database


@pytest.fixture(scope="session")
def spread(node: Server) -> Iterator[Database]:
    """A database in the layout, shared by the tests: each uses a tenant of its own."""
    with fresh_database(node) as database:
        with database.connect() as connection:
            connection.execute(STAND_IN["make_stand_ins"].sql)
        install(database, layout=Layout.DISTRIBUTED)
        yield database


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A copy of `schema/`, for a test to break."""
    for name in ("install", "indexes", "types", "queries", "distributed"):
        shutil.copytree(content.folder("schema") / name, tmp_path / name)
    return tmp_path
