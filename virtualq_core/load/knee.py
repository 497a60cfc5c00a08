"""
Where more connections no longer help.

The rates of all sizes were measured in blocks, so a size is held against the best one within each block: a slow moment
of the machine falls on both. The ratio's centre and its 95 % interval over blocks are those of `paired.rank`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.measure.comparison import ratio_of_rates
from virtualq_core.measure.paired import rank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEAR = 0.95
LEAST_BLOCKS = 6
"""With fewer an interval of 95 % has no ends."""
_TAIL = 0.025
_LEAST_RATE = 1e-3


@dataclass(frozen=True)
class Knee:
    """
    The smallest size that is as good as the best one, to 5 %.

    `size` is the smallest whose rate is at least 0.95 of the best size's, by the ratio's centre. No smaller one than
    `low` can be it, going by the upper ends of the intervals; by the lower ends `high` is near enough for certain.
    """

    size: int
    low: int
    high: int
    best: int


def find_knee(rates: Mapping[int, Sequence[float]]) -> Knee:
    """
    The knee of rates by size, each with one rate a block, the blocks in the same order.

    Raises:
        ValueError: there are no rates.
    """
    sound = {size: [max(rate, _LEAST_RATE) for rate in found] for size, found in sorted(rates.items())}
    best = max(sound, key=lambda size: rank.centre(np.log(sound[size])))
    ratios = {size: ratio_of_rates(found, sound[best]) for size, found in sound.items()}
    return Knee(
        size=next(size for size, (ratio, _) in ratios.items() if ratio >= NEAR),
        low=next(size for size, (_, (_, high)) in ratios.items() if high >= NEAR),
        high=next(size for size, (_, (low, _)) in ratios.items() if low >= NEAR or size == best),
        best=best,
    )


def rate_of(rates: Sequence[float]) -> tuple[float, tuple[float, float] | None]:
    """The centre of rates, one a block, and its 95 % interval; None where the blocks are too few for one."""
    logs = np.log(np.maximum(np.asarray(rates, dtype=float), _LEAST_RATE))
    low, high = rank.limits(logs, low_error=_TAIL, high_error=_TAIL)
    ends = (math.exp(low), math.exp(high))
    return math.exp(rank.centre(logs)), ends if math.isfinite(low) and math.isfinite(high) else None
