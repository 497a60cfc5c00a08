"""`virtualq seed`, as its users run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.seeding.facts import GOLDEN_HASH, SMALL, SQL, ask

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

pytestmark = pytest.mark.server

BOUND_S = 120
SMALL_OPTIONS = ("--tickets", "300", "--tenants", "3", "--locale", "en_GB")


def command(*arguments: str) -> dict[str, Any]:
    """How a process of its own is started."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUALQ_DATABASE_URL"}
    return {
        "args": [sys.executable, "-m", "virtualq_core.cli", "seed", *arguments],
        "env": {**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        "text": True,
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(**command(*arguments), capture_output=True, check=False, timeout=BOUND_S)


def test_json_is_the_dataset_and_all_that_stdout_says(database: Database) -> None:
    """The bars are stderr's; the figures are the marker's, and how long it took."""
    done = run(*SMALL_OPTIONS, "--database-url", database.dsn, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["hash"] == GOLDEN_HASH
    assert told["tickets"] == SMALL.tickets
    assert 0 < told["duration_s"] < BOUND_S
    (counts,) = ask(database, "count_rows")
    assert counts["history"] == told["history"]


def test_people_are_told_what_was_seeded(database: Database) -> None:
    """Where, how much, which dataset, and the queue to look at."""
    done = run(*SMALL_OPTIONS, "--database-url", database.dsn)
    assert done.returncode == 0, done.stderr
    assert f"'{database.name}'" in done.stdout
    assert GOLDEN_HASH[:12] in done.stdout
    assert "300 tickets" in done.stdout
    assert "exactly 75 open tickets" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--tickets", "0"), 2, "too few tickets"),
        (("--tenants", "20000"), 2, "no such number of tenants"),
        (("--locale", "xx_YY"), 2, "no locale 'xx_YY'"),
        (("--now", "yesterday"), 2, "'yesterday' is no time"),
        (("--now", "2025-01-01T00:00:00"), 2, "has no time zone"),
        (("--database-url", "postgresql://127.0.0.1:1/nothing?connect_timeout=1"), 4, "no answer"),
    ],
)
def test_bad_input_is_one_clear_error(database: Database, arguments: tuple[str, ...], code: int, message: str) -> None:
    """The right exit code, and no traceback."""
    given = arguments if "--database-url" in arguments else (*arguments, "--database-url", database.dsn)
    done = run(*given)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_full_database_is_refused(database: Database) -> None:
    """Exit 4, and the rows stay."""
    assert run(*SMALL_OPTIONS, "--database-url", database.dsn).returncode == 0
    before = ask(database, "digest_rows")
    done = run(*SMALL_OPTIONS, "--database-url", database.dsn)
    assert done.returncode == 4
    assert "not empty" in done.stderr
    assert ask(database, "digest_rows") == before


@pytest.mark.slow
def test_ctrl_c_ends_the_command_and_leaves_nothing(database: Database) -> None:
    """However far it was: exit 130, one line, and an empty database."""
    process = subprocess.Popen(
        **command("--tickets", "60000", "--database-url", database.dsn), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with database.connect() as connection:
        while process.poll() is None and connection.execute(SQL["count_copies"].sql).fetchone() == (0,):
            pass
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=BOUND_S)
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert stdout == ""
    assert ask(database, "count_rows")[0]["tenants"] == 0
