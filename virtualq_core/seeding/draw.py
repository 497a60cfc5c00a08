"""
Seeded draws that come out the same on every machine.

NumPy promises that the raw bits of a generator never change, but not what its distributions make of them, and the
last bit of `exp` or `log` differs between processors. So rows are drawn from raw bits with integer arithmetic alone,
and curves are tables of whole numbers, computed once.
"""

from __future__ import annotations

import math
from enum import IntEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

MILLION = 1_000_000
_SLOTS = 4096


class Stream(IntEnum):
    """What is drawn; each has a stream of its own, so that a change to one leaves the others' rows alone."""

    VOCABULARY = 1
    DOCUMENT = 2
    POPULATION = 3
    CUSTOMER = 4
    LISTED = 5
    ARRIVAL = 6
    TICKET = 7
    DETAIL = 8
    ITEM = 9
    HISTORY = 10


class Draw:
    """Draws from one stream: `Draw(seed, Stream.TICKET, chunk)`."""

    def __init__(self, seed: int, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence((seed, *key)))
        self._reserve: list[int] = []

    def words(self, size: int) -> Integers:
        """`size` integers below 2³²."""
        raw = np.asarray(self._bits.random_raw((size + 1) // 2), dtype="<u8")
        return raw.view("<u4")[:size].astype(np.int64)

    def below(self, bound: int | Integers, size: int) -> Integers:
        """`size` integers from 0 to `bound` - 1, evenly (to one part in 2³² over `bound`); `bound` below 2³¹."""
        return (self.words(size) * bound) >> 32

    def one(self, bound: int) -> int:
        """One integer from 0 to `bound` - 1."""
        if not self._reserve:
            self._reserve = self.words(_SLOTS).tolist()
        return self._reserve.pop() * bound >> 32

    def early(self, bound: int | Integers, size: int) -> Integers:
        """As `below`, but the lower of two draws: a quarter of the range takes nearly half of the draws."""
        return np.minimum(self.below(bound, size), self.below(bound, size))

    def chance(self, per_million: int | Integers, size: int) -> Booleans:
        """`size` booleans that are true so many times in a million."""
        return self.below(MILLION, size) < per_million

    def pick(self, table: Integers, size: int) -> Integers:
        """`size` entries of a table of equally likely entries."""
        return table[self.below(len(table), size)]

    def shuffle(self, size: int) -> Integers:
        """The numbers from 0 to `size` - 1 in a drawn order."""
        return np.argsort(self.words(size), kind="stable")


def weighted(weights: Sequence[int], slots: int = _SLOTS) -> Integers:
    """A table of `slots` equally likely entries in which entry `i` comes up in proportion to `weights[i]`."""
    edges = np.cumsum(np.asarray(weights, dtype=np.int64))
    found: Integers = np.searchsorted(edges * slots, np.arange(slots) * edges[-1], side="right")
    return found


def log_normal(median: int, sigma: float) -> Integers:
    """A table of equally likely quantiles of the log-normal distribution, rounded to whole numbers."""
    normal = NormalDist()
    quantiles = (math.exp(sigma * normal.inv_cdf((slot + 0.5) / _SLOTS)) for slot in range(_SLOTS))
    return np.array([round(median * quantile) for quantile in quantiles], dtype=np.int64)


def zipf(count: int, exponent: float, scale: int) -> Integers:
    """Whole weights `scale` / rank^`exponent` of `count` ranks, at least 1 each."""
    return np.array([max(1, round(scale / rank**exponent)) for rank in range(1, count + 1)], dtype=np.int64)
