"""A load on a real server: what it records is what happened, and what is wrong with the database is found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.traffic.demand import Extent, Mix
from virtualq_core.conformance.traffic.target import NothingToDo
from virtualq_core.database.clone import fresh_database
from virtualq_core.errors import EnvironmentFault, UsageError
from virtualq_core.load import run_load

if TYPE_CHECKING:
    from virtualq_core.database.server import Database, Server
    from virtualq_core.load import LoadResult, Scenario

pytestmark = pytest.mark.server
Stage = Any  # of conftest.py, which cannot be imported by name

HERE = Path(__file__).parent


def broken(found: LoadResult) -> set[str]:
    """The names of the invariants that were found broken."""
    return {finding.invariant.value for finding in found.judgement.findings if finding.verdict == "failed"}


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
def test_a_load_on_a_correct_database_leaves_a_true_history(stage: Stage, rush: Scenario, implementation: str) -> None:
    """No violation, and every acknowledged operation is one more history row."""
    before = stage.count("count_history")
    little = Thresholds(min_operations=20, min_contended=1, min_races=1)
    found = run_load(stage.database, replace(rush, thresholds=little), subject=implementation)
    assert found.verdict == "passed", found.problems()
    tally = found.judgement.tally
    assert stage.count("count_history") - before == tally.ok
    assert tally.unknown == 0, "a client was ended in the middle of an operation"
    assert set(found.figures.operations) >= {"transition", "create", "read"}
    assert tally.refused >= tally.races > 0
    assert 2 < found.figures.duration_s < 10
    assert sum(moment.transitions for moment in found.figures.timeline) == found.figures.transitions


@pytest.mark.slow
def test_a_history_row_that_is_lost_fails_the_load_and_names_its_ticket(stage: Stage, rush: Scenario) -> None:
    """One step in fifty is swallowed; the evidence shows the operation that was acknowledged."""
    stage.plant("make_losing_trigger", "lose_history")
    found = run_load(stage.database, rush)
    assert found.verdict == "failed"
    assert {"acknowledged-exactly-once", "seq-is-gapless"} <= broken(found)
    lost = [one for one in found.violations if one.invariant.value == "acknowledged-exactly-once"]
    assert all(one.ticket_id is not None for one in lost)
    assert any(": ok seq" in line for line in lost[0].evidence)
    assert "history-is-gapless" in {one.rule for one in found.standing}


@pytest.mark.slow
def test_one_history_row_in_ten_thousand_that_is_lost_is_found_in_half_a_minute(stage: Stage, rush: Scenario) -> None:
    """Each lost row's ticket is named, and no other."""
    stage.plant("make_counter", "let_anybody_count", "make_rarely_losing_trigger", "lose_history_rarely")
    found = run_load(stage.database, replace(rush, clients=16, duration_s=30))
    assert found.verdict == "failed"
    lost = [one for one in found.violations if one.invariant.value == "acknowledged-exactly-once"]
    assert 1 <= len(lost) <= 1 + found.judgement.tally.operations // 10_000
    named = {one.ticket_id for one in found.standing if one.rule == "history-is-gapless"}
    assert named <= {one.ticket_id for one in lost}
    assert found.judgement.tally.lost == len(lost)


@pytest.mark.slow
def test_a_transition_without_a_lock_fails_the_load(stage: Stage, duel: Scenario) -> None:
    """Check, then act: two clients take the same edge, and both are told that they won."""
    stage.plant("disable_enforcement", "free_identity", "check_then_act", "own_by_maintainer")
    found = run_load(stage.database, duel)
    assert found.verdict == "failed"
    assert {"history-is-a-path", "race-has-one-winner"} <= broken(found), found.problems()[:3]


@pytest.mark.slow
def test_a_refusal_of_what_is_legal_fails_the_load(stage: Stage, rush: Scenario) -> None:
    """No row is wrong then; only the instants tell."""
    stage.plant("be_timid", "refuse_legal")
    found = run_load(stage.database, replace(rush, mix=Mix(transition=1)))
    assert found.verdict == "failed"
    assert broken(found) == {"refusals-are-just"}
    assert not found.standing


@pytest.mark.slow
def test_a_disabled_enforcement_trigger_fails_the_load(stage: Stage, rush: Scenario) -> None:
    """The functions rely on it; what the clients then get is no refusal by a rule."""
    stage.plant("disable_enforcement")
    found = run_load(stage.database, replace(rush, duration_s=1.0))
    assert found.verdict == "failed"
    assert "load-errors" in {problem["code"] for problem in found.problems()}


@pytest.mark.slow
def test_a_load_without_contention_is_inconclusive(stage: Stage, rush: Scenario) -> None:
    """One client alone proves nothing, however clean its history is; what was missing is named."""
    found = run_load(stage.database, rush, clients=1, duration_s=0.5)
    assert found.verdict == "inconclusive"
    assert {"min_contended", "min_races"} <= {doubt.threshold for doubt in found.judgement.doubts}
    assert {problem["code"] for problem in found.problems()} == {"load-inconclusive"}


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
def test_users_of_one_locust_process_wait_for_the_server_at_the_same_time(
    stage: Stage, child_environment: dict[str, str], implementation: str
) -> None:
    """Ten users asleep on the server for 0.4 s: at some instant all of them are, and each is known to have waited."""
    overlap_s, waited_s = overlap(stage.database, child_environment, implementation)
    assert overlap_s > 0
    assert waited_s >= 0.4


@pytest.mark.slow
def test_the_overlap_would_be_missed_if_the_driver_blocked(stage: Stage, child_environment: dict[str, str]) -> None:
    """The control: psycopg's wait in C knows nothing of gevent, and with it one user sleeps after the other."""
    environment = {**child_environment, "PSYCOPG_WAIT_FUNC": "wait_c"}
    overlap_s, waited_s = overlap(stage.database, environment, "procedural", users=3)
    assert overlap_s < 0
    assert waited_s == 0


def test_a_database_without_queues_is_refused(database: Database) -> None:
    """There is nothing to work on, and the error says how to change that."""
    with pytest.raises(NothingToDo, match=r"has no queue[\s\S]*virtualq seed"):
        run_load(database, "check")


def test_an_empty_database_is_refused(server: Server) -> None:
    """The same, where not even the schema is."""
    with (
        fresh_database(server, prefix="vq_test") as empty,
        pytest.raises(NothingToDo, match=r"is empty[\s\S]*virtualq seed"),
    ):
        run_load(empty, "check")


def test_more_clients_than_connections_are_refused_before_anything_runs(stage: Stage) -> None:
    """The error names both figures."""
    with pytest.raises(EnvironmentFault, match=r"too few connections.*expected 100000"):
        run_load(stage.database, "check", clients=100_000)


def test_an_unknown_subject_is_refused_before_anything_runs(stage: Stage) -> None:
    """The error names those that there are."""
    with pytest.raises(UsageError, match=r"no subject named 'oracle'.*procedural"):
        run_load(stage.database, "check", subject="oracle")


def test_nothing_of_a_run_is_left_on_disk(
    stage: Stage, rush: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the plan, which may hold a password, nor the record."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    small = replace(rush, clients=1, duration_s=0.2, extent=Extent(open_tickets=10))
    assert run_load(stage.database, small).judgement.tally.operations > 0
    assert list(tmp_path.iterdir()) == []


def overlap(database: Database, environment: dict[str, str], subject: str, users: int = 10) -> tuple[float, float]:
    """
    For how long all users slept at once, and how long each of them waited for the server at least, in seconds.

    The former is negative where some began after others had ended.
    """
    done = subprocess.run(
        [sys.executable, str(HERE / "overlap.py"), subject, str(users)],
        env={**environment, "VIRTUALQ_TEST_DSN": database.dsn},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    overlap_s, waited_s = map(float, done.stdout.split())
    return overlap_s, waited_s
