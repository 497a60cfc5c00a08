"""Pools of PgBouncer: who gets through them, what they keep apart, and that nothing of them is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.load.sample import wait_until
from virtualq_core import content
from virtualq_core.cli.pool import pooled
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.demand import Extent
from virtualq_core.conformance.traffic.outcome import read_ending
from virtualq_core.conformance.traffic.source import OwnSession
from virtualq_core.conformance.traffic.target import choose_target
from virtualq_core.database import bouncer as bouncers
from virtualq_core.database.attendant import Attended
from virtualq_core.database.bouncer import BouncerBroke, Door, Program, find_program, run_bouncer
from virtualq_core.database.cache import cache_dir
from virtualq_core.database.login import Login, run_login
from virtualq_core.database.server import Server
from virtualq_core.load import run_load
from virtualq_core.load.isolation import StatementsLost, TenantLeak, Unbound, prove_bound, prove_prepared
from virtualq_core.load.scenario import Pool
from virtualq_core.load.way import open_ways, prove
from virtualq_core.subjects import find_subject
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.load import Scenario
    from virtualq_core.load.way import Way

Stage = Any  # of conftest.py, which cannot be imported by name
HERE = Path(__file__).parent
SQL = content.beside(__file__, "pool.sql")
BOUNCED = ["pgbouncer-session", "pgbouncer-transaction"]
PATIENCE_S = 20.0
needs_pgbouncer = pytest.mark.requires("pgbouncer")


@contextlib.contextmanager
def way_by(stage: Stage, mode: str, *, size: int = 1, timeout_ms: float = 1000) -> Iterator[Way]:
    """A way by a PgBouncer of this mode; nothing is proved of it."""
    pool = Pool(mode=mode, size=size, timeout_ms=timeout_ms)
    with open_ways(stage.database, [pool], clients=4, application_name="virtualq test") as ways:
        yield ways.ways[0]


def leftovers(stage: Stage) -> list[str]:
    """Processes, folders and logins that a PgBouncer of ours had."""
    home = cache_dir() / "bouncers"
    found = [
        str(process.pid)
        for process in psutil.process_iter(["cmdline"])
        if any(str(home) in part for part in process.info["cmdline"] or ())
    ]
    found += [str(folder) for folder in home.glob("*")]
    return [*found, *(["a login"] if logins(stage) else [])]


def logins(stage: Stage) -> int:
    """How many logins of runs there are."""
    with stage.database.connect() as connection:
        row = connection.execute(SQL["count_logins"].sql).fetchone()
    return 0 if row is None else int(row[0])


def test_a_missing_pgbouncer_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything is started."""
    monkeypatch.setattr(bouncers, "find_program", lambda: None)
    server = Server(dsn="host=nowhere.invalid dbname=none", kind="url", version=180000, is_own=False)
    missing = pytest.raises(BouncerBroke, match=r"pgbouncer-broke: missing: PgBouncer\n  next: install it")
    with missing, run_bouncer(server.maintenance, Login("nobody", ""), [], clients=1):
        pass


@pytest.mark.parametrize(
    ("version", "keeps"), [("1.18.0", False), ("1.20.1", False), ("1.21.0", True), ("1.24.1", True), ("2.0", True)]
)
def test_prepared_statements_are_kept_from_1_21_on(version: str, *, keeps: bool) -> None:
    """By the version; whether it is so is tried out as well."""
    assert Program(Path("pgbouncer"), version).keeps_statements is keeps


def test_being_turned_away_by_pgbouncer_is_an_exhausted_pool() -> None:
    """Nothing was sent to the server, so the operation did not happen."""
    ending = read_ending(psycopg.errors.ProtocolViolation("query_wait_timeout"))
    assert (ending.outcome, ending.reason, ending.session_is_usable) == (Outcome.FAILED, "pool-exhausted", False)


@pytest.mark.server
@needs_pgbouncer
@pytest.mark.parametrize("mode", BOUNCED)
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
def test_the_next_client_finds_nothing_of_the_last_one(stage: Stage, mode: str, implementation: str) -> None:
    """Its login is bound as the application is, and no tenant gets to the next client."""
    target = choose_target(stage.database, Extent(), seed=1)
    with way_by(stage, mode) as way:
        assert prove(way, find_subject(implementation), target).proofs == 4
    assert leftovers(stage) == []


@pytest.mark.server
@needs_pgbouncer
def test_a_tenant_of_the_session_is_caught_in_transaction_mode(stage: Stage) -> None:
    """The control: what a client sets for its session is another client's after its transaction."""
    target = choose_target(stage.database, Extent(), seed=1)
    with (
        way_by(stage, "pgbouncer-transaction") as way,
        pytest.raises(TenantLeak, match=r"tenant-leak: .* observed tenant \d+, rows in sight"),
    ):
        prove(way, find_subject(str(HERE / "clinging.py")), target)
    assert leftovers(stage) == []


@pytest.mark.server
@needs_pgbouncer
@pytest.mark.requires("superuser")
@pytest.mark.parametrize(
    ("fault", "said"),
    [("unbind_login", "is a superuser, or bypasses row security"), ("expel_login", "the pool's connections see no")],
)
def test_a_login_that_is_not_as_the_application_is_refused(stage: Stage, fault: str, said: str) -> None:
    """The control: one that bypasses row security, and one that is no member of the role."""
    with way_by(stage, "pgbouncer-transaction") as way, stage.database.connect() as owner:
        name = str(conninfo_to_dict(way.dsn)["user"])
        owner.execute(sql.SQL(SQL[fault].sql).format(name=sql.Identifier(name)))
        subject: Any = find_subject("procedural")
        own = OwnSession(lambda: subject.on(psycopg.connect(way.dsn)))
        with contextlib.closing(own), pytest.raises(Unbound, match=said):
            prove_bound(own)


@pytest.mark.server
@needs_pgbouncer
def test_prepared_statements_work_or_are_told_to_be_lost(stage: Stage) -> None:
    """An old PgBouncer loses them in transaction mode, which is named, and clients then prepare none."""
    program = find_program()
    assert program is not None
    target = choose_target(stage.database, Extent(), seed=1)
    with way_by(stage, "pgbouncer-transaction") as way:
        found = prove(way, find_subject("procedural"), target)
        assert found.prepares is program.keeps_statements
        if not program.keeps_statements:
            assert found.note.startswith("statements are not prepared: prepared statement")
            with pytest.raises(StatementsLost, match=r"pool-prepared: [\s\S]*PgBouncer 1.21 or newer"):
                prove_prepared(lambda: psycopg.connect(way.dsn, autocommit=True))
        assert found.pooling().program == f"PgBouncer {program.version}"


@pytest.mark.server
@needs_pgbouncer
def test_a_client_that_waits_too_long_is_turned_away(stage: Stage) -> None:
    """After the timeout of the pool; its console knows that somebody waited."""
    with way_by(stage, "pgbouncer-transaction") as way, ExitStack() as held:
        connect = [held.enter_context(psycopg.connect(way.dsn, prepare_threshold=None)) for _ in range(2)]
        watch = way.watch()
        assert watch is not None
        connect[0].execute(SQL["who_am_i"].sql)
        with pytest.raises(psycopg.Error) as turned_away:
            connect[1].execute(SQL["who_am_i"].sql)
        connect[0].rollback()
        assert read_ending(turned_away.value).reason == "pool-exhausted"
        wait = watch.conclude()
        assert wait.most_waiting == 1
        assert wait.longest_ms > 100
        assert wait.lent >= 1


@pytest.mark.server
@needs_pgbouncer
def test_doors_of_one_pgbouncer_have_their_own_mode_and_size(stage: Stage) -> None:
    """A session keeps its connection to the server, a transaction gives it back."""
    doors = [Door("alone", "session", 1), Door("shared", "transaction", 2)]
    with (
        run_login(stage.database, APPLICATION_ROLE) as login,
        run_bouncer(stage.database, login, doors, clients=4) as bouncer,
        bouncer.console() as console,
    ):
        rows = console.execute(bouncers._SQL["show_pools"].sql).fetchall()  # noqa: SLF001  its console's words
        assert rows
        with ExitStack() as held:
            for door in doors:
                connection = held.enter_context(psycopg.connect(bouncer.dsn(door), autocommit=True))
                connection.execute(SQL["who_am_i"].sql, prepare=False)
            rows = console.execute(bouncers._SQL["show_pools"].sql).fetchall()  # noqa: SLF001  the same
    modes = {row["database"]: (row["pool_mode"], row["sv_active"]) for row in rows}
    assert (modes["alone"], modes["shared"]) == (("session", 1), ("transaction", 0))


@pytest.mark.server
@needs_pgbouncer
def test_what_pgbouncer_says_is_in_the_error_where_it_does_not_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that it does not know; nothing is left of it."""
    configuration = bouncers._configuration  # noqa: SLF001  the fault is planted there

    def broken(*given: Any, **named: Any) -> str:
        return configuration(*given, **named) + "no_such_setting = 1\n"

    monkeypatch.setattr(bouncers, "_configuration", broken)
    with (
        pytest.raises(BouncerBroke, match=r"PgBouncer does not start; observed .*no_such_setting"),
        way_by(stage, BOUNCED[0]),
    ):
        pass
    assert leftovers(stage) == []


@pytest.mark.server
@needs_pgbouncer
def test_nothing_is_left_after_an_error(stage: Stage) -> None:
    """Whatever is raised while it runs."""
    with contextlib.suppress(RuntimeError), way_by(stage, BOUNCED[0]):
        assert leftovers(stage)
        raise RuntimeError
    assert leftovers(stage) == []


@pytest.mark.server
@pytest.mark.slow
@needs_pgbouncer
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_harness_that_is_ended(
    stage: Stage, child_environment: dict[str, str], number: signal.Signals
) -> None:
    """Interrupted, it cleans up; killed, PgBouncer ends by itself and its login goes with the next run."""
    environment = {**child_environment, "VIRTUALQ_TEST_DSN": stage.database.dsn}
    with subprocess.Popen(
        [sys.executable, str(HERE / "bounced.py")], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as harness:
        assert harness.stdout is not None
        port = int(harness.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        os.kill(harness.pid, number)
        harness.communicate(timeout=PATIENCE_S)
    if number is signal.SIGKILL:
        wait_until(lambda: leftovers(stage) in ([], ["a login"]), "PgBouncer is gone")
        with run_login(stage.database, APPLICATION_ROLE):
            assert logins(stage) == 1
    assert leftovers(stage) == []


@pytest.mark.server
@needs_pgbouncer
def test_what_a_killed_attendant_leaves_is_ended_by_the_next_run(stage: Stage) -> None:
    """Its PgBouncer goes on without anybody until then."""
    with way_by(stage, BOUNCED[0]):
        attendant = next(
            process
            for process in psutil.Process().children()
            if any("virtualq_core.database.attendant" in part for part in process.cmdline())
        )
        [orphan] = attendant.children()
        attendant.kill()
        assert orphan.is_running()
    with way_by(stage, BOUNCED[0]):
        wait_until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, "the orphan is gone")
    assert leftovers(stage) == []


@pytest.mark.server
@pytest.mark.slow
@needs_pgbouncer
@pytest.mark.parametrize("mode", BOUNCED)
def test_a_load_by_pgbouncer_is_true_and_tells_how_long_clients_waited_in_it(
    stage: Stage, rush: Scenario, mode: str
) -> None:
    """Eight clients by two connections; what PgBouncer keeps is told apart from what clients see."""
    little = Thresholds(min_operations=20, min_contended=1, min_races=1)
    scenario = replace(rush, duration_s=1.5, thresholds=little, pool=Pool(mode=mode, size=2))
    found = run_load(stage.database, scenario)
    assert found.verdict == "passed", found.problems()
    assert found.pooling is not None
    assert found.pooling.wait is not None
    assert re.fullmatch(r"PgBouncer \d+\.\d+.*", found.pooling.program)
    assert found.pooling.wait.lent >= sum(found.figures.operations.values()) / 2
    assert found.pooling.wait.mean_ms is not None
    assert found.pooling.wait.mean_ms > 0
    assert leftovers(stage) == []
    told = "\n".join(pooled(found))
    assert f"pool {mode}, 2 connections" in told
    assert f"{found.pooling.program}: waits in the mean" in told


def test_an_attendant_ends_its_program_and_deletes_the_folder(tmp_path: Path) -> None:
    """Also a program that does not want to end; what it said last is returned."""
    from virtualq_core.database.account import Account  # noqa: PLC0415  for this test alone

    folder = tmp_path / "work"
    folder.mkdir()
    stubborn = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    account = Account(os.geteuid(), os.getegid(), is_other=False)
    with Attended([sys.executable, "-c", stubborn], folder, account, limit_s=60) as attended:
        wait_until(lambda: (folder / "log").exists() and (folder / "log").read_text() == "up\n", "it runs")
        assert attended.close() == "up\n"
        assert attended.has_ended
    assert not folder.exists()


def test_an_attendant_ends_with_its_program(tmp_path: Path) -> None:
    """And says what it said."""
    from virtualq_core.database.account import Account  # noqa: PLC0415  for this test alone

    folder = tmp_path / "work"
    folder.mkdir()
    account = Account(os.geteuid(), os.getegid(), is_other=False)
    with Attended([sys.executable, "-c", "raise SystemExit('no')"], folder, account, limit_s=60) as attended:
        wait_until(lambda: attended.has_ended, "it has ended")
        assert attended.close() == "no\n"
    assert not folder.exists()
