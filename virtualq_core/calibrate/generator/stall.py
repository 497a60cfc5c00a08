"""
A stall of known length, planted in the server: an open loop must show it, and a closed one hides it.

Of operations that are due evenly over `duration_s`, those that fall into a stall of `length_s` wait for what is left of
it. So one in a hundred waits longer than the stall's length less a hundredth of the duration, and that is what the 99th
percentile must at least be; it may be more by as long as the server takes to work off what has piled up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from virtualq_core.load.arrival import Arrival
from virtualq_core.load.runner import run_load
from virtualq_core.load.scenario import Fault, find_scenario

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_SCENARIO = "ring"
_DURATION_S = 8.0
_BEGIN_S = 3.0
_RATE_PER_S = 150.0
_STALL = "stall"


@dataclass(frozen=True)
class Stall:
    """What both loops tell of a stall that lasted `length_s`, measured where it was held."""

    length_s: float
    duration_s: float
    rate_per_s: float
    open_p99_ms: float
    closed_p99_ms: float

    @property
    def least_ms(self) -> float:
        """What the 99th percentile of an honest loop is at least."""
        return 1000 * (self.length_s - self.duration_s / 100)

    @property
    def is_shown(self) -> bool:
        """Whether the open loop's is."""
        return self.open_p99_ms >= self.least_ms


def try_stall(database: Database, *, length_s: float = 1.5, seed: int = 1) -> Stall:
    """Stall a server that holds a ring of tickets, under an open and then under a closed loop."""
    fault = Fault(kind=_STALL, at_s=_BEGIN_S, for_s=length_s)
    closed = replace(find_scenario(_SCENARIO), duration_s=_DURATION_S, warm_up_s=0.0, faults=(fault,))
    opened = replace(closed, arrival=Arrival(rate_per_s=_RATE_PER_S))
    first = run_load(database, opened, seed=seed)
    second = run_load(database, closed, seed=seed)
    [held] = first.faults
    return Stall(
        held.end_s - held.begin_s,
        _DURATION_S,
        _RATE_PER_S,
        first.figures.latency.p99_ms or 0.0,
        second.figures.latency.p99_ms or 0.0,
    )
