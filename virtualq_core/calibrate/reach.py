"""
What the gate can do in a given time, from a recording of A/A trials.

A stretch is as many consecutive blocks of the recording as fill the gate's time, with their coins tossed anew. Where
the variants are the same, a block's sign is its coin's whatever the machine did, so each stretch is an A/A trial as it
could have been in that weather; and a slowdown adds the same to every block's log-ratio. Planted trials of real work,
beside it, show whether that foretells what the gate finds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.measure import quantile
from virtualq_core.measure.calibration import POWER, Reach
from virtualq_core.measure.paired import Block
from virtualq_core.measure.paired.gate import looks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from virtualq_core.measure.paired import Gate
    from virtualq_core.measure.paired.gate import Look


@dataclass(frozen=True)
class Stretches:
    """What a gate sees, look by look, in stretches of a recording without any change."""

    gate: Gate
    looks: tuple[tuple[Look, ...], ...]

    @classmethod
    def of(cls, recording: Sequence[Sequence[Block]], gate: Gate, *, stretches: int, seed: int) -> Stretches:
        """Draw so many stretches from the trials of a recording, which is gone round again where it is too short."""
        ratios = np.array([block.log_ratio for trial in recording for block in trial])
        lasted_s = np.concatenate([np.diff([0.0, *(block.end_s for block in trial)]) for trial in recording])
        draw = np.random.default_rng(seed)
        return cls(gate, tuple(tuple(looks(_stretch(ratios, lasted_s, draw), gate)) for _ in range(stretches)))

    def called_slower(self, ratio: float) -> int:
        """In how many of them the gate calls a candidate slower that takes `ratio` times as long."""
        shift = math.log(ratio)
        verdicts = (
            next((verdict for look in seen if (verdict := look.verdict(self.gate, shift=shift)) != "inconclusive"), "")
            for seen in self.looks
        )
        return sum(verdict == "slower" for verdict in verdicts)

    def reach(self) -> Reach:
        """The false alarms, and the smallest change that is found."""
        found = [smallest_found(seen) for seen in self.looks]
        smallest, (low, high) = quantile.percentile(found, POWER), quantile.interval(found, POWER)
        return Reach(
            tolerance=self.gate.tolerance,
            limit_s=self.gate.limit_s,
            stretches=len(self.looks),
            alarms=self.called_slower(1.0),
            smallest_change=_finite(smallest),
            interval=(_finite(low), _finite(high)),
        )


def smallest_found(seen: Sequence[Look]) -> float:
    """
    The least slowdown that a gate with just this tolerance finds at one of these looks, 0.05 for five per cent.

    With change and tolerance equal, a look misses it where its upper limit is below the truth, and finds it where the
    lower limit is not as far below the truth as the change is great.
    """
    lowest = -math.inf
    for look in seen:
        if look.high < 0:
            break
        lowest = max(lowest, look.low)
    return max(0.0, math.expm1(-lowest)) if lowest > -math.inf else math.inf


def _stretch(ratios: NDArray[np.float64], lasted_s: NDArray[np.float64], draw: np.random.Generator) -> Iterator[Block]:
    """Consecutive blocks from a drawn place on, for as long as somebody takes them."""
    at = int(draw.integers(len(ratios)))
    end_s = 0.0
    while True:
        end_s += float(lasted_s[at])
        yield Block(float(ratios[at]) * float(draw.choice((-1, 1))), end_s)
        at = (at + 1) % len(ratios)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
