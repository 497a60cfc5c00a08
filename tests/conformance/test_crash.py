"""Crashes: each fault does what it says, on a private server alone, and the wrong implementations are caught."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from psycopg import sql

from tests.conformance import planted
from virtualq_core import content
from virtualq_core.conformance.crash.campaign import Campaign, run_campaign, run_cycle
from virtualq_core.conformance.crash.control import run_control
from virtualq_core.conformance.crash.errand import Errand
from virtualq_core.conformance.crash.fault import FAULTS
from virtualq_core.conformance.crash.process import Watcher, await_gone, await_service, backends, postmaster, stopped
from virtualq_core.conformance.crash.replica import private_copy
from virtualq_core.conformance.expectation import Inconclusive
from virtualq_core.conformance.invariant import Invariant
from virtualq_core.conformance.run import run_conformance
from virtualq_core.database.binaries import embedded
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.provider import private_server
from virtualq_core.errors import EnvironmentFault, UsageError
from virtualq_core.subjects import OrmSubject, ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.subjects import Subject, SubjectSession

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.requires("own_server", "pg_dump")]

SQL = content.beside(__file__, "crash.sql")
HARNESS = Path(__file__).with_name("crash_harness.py")
BOUND_S = 90.0
ENDING = [name for name, fault in FAULTS.items() if fault.ends_server]
STOPPING = ["immediate stop", "killed postmaster"]


@pytest.fixture(scope="module")
def copy(template: Database) -> Iterator[Database]:
    """A private copy of the schema."""
    with private_copy(template) as made:
        yield made


def started(database: Database) -> object:
    """When the server was started."""
    with database.connect() as connection:
        return connection.execute(SQL["read_start"].sql).fetchone()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_strikes_and_a_right_implementation_survives(copy: Database, name: str) -> None:
    """It hits somebody, the server starts anew exactly where it was stopped, and nothing is wrong afterwards."""
    before = started(copy)
    cycle = run_cycle(copy, ProceduralSubject(), FAULTS[name], seed=3)
    assert cycle.hits
    assert cycle.faults() == []
    assert (started(copy) != before) == (name in STOPPING)
    assert cycle.tally.ok > 30
    restart = next(one for one in cycle.judgement.findings if one.invariant is Invariant.AFTER_RESTART)
    assert restart.verdict == ("passed" if name in ENDING else "skipped")
    if name == "lost answers":
        assert cycle.tally.applied


def test_a_killed_backend_takes_every_session_along(copy: Database) -> None:
    """The others are told to go, and the server is there again without having been started."""
    with copy.connect() as bystander:
        with Watcher(copy) as watcher:
            [victim] = backends(copy.server, watcher.clients())
            assert victim.pid == bystander.info.backend_pid
        with copy.connect() as other:
            victim.kill()
            await_gone([other.info.backend_pid])
    await_service(copy.server)
    with Watcher(copy) as watcher:
        assert watcher.clients() == []


def test_a_stopped_process_stands_still_and_goes_on(copy: Database) -> None:
    """For as long as the body runs; at its end it goes on, also where the body fails."""
    with copy.connect() as connection:
        [process] = backends(copy.server, [connection.info.backend_pid])
        with contextlib.suppress(LookupError), stopped(process) as is_stopped:
            assert is_stopped()
            assert process.status() == psutil.STATUS_STOPPED
            raise LookupError
        assert connection.execute(SQL["read_start"].sql).fetchone() is not None


def test_the_shared_server_is_not_touched(server: Server) -> None:
    """Whatever is asked of it: it is not private."""
    with pytest.raises(UsageError, match="private server"):
        postmaster(server)
    with pytest.raises(UsageError, match="private server"):
        await_service(server)
    with pytest.raises(UsageError, match="private server"), server.maintenance.connect() as connection:
        list(backends(server, [connection.info.backend_pid]))


def test_processes_of_others_are_not_touched(copy: Database, server: Server) -> None:
    """Only children of the private server's postmaster."""
    with server.maintenance.connect() as connection:
        assert list(backends(copy.server, [connection.info.backend_pid, psutil.Process().pid, 1])) == []


def test_a_server_that_does_not_come_back_is_an_error_and_no_hang() -> None:
    """The first starts may fail; when all do, the wait ends."""
    with private_server() as server:
        assert server.data_dir is not None
        leader = postmaster(server)
        leader.kill()
        await_gone([leader.pid])
        (server.data_dir / "global" / "pg_control").unlink()
        with pytest.raises(EnvironmentFault, match="does not come back after a fault"):
            await_service(server, timeout_s=0.5)


def test_a_copy_is_as_the_original(server: Server, template: Database) -> None:
    """Objects, owners, rights, policies, triggers, roles; and what is set for the database and within it."""
    with fresh_database(server, template=template.name, prefix="vq_test") as original:
        with original.connect() as connection:
            for statement in ("commit_lazily", "set_for_all"):
                connection.execute(sql.SQL(SQL[statement].sql).format(name=sql.Identifier(original.name)))
        with original.connect() as connection:
            schema = connection.execute(SQL["list_schema"].sql).fetchall()
        with private_copy(original) as copy, copy.connect() as connection:
            assert connection.execute(SQL["list_schema"].sql).fetchall() == schema
            assert connection.execute(SQL["read_settings"].sql).fetchone() == ("off", "5MB", "10s")
            caught = run_cycle(copy, ProceduralSubject(), FAULTS["killed postmaster"])
    assert caught.tally.lost > 0


def test_only_the_harness_own_server_is_copied(template: Database) -> None:
    """Its programs are needed, and somebody else's server is not for faults."""
    foreign = replace(template, server=replace(template.server, is_own=False))
    with pytest.raises(UsageError, match="the harness started"), private_copy(foreign):
        pass


@pytest.mark.parametrize("implementation", [ProceduralSubject(), OrmSubject()], ids=lambda one: one.name)
def test_the_control_is_flagged(copy: Database, implementation: Subject) -> None:
    """Commits that do not wait for the log are found to be lost; the copy is as before."""
    control = run_control(copy, implementation)
    assert control.is_flagged, control.summary
    with copy.connect() as connection:
        assert connection.execute(SQL["read_settings"].sql).fetchone() == ("on", "16MB", "10s")


def test_an_answer_before_the_commit_is_caught(copy: Database) -> None:
    """What was acknowledged and not yet committed is lost with the server."""
    cycle = run_cycle(copy, planted.HastySubject(), FAULTS["immediate stop"])
    assert cycle.tally.lost > 0, cycle
    assert Campaign("hasty", [cycle]).count(Invariant.EXACTLY_ONCE) >= cycle.tally.lost


def test_a_blind_retry_is_caught(copy: Database) -> None:
    """The step was taken, then tried again under another id: nobody asked for the one, or was refused the other."""
    cycle = run_cycle(copy, planted.BlindSubject(), FAULTS["lost answers"])
    assert Campaign("blind", [cycle]).count(Invariant.EXACTLY_ONCE, Invariant.ASKED_FOR) > 0, cycle
    assert any("lost answers, seed 1" in told for told in cycle.faults())


def test_a_ticket_without_its_items_is_caught(copy: Database) -> None:
    """A part of an operation is worse than none of it."""
    cycle = run_cycle(copy, planted.ForgetfulSubject(), FAULTS["ended sessions"])
    assert cycle.torn > 0
    assert cycle.faults()[-1].endswith("without the items that they were created with")


def test_a_campaign_takes_the_faults_in_turn(copy: Database) -> None:
    """And adds up what happened."""
    campaign = run_campaign(copy, ProceduralSubject(), cycles=2)
    assert [one.fault.name for one in campaign.cycles] == list(FAULTS)[:2]
    assert campaign.tally.ok == sum(one.tally.ok for one in campaign.cycles)
    assert campaign.of("killed backend").cycles == campaign.ending_the_server().cycles
    assert campaign.summary.startswith("procedural: 2 cycles (ended sessions 1, killed backend 1); ")
    assert " 0 lost, " in campaign.summary
    assert "; recovery p50 " in campaign.summary


def test_an_errand_says_how_it_ended(copy: Database) -> None:
    """With an answer, or as its client takes the error; one that waits for nobody is told so."""

    def divide(session: SubjectSession) -> None:
        assert session.connection is not None
        session.connection.execute(SQL["fail"].sql)

    errands = Errand(ProceduralSubject(), copy.dsn, lambda _: 1), Errand(ProceduralSubject(), copy.dsn, divide)
    assert [errand.told() for errand in errands] == ["ok", "failed"]
    assert errands[0].result() == 1
    with Watcher(copy) as watcher, pytest.raises(Inconclusive, match="did not wait"):
        errands[0].await_rivalry(watcher, 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_campaign_that_is_cut_short_leaves_nothing_behind(how: signal.Signals) -> None:
    """No server, no keeper, and nothing of what the private one held."""
    with tempfile.TemporaryDirectory(prefix="virtualq-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "binaries").symlink_to(embedded().bin_dir.parents[3])
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VIRTUALQ_")}
        environment = {**kept, "VIRTUALQ_CACHE_DIR": name, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(
            [sys.executable, HARNESS], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(3):  # three cycles have begun: it may be anywhere within them
                assert process.stdout.readline()
            process.send_signal(how)
            process.wait(BOUND_S)
        _, left = psutil.wait_procs(processes_in(folder), BOUND_S)
        assert left == []
        assert list(folder.glob("clusters/private-*")) == []


def test_the_suite_crashes_as_often_as_it_is_told_to(database: Database) -> None:
    """In a process of its own, on a copy of the very database."""
    result = run_conformance(database, subjects=["procedural"], only=["DUR-003"], cycles=1)
    [told] = result.requirements
    assert (result.verdict, told.verdict) == ("passed", "passed"), result
    assert "procedural: 1 cycle (ended sessions 1); " in told.evidence


def test_without_a_server_of_ones_own_the_crashes_are_skipped(database: Database) -> None:
    """The skip names what is missing; what needs no crash is asked all the same."""
    given = replace(database, server=replace(database.server, is_own=False, bin_dir=None))
    result = run_conformance(given, subjects=["procedural"], only=["DUR-004", "DUR-007"])
    skipped, asked = result.requirements
    assert (skipped.verdict, asked.verdict) == ("skipped", "passed"), result
    assert "missing: a server that the harness started" in skipped.observed


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that work in a folder or name it, other than this one."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd().startswith(f"{folder}/") or str(folder) in " ".join(process.cmdline()):
                found.append(process)
    return found
