"""
What every test here stands on: the database under test, two tenants in it, and those who act in them.

The suite works in tenants of its own and off-boards them at its end; no other tenant's row is touched. What only an
owner may do is tried out in transactions that are rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core import content
from virtualq_core.conformance.matrix.scene import Scene
from virtualq_core.conformance.matrix.tally import Tally
from virtualq_core.conformance.world import Actor, Application, Tenant, World, under_test
from virtualq_core.subjects import backend_pid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.database.server import Database, Server
    from virtualq_core.subjects import Subject, SubjectSession

_AUDIT = content.beside(__file__, "audit.sql")

# In a checkout that is not installed, the plugin has no entry point yet.
_INSTALLED = any(entry.value == "virtualq_core.pytest_plugin" for entry in entry_points(group="pytest11"))
pytest_plugins = [] if _INSTALLED else ["virtualq_core.pytest_plugin"]


@pytest.fixture(scope="session")
def database_under_test(server: Server) -> Iterator[Database]:
    """The database that the caller named, where it carries the schema; else a fresh one."""
    with under_test(server) as database:
        yield database


@pytest.fixture(scope="session")
def world(database_under_test: Database) -> Iterator[World]:
    """The suite's account in that database."""
    opened = World(database_under_test)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def north(world: World) -> Tenant:
    """The tenant that most tests are about."""
    return world.open_tenant("North")


@pytest.fixture(scope="session")
def south(world: World) -> Tenant:
    """The tenant next door."""
    return world.open_tenant("South")


@pytest.fixture(scope="session")
def scene(world: World) -> Iterator[Scene]:
    """Two tenants more, with a row of every kind, and one with none: what the tenancy matrix is about."""
    with world.maintainer() as maintainer:
        opened = Scene(world, maintainer)
        yield opened
        opened.close()


@pytest.fixture
def tally(expect: Expectation, evidence: Callable[[str], None]) -> Tally:
    """What a test asks of the matrix, and what was not answered as it should be."""
    return Tally(expect, evidence)


@pytest.fixture(scope="module")
def app(world: World, north: Tenant) -> Iterator[Application]:
    """The application in North's name, by plain SQL."""
    with world.application(north) as application:
        yield application


@pytest.fixture
def draft(app: Application) -> Iterator[Application]:
    """The same, and all that it does in the test is rolled back: for what one connection can try out."""
    with app.trial():
        yield app


@pytest.fixture(scope="module")
def neighbour(world: World, south: Tenant) -> Iterator[Application]:
    """The application in South's name."""
    with world.application(south) as application:
        yield application


@pytest.fixture(scope="module")
def owner(world: World, north: Tenant) -> Iterator[Actor]:
    """The owner of the schema, seeing at least North's rows."""
    with world.owner(north) as actor:
        yield actor


@pytest.fixture(scope="module")
def maintainer(world: World) -> Iterator[Actor]:
    """The role that sees across tenants."""
    with world.maintainer() as actor:
        yield actor


@dataclass(frozen=True)
class Audit:
    """What the database's audit found while rows were there that break its rules."""

    corrupted: dict[str, int]
    twin: UUID
    violations: list[Any]


@pytest.fixture(scope="session")
def audit(world: World, north: Tenant, south: Tenant) -> Audit:
    """One audit of the whole database, which may be large, with a ticket corrupted for each rule; all rolled back."""
    corruptions = [name for name in _AUDIT if name.startswith("corrupt_")]
    with world.application(north) as app:
        tickets = {name: app.create("start", "complete") for name in corruptions}
        twin_of = app.create()
    with world.owner(north) as owner, owner.trial():
        owner.change(_AUDIT["silence_tickets"])
        owner.change(_AUDIT["silence_history"])
        for name, ticket_id in tickets.items():
            assert owner.change(_AUDIT[name], ticket_id=ticket_id) == 1
        twin = owner.value(_AUDIT["plant_twin"], ticket_id=twin_of)
        violations = owner.run(_AUDIT["find_violations"], tenant_ids=[north.id, south.id])
    broken = {name.removeprefix("corrupt_").replace("_", "-"): ticket_id for name, ticket_id in tickets.items()}
    return Audit(broken, twin, violations)


@pytest.fixture(scope="module")
def client(subject: Subject, database_under_test: Database) -> Iterator[SubjectSession]:
    """One client of the subject under test."""
    with subject.open(database_under_test.dsn) as session:
        yield session


@pytest.fixture
def client_pid(client: SubjectSession) -> int:
    """The server process that serves that client, for tests that watch it wait."""
    pid = backend_pid(client)
    if pid is None:
        pytest.skip("missing: a client that tells its server process")
    return pid
