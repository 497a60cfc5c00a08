"""
When operations are due.

In an open loop operations are due at instants that are drawn beforehand and wait for no answer, as those of people who
come through a door. They form a Poisson process, steady or with a rate that changes on the way: instants of a process
with one arrival a unit are drawn by exponential gaps, and each is moved to where the expected number of arrivals since
the begin, the integral of the rate, is as large.

The clients of a process share one schedule: whoever is free takes the next instant, as with pgbench's `--rate`.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Shape = Literal["steady", "ramp", "steps", "burst"]
SHAPES: tuple[str, ...] = get_args(Shape)
_NS_PER_S = 1_000_000_000
_JUMP_S = 1e-9


class ScenarioFault(UsageError):
    """A scenario says something that cannot be meant."""

    code = "scenario"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """
    How many operations a second are due, by all clients together; 0 is a closed loop, where each waits for its answer.

    `steady` stays at `rate_per_s`. `ramp` goes evenly from there to `peak_per_s` at the end, `steps` goes there in so
    many equal steps. `burst` jumps to `peak_per_s` for `burst_s` out of every `burst_every_s`, at the end of each.
    """

    rate_per_s: float = 0.0
    shape: str = "steady"
    peak_per_s: float = 0.0
    steps: int = 5
    burst_every_s: float = 10.0
    burst_s: float = 2.0

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ScenarioFault(f"no arrival has the shape '{self.shape}'", expected=" or ".join(SHAPES))
        if self.shape != "steady" and not (self.is_open and self.peak_per_s > 0):
            raise ScenarioFault(
                f"a {self.shape} needs two rates", expected="rate_per_s and peak_per_s, both more than 0"
            )
        if self.shape == "steps" and self.steps < 2:  # noqa: PLR2004  one step is no staircase
            raise ScenarioFault("steps are more than one", observed=self.steps, expected="at least 2")
        if self.shape == "burst" and not 0 < self.burst_s < self.burst_every_s:
            raise ScenarioFault(
                "a burst is a part of its period", observed=f"{self.burst_s} s", expected=f"< {self.burst_every_s} s"
            )

    @property
    def is_open(self) -> bool:
        """Whether there is a schedule at all."""
        return self.rate_per_s > 0

    def knots(self, duration_s: float) -> list[tuple[float, float]]:
        """The rate as a polygon: seconds since the begin, and operations a second."""
        low, high = self.rate_per_s, self.peak_per_s
        match self.shape:
            case "ramp":
                return [(0.0, low), (duration_s, high)]
            case "steps":
                return _staircase(self.stairs(duration_s), duration_s)
            case "burst":
                quiet_s = self.burst_every_s - self.burst_s
                begins = [self.burst_every_s * number for number in range(math.ceil(duration_s / self.burst_every_s))]
                stairs = [stair for begin in begins for stair in ((begin, low), (begin + quiet_s, high))]
                return _staircase([stair for stair in stairs if stair[0] < duration_s], duration_s)
            case _:
                return [(0.0, low), (duration_s, low)]

    def stairs(self, duration_s: float) -> list[tuple[float, float]]:
        """Where each step begins (s), and its rate; none but for `steps`."""
        if self.shape != "steps":
            return []
        length_s, rise = duration_s / self.steps, (self.peak_per_s - self.rate_per_s) / (self.steps - 1)
        return [(length_s * step, self.rate_per_s + rise * step) for step in range(self.steps)]


def _staircase(stairs: list[tuple[float, float]], end_s: float) -> list[tuple[float, float]]:
    borders = [*(begin for begin, _ in stairs[1:]), end_s]
    return [knot for (begin, rate), end in zip(stairs, borders, strict=True) for knot in ((begin, rate), (end, rate))]


class _Piece(NamedTuple):
    """A stretch on which the rate goes evenly from one value to another."""

    begin_s: float
    length_s: float
    rate: float
    slope: float

    @property
    def arrivals(self) -> float:
        return self.length_s * (self.rate + self.slope * self.length_s / 2)

    def after(self, arrivals: float) -> float:
        """When so many are expected since the begin of the stretch: the root of rate t + slope t²/2 = arrivals."""
        root = math.sqrt(max(0.0, self.rate**2 + 2 * self.slope * arrivals))
        return self.begin_s + 2 * arrivals / (self.rate + root)


class Schedule:
    """
    The instants of one process, which has `share` of all arrivals; they are the same for the same seed.

    `latency_limit_s`, if given, is what the caller gives up after: what was due longer ago is skipped, and `skip` hears
    of it.
    """

    def __init__(
        self,
        arrival: Arrival,
        duration_s: float,
        *,
        begin_ns: int,
        share: float = 1.0,
        seed: int = 1,
        latency_limit_s: float = 0.0,
        skip: Callable[[int], None] = lambda _due_ns: None,
    ) -> None:
        knots = arrival.knots(duration_s)
        self._pieces = [
            _Piece(begin_s, end_s - begin_s, share * rate, share * (next_rate - rate) / (end_s - begin_s))
            for (begin_s, rate), (end_s, next_rate) in pairwise(knots)
            if end_s - begin_s > _JUMP_S
        ]
        self._sums = [0.0, *accumulate(piece.arrivals for piece in self._pieces)]
        self._chance = random.Random(f"{seed}/arrivals")
        self._begin_ns = begin_ns
        self._limit_ns = round(latency_limit_s * _NS_PER_S)
        self._skip = skip
        self._drawn = 0.0

    def take(self, now_ns: int) -> int | None:
        """The next instant (ns, of the clock of `begin_ns`) for whoever is free now; None once there is no more."""
        while True:
            self._drawn += self._chance.expovariate(1.0)
            place = bisect(self._sums, self._drawn) - 1
            if place == len(self._pieces):
                return None
            due_s = self._pieces[place].after(self._drawn - self._sums[place])
            due_ns = self._begin_ns + round(due_s * _NS_PER_S)
            if not self._limit_ns or now_ns - due_ns <= self._limit_ns:
                return due_ns
            self._skip(due_ns)

    def has_given_up(self, due_ns: int, now_ns: int) -> bool:
        """Whether nobody waits any more for what was due then and has not begun; if so, it is skipped."""
        if not self._limit_ns or now_ns - due_ns <= self._limit_ns:
            return False
        self._skip(due_ns)
        return True
