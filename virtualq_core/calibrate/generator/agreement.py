"""
The generator of loads held against pgbench: the same call, on the same tickets, by turns in drawn order.

In a closed loop the figure is the rate: how much of what pgbench gets out of the server the generator gets out of it.
In an open loop it is what both tell about the latency at the same rate.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core import content
from virtualq_core.calibrate.generator.ring import make_ring
from virtualq_core.load.arrival import Arrival
from virtualq_core.load.runner import run_load
from virtualq_core.load.scenario import find_scenario
from virtualq_core.measure.comparison import ratio_of_rates
from virtualq_core.measure.guarantee.pgbench import run_script
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtualq_core.calibrate.generator.ring import Ring
    from virtualq_core.database.server import Database
    from virtualq_core.load.result import LoadResult
    from virtualq_core.load.scenario import Scenario
    from virtualq_core.measure.guarantee.pgbench import Log

_SCENARIO = "ring"
_TRIED = 500
_SHARES = (0.1, 0.25, 0.5)
_US_PER_S = 1e6


@dataclass(frozen=True)
class Against:
    """The generator's figure over pgbench's, block by block: medians, their ratio and its interval."""

    what: str
    ours: float
    pgbench: float
    ratio: float
    interval: tuple[float, float]
    blocks: int


@dataclass(frozen=True)
class Agreement:
    """
    What both tell at one rate, `share` of what pgbench saturates the server at.

    `waited` is the part of the generator's latency in which its clients waited for the server, over pgbench's latency,
    which is hardly anything else. The lag is how late they began, and `driver_share` the client's own part of the time
    between begin and end.
    """

    rate_per_s: float
    share: float
    p50: Against
    p99: Against
    waited: Against
    lag_p50_ms: float
    lag_p99_ms: float
    driver_share: float


@dataclass(frozen=True)
class Comparison:
    """All of it."""

    clients: int
    closed: Against
    closed_driver_share: float
    agreements: tuple[Agreement, ...]


def hold_against_pgbench(
    database: Database,
    *,
    blocks: int = 6,
    block_s: float = 6.0,
    seed: int = 1,
    tell: Callable[[str], None] = lambda _what: None,
) -> Comparison:
    """
    Compare both in an installed database without tickets, which gets some.

    Takes about three times `blocks` × `block_s` for each of the four comparisons: half of it is Locust's start.

    Raises:
        EnvironmentFault: pgbench is missing.
        BenchmarkBroke: one of its transactions failed.
    """
    chance = random.Random(seed)
    scenario = replace(find_scenario(_SCENARIO), duration_s=block_s)
    bench = _Bench(database, make_ring(database), scenario, chance)
    tell("pgbench and the generator in a closed loop")
    transactions = int(bench.pgbench(transactions=_TRIED) * block_s / scenario.clients)
    ours, theirs, driver = bench.closed(blocks, transactions)
    saturation = median(theirs)
    agreements = []
    for share in _SHARES:
        tell(f"both at {share * saturation:,.0f} operations/s, {share:.0%} of pgbench's")
        agreements.append(bench.open(share * saturation, share, blocks))
    return Comparison(
        scenario.clients,
        _against("operations/s in a closed loop", ours, theirs),
        fmean(driver),
        tuple(agreements),
    )


class _Bench:
    def __init__(self, database: Database, ring: Ring, scenario: Scenario, chance: random.Random) -> None:
        self._database = database
        self._ring = ring
        self._scenario = scenario
        self._chance = chance

    def closed(self, blocks: int, transactions: int) -> tuple[list[float], list[float], list[float]]:
        """Rates of both, and the driver's share of ours."""
        ours, theirs, driver = [], [], []
        for _ in range(blocks):
            for is_ours in self._order():
                if is_ours:
                    found = self._load(self._scenario)
                    ours.append(_settled_rate(found))
                    driver.append(found.figures.driver_share)
                else:
                    theirs.append(self.pgbench(transactions=transactions))
        return ours, theirs, driver

    def open(self, rate_per_s: float, share: float, blocks: int) -> Agreement:
        """Percentiles of both at this rate."""
        scenario = replace(self._scenario, arrival=Arrival(rate_per_s=rate_per_s))
        transactions = max(20, int(rate_per_s * scenario.duration_s / scenario.clients))
        ours: list[LoadResult] = []
        theirs: list[tuple[float, float]] = []
        for _ in range(blocks):
            for is_ours in self._order():
                if is_ours:
                    ours.append(self._load(scenario))
                else:
                    theirs.append(self._latencies(transactions, rate_per_s))
        latencies = [one.figures.latency for one in ours]
        return Agreement(
            rate_per_s,
            share,
            _against("p50 ms", [one.p50_ms or 0.0 for one in latencies], [p50 for p50, _ in theirs]),
            _against("p99 ms", [one.p99_ms or 0.0 for one in latencies], [p99 for _, p99 in theirs]),
            _against(
                "waiting for the server, p50 ms",
                [one.figures.wire.p50_ms or 0.0 for one in ours],
                [p50 for p50, _ in theirs],
            ),
            median(one.figures.lag.p50_ms or 0.0 for one in ours),
            median(one.figures.lag.p99_ms or 0.0 for one in ours),
            fmean(one.figures.driver_share for one in ours),
        )

    def pgbench(self, *, transactions: int) -> float:
        """Its rate, each client doing so many."""
        return self._run(transactions).rate

    def _latencies(self, transactions: int, rate_per_s: float) -> tuple[float, float]:
        log = self._run(transactions, rate_per_s)
        warm_us = log.ends_us.min() + self._scenario.warm_up_s * _US_PER_S
        p50, p99 = np.percentile(log.latencies_us[log.ends_us >= warm_us] / 1000, [50, 99]).tolist()
        return p50, p99

    def _run(self, transactions: int, rate_per_s: float | None = None) -> Log:
        return run_script(
            self._database,
            content.folder("loadtests") / f"{_SCENARIO}.sql",
            clients=self._scenario.clients,
            transactions=transactions,
            variables=self._ring.variables,
            role=APPLICATION_ROLE,
            rate_per_s=rate_per_s,
        )

    def _load(self, scenario: Scenario) -> LoadResult:
        return run_load(self._database, scenario, seed=self._chance.randrange(1_000_000))

    def _order(self) -> list[bool]:
        return self._chance.sample([True, False], 2)


def _settled_rate(found: LoadResult) -> float:
    """Operations a second without the first and the last interval, in which not all clients were at work."""
    moments = found.figures.timeline
    inner = moments[1:-1]
    return sum(moment.transitions for moment in inner) / (moments[-1].t_s - moments[1].t_s)


def _against(what: str, ours: Sequence[float], theirs: Sequence[float]) -> Against:
    ratio, interval = ratio_of_rates(ours, theirs)
    return Against(what, median(ours), median(theirs), ratio, interval, len(ours))
