"""
The highest rate of arrivals that a scenario's limit holds at.

A closed loop tells what the machine saturates at. Then the arrivals climb a staircase from far below that to above it,
and the highest step that keeps the limit, as do all below it, is looked at closely: finer staircases around it, several
times. Each step is judged by the operations that were due in it, those that were skipped among them.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from virtualq_core.errors import UsageError
from virtualq_core.load.arrival import Arrival
from virtualq_core.load.runner import run_load
from virtualq_core.load.scenario import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.load.figure import Demanded
    from virtualq_core.load.result import LoadResult
    from virtualq_core.load.scenario import Scenario

_SATURATE_S = 5.0
_STEP_S = 3.0
_STEPS = 12
_LOWEST, _HIGHEST = 0.1, 1.2
_FINE_BELOW, _FINE_ABOVE = 0.6, 1.25


@dataclass(frozen=True)
class Capacity:
    """
    What was found.

    `rates_per_s` are the highest rates that held, one for each fine staircase, 0 where not even its lowest step did;
    `steps` are all that were tried. `saturation_per_s` is what the same clients do in a closed loop. `runs` are the
    loads by which all of it was found: a violation in one of them is one, whatever the rate.
    """

    scenario: Scenario
    saturation_per_s: float
    rates_per_s: tuple[float, ...]
    steps: tuple[Demanded, ...]
    runs: tuple[LoadResult, ...]

    @property
    def rate_per_s(self) -> float:
        """The median over the repeats."""
        return statistics.median(self.rates_per_s)

    @property
    def interval(self) -> tuple[float, float]:
        """The lowest and the highest of the repeats."""
        return min(self.rates_per_s), max(self.rates_per_s)

    @property
    def broken(self) -> LoadResult | None:
        """The first of the loads that failed."""
        return next((run for run in self.runs if run.verdict == "failed"), None)

    @property
    def summary(self) -> str:
        """The result in one line."""
        limit, (low, high) = self.scenario.limit, self.interval
        return (
            f"{self.rate_per_s:,.0f} operations/s ({low:,.0f} to {high:,.0f} in {len(self.rates_per_s)} repeats) keep "
            f"{100 * (1 - limit.max_late_share):g} % of them within {limit.latency_ms:g} ms; "
            f"in a closed loop {self.scenario.clients} clients do {self.saturation_per_s:,.0f}/s"
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "scenario": self.scenario.name,
            "clients": self.scenario.clients,
            "latency_ms": self.scenario.limit.latency_ms,
            "max_late_share": self.scenario.limit.max_late_share,
            "rate_per_s": self.rate_per_s,
            "interval": list(self.interval),
            "rates_per_s": list(self.rates_per_s),
            "saturation_per_s": self.saturation_per_s,
            "steps": [
                {
                    "rate_per_s": step.rate_per_s,
                    "due": step.due,
                    "late": step.late,
                    "skipped": step.skipped,
                    "late_share": step.late_share,
                }
                for step in self.steps
            ],
        }


def find_capacity(
    database: Database,
    scenario: Scenario,
    *,
    subject: str = "procedural",
    seed: int = 1,
    workers: int = 1,
    repeats: int = 3,
    tell: Callable[[str], None] = lambda _what: None,
) -> Capacity:
    """
    Raise the rate until the limit breaks; takes about a minute, and half a minute for each repeat.

    Raises:
        UsageError: the scenario has no limit.
        LoadFailed, EnvironmentFault: as `run_load`.
    """
    if not scenario.limit.latency_ms:
        raise UsageError(
            f"the scenario '{scenario.name}' promises nothing that could break",
            expected="a table [limit] with latency_ms",
            next_step="add one to a copy of its file, or give --latency-limit",
        )
    runs: list[LoadResult] = []

    def run(arrival: Arrival, duration_s: float, number: int) -> LoadResult:
        # What a step keeps is judged here, so the run itself has no limit but the one that callers give up at.
        asked = replace(
            scenario, arrival=arrival, duration_s=duration_s, think_time_ms=0.0, faults=(), limit=_lenient(scenario)
        )
        runs.append(run_load(database, asked, subject=subject, seed=seed + number, workers=workers))
        return runs[-1]

    tell("how much a closed loop does")
    saturation = run(Arrival(), _SATURATE_S, 0).figures.operations_per_s
    tell(f"a staircase up to {_HIGHEST * saturation:,.0f} operations/s")
    rough = run(_stairs(_LOWEST * saturation, _HIGHEST * saturation), _STEP_S * _STEPS, 1).figures.steps
    near = highest(rough, scenario.limit) or _LOWEST * saturation
    steps = list(rough)
    rates = []
    for number in range(repeats):
        tell(f"repeat {number + 1} of {repeats}, around {near:,.0f} operations/s")
        fine = run(_stairs(_FINE_BELOW * near, _FINE_ABOVE * near), _STEP_S * _STEPS, 2 + number).figures.steps
        steps += fine
        rates.append(highest(fine, scenario.limit))
    return Capacity(scenario, saturation, tuple(rates), tuple(steps), tuple(runs))


def _lenient(scenario: Scenario) -> Limit:
    return Limit(latency_ms=scenario.limit.latency_ms, max_late_share=1.0)


def _stairs(low: float, high: float) -> Arrival:
    return Arrival(shape="steps", rate_per_s=low, peak_per_s=high, steps=_STEPS)


def highest(steps: Sequence[Demanded], limit: Limit) -> float:
    """The rate of the last step before the first that does not hold; 0 where that is the lowest."""
    held = 0.0
    for step in steps:
        if step.late_share > limit.max_late_share or step.rate_per_s is None:
            break
        held = step.rate_per_s
    return held
