"""`virtualq conform`: what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
from threading import Event
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.requirement import load
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from tests.cli.conftest import VirtualQ
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.slow

SQL = content.beside(__file__, "test_conform.sql")


def test_the_requirements_are_listed_without_a_server(virtualq: VirtualQ) -> None:
    """Every one of them, on stdout."""
    ended = virtualq("conform", "--list")

    assert ended.returncode == 0
    assert all(f"**{each}**" in ended.stdout for each in load().requirements)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "TRM"), "no requirement or family 'TRM'; expected TRN"),
        (("--subject", "x"), "no subject named 'x'"),
    ],
)
@pytest.mark.server
def test_what_does_not_exist_is_an_error_of_usage(virtualq: VirtualQ, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2, one message, no traceback."""
    ended = virtualq("conform", *arguments)

    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.server
def test_a_good_database_passes(virtualq: VirtualQ, database: Database) -> None:
    """Exit 0, and a line for each family."""
    ended = virtualq("conform", "--only", "IDN", "--only", "TRN-004", "-v", "--database-url", database.dsn)

    assert ended.returncode == 0, ended.stderr
    assert "ok      TRN  transition         1 of 1 hold" in ended.stdout
    assert "ok      IDN  identity           6 of 6 hold" in ended.stdout
    assert "passed  TRN-004" in ended.stdout
    assert "passed: 7 requirements: 7 passed" in ended.stdout


@pytest.mark.server
def test_a_wrong_database_fails_by_name(virtualq: VirtualQ, database: Database) -> None:
    """Exit 1; the requirement with what was observed, what was expected and what to do next, and the same as JSON."""
    with database.connect() as connection:
        connection.execute(SQL["disable_enforcement"].sql)
    arguments = ("conform", "--only", "TRN-001", "--database-url", database.dsn)

    told, as_json = virtualq(*arguments), virtualq(*arguments, "--json")
    assert (told.returncode, as_json.returncode) == (1, 1)
    lines = told.stdout.splitlines()
    assert "BROKEN  TRN  transition         0 of 1 hold" in lines
    assert any(line.startswith("FAILED TRN-001 (must): A ticket's state changes along an edge") for line in lines)
    assert "  expected a refusal by 23514 ticket_transition_is_legal or 42501" in lines
    assert "  next: virtualq conform --database-url URL --only TRN-001" in lines
    document = json.loads(as_json.stdout)
    assert document["verdict"] == "failed"
    assert [(each["id"], each["verdict"]) for each in document["requirements"]] == [("TRN-001", "failed")]


@pytest.mark.server
def test_a_database_that_is_not_ours_is_refused(virtualq: VirtualQ, server: Server, database: Database) -> None:
    """Exit 4 without the mark or with somebody's tables; an empty one is left empty."""
    guard.mark(database, may_write=False)
    assert virtualq("conform", "--database-url", database.dsn).returncode == 4
    with fresh_database(server) as other:
        assert virtualq("conform", "--only", "IDN-005", "--database-url", other.dsn).returncode == 0
        assert guard.examine(other) is guard.Standing.EMPTY
        with other.connect() as connection:
            connection.execute(SQL["make_foreign_table"].sql)
        assert virtualq("conform", "--database-url", other.dsn).returncode == 4


@pytest.mark.server
def test_an_interrupted_run_cleans_up(virtualq: VirtualQ, database: Database) -> None:
    """After Ctrl-C the suite's tenants are gone, and the exit code is that of an interrupt."""
    pause = Event()
    begun = virtualq.begin("conform", "--database-url", database.dsn)
    with database.connect(role=MAINTAINER_ROLE) as connection:
        while connection.execute(SQL["count_tenants"].sql).fetchone() == (0,):
            assert begun.poll() is None
            pause.wait(0.01)
        begun.send_signal(signal.SIGINT)
        _, said = begun.communicate(timeout=60)

        assert begun.returncode == 130, said
        assert connection.execute(SQL["count_tenants"].sql).fetchone() == (0,)
