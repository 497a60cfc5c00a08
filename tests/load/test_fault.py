"""Faults happen at their time, are measured, and are seen in what clients got; nobody's server is crashed by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.traffic.demand import Contention, Mix
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.provider import private_server
from virtualq_core.load import find_scenario, run_load
from virtualq_core.load.arrival import Arrival, Schedule
from virtualq_core.load.fault import FaultNotDone, ServerInUse, server_for, striking
from virtualq_core.load.scenario import Fault, Limit, Scenario
from virtualq_core.seeding import SeedPlan, seed

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.load import LoadResult

Stage = Any  # of conftest.py, which cannot be imported by name
ANYTHING = Thresholds(min_operations=20, min_contended=0, min_races=0, max_unknown_share=0.5)
STALL_S = 1.5


def moves(*faults: Fault, clients: int, duration_s: float, **more: Any) -> Scenario:
    """Transitions, and the creations that replace closed tickets, with these faults."""
    return Scenario(
        name="moves",
        clients=clients,
        duration_s=duration_s,
        mix=Mix(transition=8, create=2),
        contention=Contention(hot_tickets=6, hot_share=0.5),
        faults=faults,
        thresholds=ANYTHING,
        **more,
    )


def p99_s(found: LoadResult) -> float:
    """Of transitions."""
    assert found.figures.latency.p99_ms is not None
    return found.figures.latency.p99_ms / 1000


@pytest.mark.server
@pytest.mark.slow
def test_a_stall_of_known_length_shows_in_the_p99_of_an_open_loop(stage: Stage) -> None:
    """
    A quarter of all operations was due while nobody could touch a ticket; the first of them waited all the time.

    There are four clients, so four of six hundred operations were under way: who counts only these sees nothing.
    """
    stall = Fault(kind="stall", at_s=2.0, for_s=STALL_S)
    found = run_load(stage.database, moves(stall, clients=4, duration_s=6, arrival=Arrival(rate_per_s=100)))
    assert found.verdict == "passed", found.problems()
    [fault] = found.faults
    length_s = fault.end_s - fault.begin_s
    assert length_s >= STALL_S
    assert 0.9 * length_s <= p99_s(found) <= 1.5 * length_s
    assert fault.silence_s is not None
    assert fault.silence_s >= 0.9 * length_s
    during = next(phase for phase in fault.phases if phase.name == "during")
    assert 0.3 * length_s <= (during.p50_ms or 0) / 1000 <= length_s


@pytest.mark.server
@pytest.mark.slow
def test_what_waits_at_the_end_is_late_as_well(stage: Stage) -> None:
    """A server that stalls until the time is up: half of what was due was never begun, and the load fails by it."""
    stall = Fault(kind="stall", at_s=1.5, for_s=2.5)
    scenario = moves(stall, clients=4, duration_s=3, arrival=Arrival(rate_per_s=200), limit=Limit(latency_ms=200))
    found = run_load(stage.database, scenario)
    demanded = found.figures.demanded
    assert demanded.due > 450, demanded
    assert demanded.late_share > 0.25, demanded
    assert found.verdict == "failed"
    assert "late-operations" in {problem["code"] for problem in found.problems()}


@pytest.mark.server
@pytest.mark.slow
def test_the_p99_of_a_closed_loop_would_have_hidden_the_stall(stage: Stage) -> None:
    """The control: two clients wait for one answer each, and ask for nothing else meanwhile."""
    stall = Fault(kind="stall", at_s=2.0, for_s=STALL_S)
    found = run_load(stage.database, moves(stall, clients=2, duration_s=6, think_time_ms=2.0))
    [fault] = found.faults
    length_s = fault.end_s - fault.begin_s
    assert p99_s(found) < 0.5 * length_s
    assert (found.figures.latency.max_ms or 0) / 1000 >= 0.9 * length_s


@pytest.mark.server
@pytest.mark.slow
def test_clients_survive_that_their_backends_are_ended(stage: Stage) -> None:
    """Twice: each time all of them; what was on its way is unknown, no more, and the history is true."""
    kill = Fault(kind="kill-backends", at_s=1.0, for_s=1.2)
    found = run_load(stage.database, moves(kill, clients=6, duration_s=4))
    assert found.verdict == "passed", found.problems()
    [fault] = found.faults
    assert fault.hits >= 12
    assert 1 <= fault.unknown == found.judgement.tally.unknown <= fault.hits
    assert fault.recovery_s is not None
    after = next(phase for phase in fault.phases if phase.name == "after")
    assert (after.transitions_per_s or 0) > 0


@pytest.mark.server
@pytest.mark.slow
def test_a_snapshot_that_is_held_is_seen_from_its_begin_to_its_end(stage: Stage) -> None:
    """The oldest snapshot grows old while it is held, and dead rows stay."""
    held = Fault(kind="held-snapshot", at_s=1.0, for_s=2.2)
    found = run_load(stage.database, moves(held, clients=4, duration_s=4.5))
    assert found.verdict == "passed", found.problems()
    [fault] = found.faults
    assert found.server is not None
    held_for = [one.snapshot_s or 0 for one in found.server.samples if fault.begin_s + 1 < one.t_s < fault.end_s]
    others = [one.snapshot_s or 0 for one in found.server.samples if not fault.begin_s <= one.t_s <= fault.end_s]
    assert held_for
    assert min(held_for) >= 1
    assert max(others, default=0) < 1
    dead = {phase.name: phase.dead_tuples or 0 for phase in fault.phases}
    assert dead["before"] < dead["after"]


@pytest.mark.server
@pytest.mark.slow
def test_a_crash_loses_nothing_that_was_acknowledged() -> None:
    """
    On a private server: it comes back, clients find it again, and the history is judged as after a restart.

    What was due while there was no server to connect to is late, and is not forgotten.
    """
    fault = Fault(kind="crash", at_s=1.5, for_s=1.0)
    crash = replace(find_scenario("crash"), clients=6, duration_s=5, arrival=Arrival(rate_per_s=100), faults=(fault,))
    with private_server() as server, fresh_database(server, prefix="vq_load") as database:
        seed(database, SeedPlan(tickets=500, tenants=2))
        found = run_load(database, replace(crash, thresholds=ANYTHING))
    assert found.verdict == "passed", found.problems()
    [seen] = found.faults
    length_s = seen.end_s - seen.begin_s
    assert seen.hits >= 6
    assert length_s >= 1
    assert seen.recovery_s is not None
    assert seen.silence_s is not None
    assert seen.silence_s >= 1
    during = next(phase for phase in seen.phases if phase.name == "during")
    assert (during.p99_ms or 0) / 1000 >= 0.7 * length_s
    schedule = Schedule(crash.arrival, crash.duration_s, begin_ns=0, seed=100_000)
    due = sum(1 for _ in iter(lambda: schedule.take(0), None))
    assert due - 2 * crash.clients <= found.figures.demanded.due <= due
    ruling = {finding.invariant.value: finding.verdict for finding in found.judgement.findings}
    assert ruling["holds-after-restart"] == "passed"
    assert found.server is not None
    assert found.server.samples[-1].waits


@pytest.mark.server
def test_a_server_that_others_may_use_is_not_crashed(stage: Stage) -> None:
    """The error says which one is, and the load does not begin."""
    with pytest.raises(ServerInUse, match=r"server-in-use: .*nobody else uses[\s\S]*--postgres-bin"):
        run_load(stage.database, "crash")


def test_a_server_given_by_url_is_not_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named as an option or by the environment; nothing is started."""
    crash = find_scenario("crash")
    monkeypatch.delenv("VIRTUALQ_DATABASE_URL", raising=False)
    with pytest.raises(ServerInUse) as refused, server_for(crash, database_url="postgresql://db.example/queue"):
        pass
    assert refused.value.exit_code == 2
    with pytest.raises(ServerInUse, match="a container"), server_for(crash, image="postgres:17"):
        pass
    monkeypatch.setenv("VIRTUALQ_DATABASE_URL", "postgresql://db.example/queue")
    with pytest.raises(ServerInUse, match="by url"), server_for(crash):
        pass


def test_a_fault_that_did_not_happen_is_an_error(tmp_path: Path) -> None:
    """A load that ends before its fault has not shown what it was to show."""
    nothing: Any = None
    scenario = moves(Fault(kind="stall", at_s=1.0), clients=1, duration_s=2)
    with (
        pytest.raises(FaultNotDone, match=r"'stall' did not happen.*no operation was recorded"),
        striking(nothing, scenario, application_name="load", folder=tmp_path),
    ):
        pass


def test_an_error_of_the_load_is_not_hidden_by_its_faults(tmp_path: Path) -> None:
    """It comes first."""
    nothing: Any = None
    scenario = moves(Fault(kind="stall", at_s=1.0), clients=1, duration_s=2)
    with (
        pytest.raises(ZeroDivisionError),
        striking(nothing, scenario, application_name="load", folder=tmp_path),
    ):
        raise ZeroDivisionError
