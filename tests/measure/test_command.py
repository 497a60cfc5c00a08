"""`virtualq plans` and `virtualq bench`, as processes of their own on a seeded database."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.database import guard

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Database

FAULTS = content.beside(__file__, "fault.sql")
INDEX = "idx_ticket_queue_state_created"
BOUND_S = 120


def virtualq(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "virtualq_core.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=BOUND_S)


def drop_index(database: Database) -> None:
    """Plant the fault that everybody plants first."""
    with database.connect() as connection:
        connection.execute(FAULTS["drop_queue_index"].sql)


@pytest.mark.server
@pytest.mark.slow
def test_plans_names_the_missing_index_and_the_query(dataset_copy: Database) -> None:
    """And exits 1."""
    drop_index(dataset_copy)

    done = virtualq("plans", "--query", "list_queue", "--database-url", dataset_copy.dsn)

    assert done.returncode == 1, done.stderr
    assert f"list_queue is not served by {INDEX}" in done.stdout
    assert "missing-index" in done.stdout


@pytest.mark.server
@pytest.mark.slow
def test_plans_kept_are_held_against_todays(dataset_copy: Database, tmp_path: Path) -> None:
    """The same plans exit 0; another one exits 1 and stands beside the one that was kept."""
    kept = tmp_path / "plans.json"
    url = ("--database-url", dataset_copy.dsn)

    saved = virtualq("plans", "--save", kept, *url)
    same = virtualq("plans", "--query", "list_queue_in_state", "--against", kept, *url)
    drop_index(dataset_copy)
    changed = virtualq("plans", "--query", "list_queue_in_state", "--against", kept, *url)

    assert (saved.returncode, same.returncode, changed.returncode) == (0, 0, 1), saved.stderr + same.stderr
    assert "changed:" not in same.stdout
    assert INDEX in changed.stdout
    assert "likely cause: " in changed.stdout
    assert "changed: list_queue_in_state, big tenant" in changed.stdout


@pytest.mark.server
@pytest.mark.slow
def test_bench_names_the_budget_that_is_not_kept(dataset: Database, tmp_path: Path) -> None:
    """A hundredth of a millisecond is too little; the result is JSON on stdout, and nothing else is."""
    budgets = tmp_path / "budgets.toml"
    budgets.write_text("[queue_depth]\np99_ms = 0.01\n")

    done = virtualq("bench", "--budgets", budgets, "--budget", "queue_depth", "--json", "--database-url", dataset.dsn)

    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    [failed] = [one for one in document["budgets"] if one["verdict"] == "failed"]
    assert (failed["name"], failed["metric"], failed["limit"]) == ("queue_depth", "p99_ms", 0.01)
    assert failed["interval"][0] > 0.01


@pytest.mark.server
@pytest.mark.slow
def test_bench_only_reads_without_the_mark(dataset_copy: Database) -> None:
    """What writes is skipped, and says so; nothing fails."""
    guard.mark(dataset_copy, may_write=False)

    done = virtualq("bench", "--budget", "transition", "--database-url", dataset_copy.dsn)

    assert done.returncode == 0, done.stderr
    assert "the harness may not write here" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("bench", "--budget", "queue_monitorin"), "'queue_monitoring'"),
        (("plans", "--query", "list_queu"), "list_queue"),
        (("plans", "--budgets", "nowhere.toml"), "nowhere.toml"),
        (("plans", "--against", "nowhere.json"), "nowhere.json"),
        (("plans", "--against", __file__), "does not hold saved plans"),
        (("plans", "--save", "nowhere/plans.json"), "nowhere/plans.json"),
    ],
)
def test_what_does_not_exist_is_refused_before_any_server_is_started(arguments: tuple[str, ...], nearest: str) -> None:
    """With exit 2, one error, and no traceback."""
    done = virtualq(*arguments, "--database-url", "postgresql://nobody@127.0.0.1:1/none")

    assert done.returncode == 2
    assert nearest in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["plans", "bench"])
def test_an_unreachable_server_is_one_clear_error(command: str) -> None:
    """With exit 4."""
    done = virtualq(command, "--database-url", "postgresql://nobody@127.0.0.1:1/none")

    assert done.returncode == 4
    assert "no-server" in done.stderr
    assert "Traceback" not in done.stderr
