"""The main job as a user runs it: a good database passes, each planted fault is named, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from psycopg.conninfo import conninfo_to_dict

from virtualq_core import content
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.provider import URL_VARIABLE
from virtualq_core.report import document

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Database, Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

SQL = content.beside(__file__, "check.sql")
TICKETS = "4000"
TIMEOUT_S = 300


def virtualq(*arguments: str, out: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own."""
    where = () if out is None else ("--out", str(out))
    return subprocess.run(
        [sys.executable, "-m", "virtualq_core.cli", *arguments, *where],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def results(out: Path) -> dict[str, Any]:
    """The results that a check left, held to their schema."""
    read: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    document.validate(read)
    return read


def as_url(database: Database) -> str:
    """The database as people name theirs."""
    parts = conninfo_to_dict(database.dsn)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}&port={parts['port']}"


def problems(found: dict[str, Any], stage: str) -> str:
    """Everything that a stage says went wrong, as one text."""
    return "\n".join(str(problem) for each in found["stages"] if each["name"] == stage for problem in each["problems"])


def test_an_empty_database_is_installed_seeded_and_judged(server: Server, tmp_path: Path) -> None:
    """
    On an empty database every stage runs, and the three files are there and valid; again, it is judged as it is.

    The lean indexes keep every promise of the document's, and stay when nobody names them.
    """
    with fresh_database(server, prefix="vq_given") as database:
        asked = ("--indexes", "lean", "--tickets", TICKETS)
        first = virtualq("check", *asked, "--database-url", as_url(database), out=tmp_path)
        found = results(tmp_path)
        again = virtualq("check", "--database-url", as_url(database), out=tmp_path / "again")
        second = results(tmp_path / "again")

    verdicts = {each["name"]: each["verdict"] for each in found["stages"]}
    assert first.returncode in {0, 3}, first.stdout + first.stderr
    assert {name: verdict for name, verdict in verdicts.items() if name != "budgets"} == dict.fromkeys(
        ("environment", "install", "seed", "conformance", "plans", "load"), "passed"
    )
    assert found["load"]["violations"] == []
    assert ET.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"  # noqa: S314 (our own file)
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert again.returncode in {0, 3}, again.stdout + again.stderr
    assert second["dataset"]["hash"] == found["dataset"]["hash"]


def test_each_planted_fault_is_named(tmp_path: Path) -> None:
    """A dropped index, a disabled trigger and an absurd budget fail their stages by name; the others still run."""
    change = tmp_path / "change.sql"
    change.write_text(SQL["plant_faults"].sql, encoding="utf-8")
    budgets = tmp_path / "budgets.toml"
    budgets.write_text("[queue_monitoring]\np99_ms = 0.01\n", encoding="utf-8")

    ended = virtualq(
        "check", "--tickets", TICKETS, "--apply", str(change), "--budgets", str(budgets), out=tmp_path / "out"
    )
    found = results(tmp_path / "out")
    broken = {each["id"] for each in found["requirements"] if each["verdict"] == "failed"}
    assert ended.returncode == 1
    assert "idx_ticket_queue_state_created" in problems(found, "plans")
    assert "list_queue" in problems(found, "plans")
    assert any(
        each["name"] == "queue_monitoring" and each["metric"] == "p99_ms" and each["verdict"] == "failed"
        for each in found["budgets"]
    )
    assert "TRN-001" in broken
    assert "TRN-001" in ended.stdout
    assert len(found["stages"]) == 7


def test_a_foreign_database_is_refused_and_left_alone(server: Server, tmp_path: Path) -> None:
    """Foreign tables mean exit 4, their names in the message, and not one object or row changed."""
    with fresh_database(server, prefix="vq_foreign") as database:
        with database.connect() as connection:
            connection.execute(SQL["make_foreign_table"].sql)
            before = connection.execute(SQL["describe_database"].sql).fetchall()
        ended = virtualq("check", "--database-url", as_url(database), out=tmp_path)
        with database.connect() as connection:
            after = connection.execute(SQL["describe_database"].sql).fetchall()

    assert ended.returncode == 4
    assert "precious" in ended.stdout
    assert before == after


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--profile", "huge"), 2, "smoke, standard, large"),
        (("--apply", "no-such-file.sql"), 2, "no-such-file.sql"),
        (("--subject", "nobody"), 2, "procedural or orm"),
        (("--indexes", "leen"), 2, "lean, seed"),
        (("--database-url", "postgresql://nobody@127.0.0.1:1/nothing"), 4, "127.0.0.1"),
    ],
)
def test_bad_input_is_one_clear_error(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    """A user's mistake is told in words, with the right exit code and without a traceback."""
    ended = virtualq("check", *arguments, out=tmp_path)

    told = ended.stdout + ended.stderr
    assert ended.returncode == code, told
    assert said in told
    assert "Traceback" not in told


def test_an_unknown_budget_key_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt budget stops the check before anything is started, and says what was meant."""
    budgets = tmp_path / "budgets.toml"
    budgets.write_text("[queue_monitoring]\np99_mss = 1\n", encoding="utf-8")

    ended = virtualq("check", "--budgets", str(budgets), out=tmp_path / "out")
    assert ended.returncode == 2
    assert "p99_ms" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    """Interrupted while it seeds, the check ends with 130, says so, and its database is gone."""
    with server.maintenance.connect() as connection:
        before = connection.execute(SQL["list_databases"].sql).fetchall()
    environment = {name: value for name, value in os.environ.items() if name != URL_VARIABLE}
    with subprocess.Popen(
        [sys.executable, "-m", "virtualq_core.cli", "check", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("install"):
                os.killpg(process.pid, signal.SIGINT)
                break
        _, rest = process.communicate(timeout=TIMEOUT_S)

    with server.maintenance.connect() as connection:
        after = connection.execute(SQL["list_databases"].sql).fetchall()
    assert process.returncode == 130, rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert after == before
