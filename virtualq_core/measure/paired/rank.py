"""
The centre of values that are symmetric about it, with limits that are exact for any number of them.

The centre is Hodges and Lehmann's: the median of the means of all pairs of values, each with itself included. The
limits are two of those means, chosen by the distribution of Wilcoxon's signed-rank statistic (Hollander, Wolfe and
Chicken, Nonparametric Statistical Methods, 3rd edition 2014, sections 3.1 to 3.3). That distribution asks nothing of
the values but that the sign of each one's distance from the centre is a fair coin's, independent of the others'.
Values that differ in spread, drift, come in calm and stormy stretches or have heavy tails keep the promised errors.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_EXACT_UP_TO = 200
_DIGITS = 12


def centre(values: ArrayLike) -> float:
    """
    The Hodges-Lehmann estimate.

    Raises:
        ValueError: there are no values.
    """
    means = _pair_means(values)
    if not len(means):
        raise ValueError("no values have no centre")
    return float(np.median(means))


def limits(values: ArrayLike, *, low_error: float, high_error: float) -> tuple[float, float]:
    """
    A lower and an upper limit of the centre; each is on the wrong side of it with at most its error's probability.

    An end is infinite where the values are too few for its error: `least_values` says how many are needed.
    """
    given = np.asarray(values, dtype=float)
    means = _pair_means(given)
    low, high = _left_out(len(given), low_error), _left_out(len(given), high_error)
    return (
        -math.inf if low is None else float(np.partition(means, low)[low]),
        math.inf if high is None else float(np.partition(means, len(means) - 1 - high)[len(means) - 1 - high]),
    )


def least_values(error: float) -> int:
    """The least number of values that have a limit of this one-sided error."""
    return max(1, math.ceil(round(-math.log2(error), _DIGITS)))


def _pair_means(values: ArrayLike) -> NDArray[np.float64]:
    """The means of all pairs, each value with itself included; in no order."""
    given = np.asarray(values, dtype=float)
    one, other = np.triu_indices(len(given))
    return np.asarray((given[one] + given[other]) / 2)


@cache
def _left_out(count: int, error: float) -> int | None:
    """How many pair means may lie beyond the limit: the largest c with P(W ≤ c) ≤ error, None where there is none."""
    if count < least_values(error):
        return None
    if count <= _EXACT_UP_TO:
        return int(np.searchsorted(_cdf(count), error * (1 + 10**-_DIGITS), side="right")) - 1
    mean = count * (count + 1) / 4
    deviation = math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    return math.floor(mean + NormalDist().inv_cdf(error) * deviation - 0.5)


def _cdf(count: int) -> NDArray[np.float64]:
    """P(W ≤ w) of the sum W of those ranks 1 to `count` whose coin shows heads."""
    mass = np.zeros(count * (count + 1) // 2 + 1)
    mass[0] = 1.0
    for rank in range(1, count + 1):
        moved = np.concatenate((np.zeros(rank), mass[:-rank]))
        mass = (mass + moved) / 2
    return np.asarray(np.cumsum(mass))
