"""Fixtures, options and markers of the server: one per session, one template of the schema, a fresh clone per test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.layout import Layout
    from virtualq_core.database.server import Database, Server

MARKERS = (
    "server: needs a PostgreSQL server; the harness brings one",
    "slow: takes more than a second",
    "requires(capability): skipped, with the reason, where the server lacks the capability",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the server."""
    group = parser.getgroup("virtualq")
    group.addoption(
        "--database-url",
        metavar="URL",
        help="the server to test on; VIRTUALQ_DATABASE_URL does the same (default: an embedded one)",
    )
    group.addoption(
        "--postgres-bin", metavar="DIR", type=Path, help="the programs of another installed PostgreSQL to start"
    )
    group.addoption("--partition", metavar="NAME", default="none", help="how `template` and `dataset` are partitioned")


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(autouse=True)
def _required_capabilities(request: pytest.FixtureRequest) -> None:
    """Skip a test whose `requires` names what is not there."""
    names = [name for marker in request.node.iter_markers("requires") for name in marker.args]
    if not names:
        return
    from virtualq_core.database import capability

    for name in names:
        if name in capability.WITHOUT_SERVER:
            missing = capability.lacking_without_server(name)
        elif name in capability.IN_DATABASE:
            missing = capability.lacking_in_database(request.getfixturevalue("database_under_test"), name)
        else:
            missing = capability.lacking(request.getfixturevalue("server"), name)
        if missing is not None:
            pytest.skip(f"missing: {missing}")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running PostgreSQL for the whole session."""
    from virtualq_core.database.provider import provide

    url, programs = request.config.getoption("--database-url"), request.config.getoption("--postgres-bin")
    with provide(database_url=url, postgres_bin=programs) as found:
        yield found


@pytest.fixture(scope="session")
def layout(request: pytest.FixtureRequest) -> Layout:
    """How the tables of the databases that are made here lie."""
    from virtualq_core.database.layout import Layout

    return Layout.named(request.config.getoption("--partition"))


@pytest.fixture(scope="session")
def template(server: Server, layout: Layout) -> Iterator[Database]:
    """A database with the schema installed and nothing else; to be cloned, not to be written into."""
    from virtualq_core.database.clone import fresh_database
    from virtualq_core.database.install import install

    with fresh_database(server, prefix="vq_template") as made:
        install(made, layout=layout)
        yield made


@pytest.fixture
def database(server: Server, template: Database) -> Iterator[Database]:
    """A fresh clone of the template, for one test."""
    from virtualq_core.database.clone import fresh_database

    with fresh_database(server, template=template.name, prefix="vq_test") as made:
        yield made
