"""The highest rate that holds: of a staircase the last step before the first that breaks the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.errors import UsageError
from virtualq_core.load import find_capacity
from virtualq_core.load.capacity import Capacity, highest
from virtualq_core.load.figure import Demanded
from virtualq_core.load.scenario import Limit, find_scenario

if TYPE_CHECKING:
    from virtualq_core.load import Scenario

Stage = Any  # of conftest.py, which cannot be imported by name


def stairs(*late: int) -> list[Demanded]:
    """Steps of 100 operations each, at 10, 20, 30 … a second, of which so many came late."""
    return [Demanded(100, count, 0, 50, 10.0 * (place + 1)) for place, count in enumerate(late)]


@pytest.mark.parametrize(
    ("late", "expected"),
    [((0, 1, 0, 2), 30), ((0, 0, 0), 30), ((2, 0, 0), 0), ((0, 2, 0, 0), 10), ((), 0)],
)
def test_a_rate_holds_where_all_lower_ones_do(late: tuple[int, ...], expected: float) -> None:
    """One in a hundred may be late; a step that holds above one that does not is luck."""
    assert highest(stairs(*late), Limit(latency_ms=50, max_late_share=0.01)) == expected


def test_what_was_never_begun_is_late() -> None:
    """Or an overloaded server would look the better, the more it was spared."""
    step = Demanded(due=100, late=0, skipped=2, latency_ms=50, rate_per_s=10)
    assert highest([step], Limit(latency_ms=50)) == 0


def test_the_repeats_are_the_interval() -> None:
    """Their median is the capacity, and one repeat without a step that holds is part of it."""
    scenario = find_scenario("lunch_rush")
    found = Capacity(scenario, 900, (410.0, 0.0, 430.0), (), ())
    assert (found.rate_per_s, found.interval) == (410.0, (0.0, 430.0))
    assert "410 operations/s (0 to 430 in 3 repeats) keep 99 % of them within 250 ms" in found.summary


@pytest.mark.server
def test_a_scenario_without_a_limit_has_no_capacity(stage: Stage) -> None:
    """There is nothing that could break, and the error says how to change that."""
    with pytest.raises(UsageError, match=r"promises nothing that could break[\s\S]*--latency-limit"):
        find_capacity(stage.database, find_scenario("check"))


@pytest.mark.server
@pytest.mark.slow
def test_the_rate_is_below_what_a_closed_loop_does(
    stage: Stage, rush: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a short staircase: the low steps hold, the one above saturation does not, and no history is broken."""
    for name, value in {"_SATURATE_S": 2.0, "_STEP_S": 1.0, "_STEPS": 4, "_HIGHEST": 4.0}.items():
        monkeypatch.setattr(f"virtualq_core.load.capacity.{name}", value)
    little = Thresholds(min_operations=20, min_contended=0, min_races=0)
    told: list[str] = []
    scenario = replace(rush, limit=Limit(latency_ms=500, max_late_share=0.05), thresholds=little)
    found = find_capacity(stage.database, scenario, repeats=1, tell=told.append)
    assert len(told) == len(found.runs) == 3
    assert found.broken is None
    assert len(found.steps) == 8
    assert found.steps[3].late_share > 0.05, found.steps
    assert 0 < found.rate_per_s < 4 * found.saturation_per_s
