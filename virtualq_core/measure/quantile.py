"""
Percentiles with their error.

A percentile is the nearest rank: an observation that was made, not a point between two. Its confidence interval comes
from order statistics: the number of observations at or below the true quantile is binomial, whatever the distribution
(Hahn and Meeker, Statistical Intervals, 1991, chapter 5). Where there are too few observations for an upper end,
the interval is open, and whoever judges by it must call that inconclusive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
Interval: TypeAlias = tuple[float | None, float | None]
"""Lower and upper end; None where the observations are too few for one."""


@dataclass(frozen=True)
class Histogram:
    """Counts between rising edges, in milliseconds; one edge more than counts."""

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]


def percentile(samples: ArrayLike, share: float) -> float:
    """The nearest rank: the smallest observation with at least `share` (0 to 1) of all at or below it."""
    return float(np.quantile(np.asarray(samples, dtype=float), share, method="inverted_cdf"))


def interval(samples: ArrayLike, share: float, *, errors: tuple[float, float] = (TAIL, TAIL)) -> Interval:
    """
    The confidence interval of the true quantile, free of any assumption but independence.

    Its ends are on the wrong side of the quantile with at most these errors: two-sided 95 %, unless others are given.
    """
    ordered = np.sort(np.asarray(samples, dtype=float))
    lower, upper = ranks(len(ordered), share, errors)
    return (
        float(ordered[lower - 1]) if lower >= 1 else None,
        float(ordered[upper - 1]) if upper <= len(ordered) else None,
    )


def ranks(count: int, share: float, errors: tuple[float, float]) -> tuple[int, int]:
    """Which observations the ends of `interval` are, the first being 1; beyond them where there is none."""
    at_or_below = binomial_cdf(count, share)
    # X(l) is a lower end where fewer than l observations below the quantile are improbable, and so for X(u).
    lower = int(np.searchsorted(at_or_below, errors[0], side="right"))
    upper = int(np.searchsorted(at_or_below, 1 - errors[1], side="left")) + 1
    return lower, upper


def samples_needed(share: float, *, errors: tuple[float, float] = (TAIL, TAIL)) -> int:
    """The least number of observations that gives the interval of this quantile both its ends."""
    low, high = errors
    return max(math.ceil(math.log(low) / math.log(1 - share)), math.ceil(math.log(high) / math.log(share)))


def histogram(samples: ArrayLike, *, bins: int = 40) -> Histogram:
    """The distribution over logarithmic bins from the smallest to the largest observation."""
    values = np.asarray(samples, dtype=float)
    low, high = max(float(values.min()), 1e-6), float(values.max())
    edges = np.geomspace(low, max(high, low * 1.01), bins + 1)
    edges[0], edges[-1] = min(low, float(values.min())), max(edges[-1], high)
    counts, _ = np.histogram(values, edges)
    return Histogram(tuple(float(edge) for edge in edges), tuple(int(count) for count in counts))


def binomial_cdf(count: int, share: float) -> NDArray[np.float64]:
    """P(X ≤ k) for every k below `count` of a binomial X; summed from logarithms, so that nothing underflows."""
    k = np.arange(count)
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))
    log_mass = (
        log_factorial[count]
        - log_factorial[k]
        - log_factorial[count - k]
        + k * math.log(share)
        + (count - k) * math.log1p(-share)
    )
    return np.asarray(np.minimum(np.cumsum(np.exp(log_mass)), 1.0))
