"""A simulated machine, whose truth is known."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from virtualq_core.measure.paired import Estimate, rank
from virtualq_core.measure.paired.block import run_blocks

if TYPE_CHECKING:
    from virtualq_core.measure.paired import Pair


class Machine:
    """
    A simulated machine with a clock of its own.

    A request of 50 ms takes longer or shorter by a slow wave, by a walk that remembers, and by noise with a heavy tail;
    the first of two that differ pays for a cold cache.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._walk = 0.0
        self._last: object = None
        self.now = 0.0

    def perf_counter(self) -> float:
        """As time has it."""
        return self.now

    def request(self, kind: object, factor: float, added_s: float = 0.0) -> float:
        """The duration of one, which takes so many times as long, or so much longer whatever the weather."""
        self._walk = 0.98 * self._walk + self._draw.gauss(0, 0.03)
        weather = 1.5 + 0.5 * math.sin(self.now / 3) + 0.02 * self.now
        noise = self._draw.lognormvariate(0, 0.05) * (1 + 5 * (self._draw.random() < 0.03))
        cold = 1 if kind is self._last else 1.05
        self._last = kind
        duration_s = 0.03 * factor * weather * math.exp(self._walk) * noise * cold + added_s
        self.now += duration_s
        return duration_s


def observe(pair: Pair, *, limit_s: float, error: float, draw: random.Random) -> Estimate:
    """As `estimate` does, without its care for the heap, which takes longer than a simulated trial."""
    logs = []
    for one in run_blocks(pair, limit_s=limit_s, draw=draw):
        logs.append(one.log_ratio)
        if one.end_s >= limit_s:
            break
    return Estimate(rank.centre(logs), *rank.limits(logs, low_error=error, high_error=error), error)
