"""What a fault did is told by the operations around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.load.sample import MS, operation, recorded
from virtualq_core.conformance.operation import Kind, Outcome
from virtualq_core.load.aftermath import judge_faults
from virtualq_core.load.fault import Strike
from virtualq_core.load.sampling import Counters, Reading

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000 * MS


def test_recovery_counts_from_the_end_and_silence_from_the_begin(tmp_path: Path) -> None:
    """A fault from the first second to the third; the first answer comes half a second after it."""
    recording = recorded(tmp_path, operation(0), operation(990), operation(1000, 2500), operation(3600))
    [found] = judge_faults([Strike("stall", 1 * S, 3 * S)], recording)
    assert (found.begin_s, found.end_s) == (1.0, 3.0)
    assert found.recovery_s == pytest.approx(0.5)
    assert found.silence_s == pytest.approx(2.5)


def test_a_fault_without_an_answer_after_it_has_no_recovery(tmp_path: Path) -> None:
    """Nobody knows how long it would have taken."""
    [found] = judge_faults([Strike("crash", 1 * S, 3 * S, 4)], recorded(tmp_path, operation(0), operation(500)))
    assert (found.recovery_s, found.silence_s, found.hits) == (None, None, 4)


def test_an_operation_belongs_to_the_time_in_which_it_was_due(tmp_path: Path) -> None:
    """However late it was answered; the rate counts it where it was."""
    late = [operation(3000, 1, due_ns=due * MS) for due in (1500, 2000, 2500)]
    recording = recorded(tmp_path, operation(0), *late, operation(3500), operation(3990))
    [found] = judge_faults([Strike("stall", 1 * S, 3 * S)], recording)
    phases = {phase.name: phase for phase in found.phases}
    assert phases["before"].p50_ms == phases["after"].p50_ms == 10
    assert phases["during"].p50_ms == 1001
    assert phases["during"].transitions_per_s == 0
    assert phases["after"].transitions_per_s == pytest.approx(4)


def test_unknown_outcomes_are_the_last_fault_s(tmp_path: Path) -> None:
    """Those of the first end where the second begins; reads are nobody's loss."""
    lost: dict[str, Any] = {"outcome": Outcome.UNKNOWN, "reason": "57P01"}
    recording = recorded(
        tmp_path,
        operation(0),
        operation(1000, **lost),
        operation(1100, **lost),
        operation(1200, kind=Kind.READ, **lost),
        operation(3000, **lost),
        operation(4000),
    )
    strikes = [Strike("kill-backends", 1 * S, 1 * S + 1), Strike("kill-backends", 2 * S, 2 * S + 1)]
    assert [one.unknown for one in judge_faults(strikes, recording)] == [2, 1]


def test_dead_rows_are_those_at_the_end_of_each_phase(tmp_path: Path) -> None:
    """As the sampler saw them last."""
    readings = [Reading(at * S, counters=Counters(0, 0, 0, at * 100, at, 0, 0, at * 20)) for at in range(10)]
    recording = recorded(tmp_path, operation(0), operation(8_000))
    [found] = judge_faults([Strike("held-snapshot", 2 * S, 5 * S)], recording, readings)
    assert [phase.dead_tuples for phase in found.phases] == [200, 500, 800]
    assert {phase.blocks_per_transaction for phase in found.phases} == {20}


def test_a_moment_has_no_rate(tmp_path: Path) -> None:
    """Ending sessions takes a millisecond, in which nothing can be counted."""
    recording = recorded(tmp_path, operation(0), operation(2000))
    [found] = judge_faults([Strike("kill-backends", 1 * S, 1 * S + MS)], recording)
    assert {phase.name: phase.transitions_per_s is None for phase in found.phases} == {
        "before": False,
        "during": True,
        "after": False,
    }
