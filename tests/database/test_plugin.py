"""The pytest plugin: servers when asked for, skips with reasons, and nothing at all for those who ask for nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Server

PLUGIN = "virtualq_core.pytest_plugin"


def run_suite(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one module in a pytest of its own, as a team outside this repository would."""
    (folder / "test_suite.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:locust -p no:faker -p no:cacheprovider\n")
    installed = any(entry.value == PLUGIN for entry in entry_points(group="pytest11"))
    named = () if installed else ("-p", PLUGIN)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "--strict-markers", *named, *options, folder],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_suite_that_needs_no_server_pays_nothing(tmp_path: Path) -> None:
    """The plugin is loaded in every pytest run on the machine; the driver is not."""
    suite = """
import sys

def test_nothing():
    assert "virtualq_core.fix_server" in sys.modules
    assert not sys.modules.keys() & {"psycopg", "psutil", "typer", "sqlalchemy", "locust", "jsonschema", "numpy"}
"""
    done = run_suite(tmp_path, suite)

    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.server
def test_every_test_has_a_fresh_copy_of_the_installed_schema(tmp_path: Path, server: Server) -> None:
    """What one test writes, the next one does not see."""
    suite = """
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_alone(database, turn):
    with database.connect(role="virtualq_maintainer") as connection:
        assert connection.execute("select count(*) from virtualq.Account").fetchone() == (0,)
        connection.execute("insert into virtualq.Account (name) values ('x')")
"""
    done = run_suite(tmp_path, suite, "--database-url", server.dsn)

    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.server
def test_a_capability_that_is_missing_skips_with_the_reason(tmp_path: Path, owned_server: Server) -> None:
    """Whoever reads the report knows what to bring."""
    suite = """
import pytest

@pytest.mark.requires("superuser")
def test_power(): pass

@pytest.mark.requires("createdb")
def test_clone(): pass
"""
    done = run_suite(tmp_path, suite, "--database-url", owned_server.dsn)

    assert "1 passed, 1 skipped" in done.stdout, done.stdout
    assert "missing: a superuser" in done.stdout


@pytest.mark.slow
@pytest.mark.server
def test_a_capability_that_nobody_knows_fails(tmp_path: Path, server: Server) -> None:
    """Skipped for ever, it would look well."""
    suite = 'import pytest\n\n@pytest.mark.requires("superuse")\ndef test_power(): pass\n'

    done = run_suite(tmp_path, suite, "--database-url", server.dsn)

    assert done.returncode == 1
    assert "no capability named 'superuse'" in done.stdout
