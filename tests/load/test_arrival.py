"""Instants of arrivals: a Poisson process at the rate that was asked for, which waits for nobody."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import pytest

from virtualq_core.load.arrival import Arrival, ScenarioFault, Schedule

NS = 1_000_000_000


def instants_s(arrival: Arrival, duration_s: float, **details: Any) -> list[float]:
    """All instants of a schedule whose clients are never late, in seconds since its begin."""
    schedule = Schedule(arrival, duration_s, begin_ns=5 * NS, **details)
    return [(due - 5 * NS) / NS for due in iter(lambda: schedule.take(0), None)]


def test_gaps_are_exponential() -> None:
    """Their mean is the rate's inverse and so is their standard deviation, within what chance makes of 20,000."""
    found = instants_s(Arrival(rate_per_s=200), 100)
    gaps = [later - earlier for earlier, later in itertools.pairwise(found)]
    assert statistics.fmean(gaps) == pytest.approx(1 / 200, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / 200, rel=0.03)
    assert sum(gap > 1 / 200 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), abs=0.015)


@pytest.mark.parametrize(
    ("arrival", "expected"),
    [
        (Arrival(rate_per_s=100), [1000] * 4),
        # The integral of 100 + 10 t over each ten seconds.
        (Arrival(shape="ramp", rate_per_s=100, peak_per_s=500), [1500, 2500, 3500, 4500]),
        (Arrival(shape="steps", rate_per_s=100, peak_per_s=400, steps=4), [1000, 2000, 3000, 4000]),
        (Arrival(shape="burst", rate_per_s=50, peak_per_s=500, burst_every_s=10, burst_s=2), [1400] * 4),
    ],
    ids=lambda value: value.shape if isinstance(value, Arrival) else "",
)
def test_each_part_has_as_many_as_its_rate_says(arrival: Arrival, expected: list[int]) -> None:
    """Within four standard deviations of a Poisson count, in each quarter of forty seconds."""
    found = instants_s(arrival, 40)
    counts = [sum(10 * part <= one < 10 * part + 10 for one in found) for part in range(4)]
    assert sum(counts) == len(found)
    for count, wanted in zip(counts, expected, strict=True):
        assert abs(count - wanted) < 4 * math.sqrt(wanted), (counts, expected)


def test_a_burst_comes_at_the_end_of_its_period() -> None:
    """Eight quiet seconds, then two busy ones."""
    arrival = Arrival(shape="burst", rate_per_s=10, peak_per_s=1000, burst_every_s=10, burst_s=2)
    found = instants_s(arrival, 10)
    assert sum(one < 8 for one in found) < 120
    assert sum(one >= 8 for one in found) > 1800


def test_shares_add_up() -> None:
    """Two processes with half of the arrivals each have about as many as one with all of them."""
    arrival = Arrival(rate_per_s=400)
    halves = [len(instants_s(arrival, 20, share=0.5, seed=seed)) for seed in (1, 2)]
    assert halves[0] != halves[1]
    assert sum(halves) == pytest.approx(8000, abs=4 * math.sqrt(8000))


def test_the_same_seed_draws_the_same_instants() -> None:
    """And another one others."""
    arrival = Arrival(rate_per_s=50)
    assert instants_s(arrival, 5, seed=3) == instants_s(arrival, 5, seed=3)
    assert instants_s(arrival, 5, seed=3) != instants_s(arrival, 5, seed=4)


def test_no_instant_waits_for_an_answer() -> None:
    """A caller that comes a second late finds the instants of that second, not later ones."""
    schedule = Schedule(Arrival(rate_per_s=100), 10, begin_ns=0)
    late = [due for due in (schedule.take(1 * NS) for _ in range(50)) if due is not None]
    assert max(late) < 1 * NS


def test_what_nobody_would_wait_for_is_skipped_and_told() -> None:
    """After a second's stall with a limit of 0.2 s, what was due in the first 0.8 s is never begun."""
    skipped: list[int] = []
    schedule = Schedule(Arrival(rate_per_s=100), 10, begin_ns=0, latency_limit_s=0.2, skip=skipped.append)
    due_ns = schedule.take(1 * NS)
    assert due_ns is not None
    assert due_ns >= 0.8 * NS
    assert max(skipped) < 0.8 * NS
    assert len(skipped) == pytest.approx(80, abs=40)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"rate_per_s": 5, "shape": "wave"}, "shape 'wave'.*steady"),
        ({"rate_per_s": 5, "shape": "ramp"}, "two rates"),
        ({"shape": "burst", "peak_per_s": 9}, "two rates"),
        ({"rate_per_s": 5, "peak_per_s": 9, "shape": "steps", "steps": 1}, "more than one"),
        ({"rate_per_s": 5, "peak_per_s": 9, "shape": "burst", "burst_s": 10}, "part of its period"),
    ],
)
def test_a_rate_that_cannot_be_meant_is_refused(fault: dict[str, Any], message: str) -> None:
    """Before anything runs, with what would do."""
    with pytest.raises(ScenarioFault, match=message):
        Arrival(**fault)
