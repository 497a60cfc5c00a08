"""The command's ways to end: one message, the right exit code, no traceback."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from virtualq_core import cli
from virtualq_core.database.clone import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import VirtualQ
    from virtualq_core.database.server import Database, Server


def test_help_lists_every_command_without_importing_any(virtualq: VirtualQ) -> None:
    """Their machinery takes a second to import; the list must not wait for it."""
    done = virtualq("--help")

    assert done.returncode == 0
    listed = " ".join(done.stdout.partition("Commands:\n")[2].split())
    assert listed == " ".join(f"{name} {summary}" for name, summary in cli.COMMANDS.items())


def test_the_list_of_commands_needs_no_database_driver(virtualq: VirtualQ) -> None:
    """Nor anything else that takes long to import."""
    done = virtualq("--help", python=("-X", "importtime"))

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"psycopg", "sqlalchemy", "locust", "numpy", "pytest", "matplotlib", "rich", "testcontainers"}


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help_with_an_example(virtualq: VirtualQ, command: str) -> None:
    """An example says more than its options do; a group has one for each of its commands."""
    done = virtualq(command, "--help")

    assert done.returncode == 0
    assert not done.stderr
    assert f"virtualq {command}" in done.stdout
    assert "Example:" in done.stdout or "Commands:" in done.stdout


def test_a_misspelt_command_is_a_usage_error_that_names_the_nearest(virtualq: VirtualQ) -> None:
    """Exit 2, so that a pipeline does not take it for a failed check."""
    done = virtualq("docter")

    assert done.returncode == 2
    assert "doctor" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_server_is_one_message_and_exit_4(virtualq: VirtualQ) -> None:
    """On stderr, without the password."""
    done = virtualq("db", "install", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/tickets")

    assert done.returncode == 4
    assert done.stderr.startswith("no-server: no answer from 127.0.0.1:1")
    assert len(done.stderr.splitlines()) == 2
    assert "hunter2" not in done.stderr
    assert not done.stdout


def test_a_reader_who_has_seen_enough_is_no_error(virtualq: VirtualQ) -> None:
    """`virtualq … | head -1` says nothing on stderr."""
    process = virtualq.begin("machine", "--help")
    assert process.stdout is not None
    process.stdout.close()

    _, said = process.communicate(timeout=60)

    assert not said


def test_a_fault_of_ours_shows_its_traceback_and_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 would say that a requirement failed."""

    def break_down(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", break_down)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main(["doctor"])
    finally:
        signal.signal(signal.SIGTERM, before)

    assert ended.value.code == cli.FAULT_OF_OURS
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "internal-error" in said


@pytest.fixture
def locked(server: Server) -> Iterator[Database]:
    """A database in which an installation has to wait."""
    with fresh_database(server) as database, database.connect(autocommit=False) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended('virtualq install', 0))")
        yield database
        connection.rollback()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [(signal.SIGINT, cli.INTERRUPTED, "interrupted"), (signal.SIGTERM, cli.TERMINATED, "terminated")],
)
def test_an_interrupted_command_cleans_up_and_says_so_in_one_line(
    virtualq: VirtualQ, locked: Database, sent: signal.Signals, code: int, message: str
) -> None:
    """Ctrl-C, and what a pipeline sends when it is cancelled; nothing half-installed stays."""
    process = virtualq.begin("db", "install", "--database-url", locked.dsn)
    waiting = "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = %s"
    pause = threading.Event()
    with locked.server.maintenance.connect() as connection:
        for _ in range(1000):
            if connection.execute(waiting, [locked.name]).fetchone() == (1,):
                break
            pause.wait(0.02)

        process.send_signal(sent)
        _, said = process.communicate(timeout=60)

        assert process.returncode == code
        assert said.startswith(message)
        assert len(said.splitlines()) == 1
        for _ in range(1000):
            if connection.execute(waiting, [locked.name]).fetchone() == (0,):
                break
            pause.wait(0.02)
        else:
            pytest.fail("its session goes on")


@pytest.mark.server
def test_doctor_says_what_is_there_and_what_is_not(virtualq: VirtualQ, server: Server) -> None:
    """As JSON too; a limit is no failure."""
    done = virtualq("doctor", "--database-url", server.dsn, "--json")

    notes = {note["name"]: note for note in json.loads(done.stdout)}
    assert done.returncode == 0
    assert notes["server"]["is_there"]
    assert not notes["citus"]["is_there"]


def test_doctor_ends_with_4_where_nothing_can_run(virtualq: VirtualQ) -> None:
    """And still lists what it found."""
    done = virtualq("doctor", "--database-url", "postgresql://127.0.0.1:1/x")

    assert done.returncode == 4
    assert "MISSING  server" in done.stdout
    assert "ok       python" in done.stdout
