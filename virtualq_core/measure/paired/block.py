"""
Blocks: two variants in alternation, in an order that a coin decides.

A round times the baseline and the candidate twice each, as ABBA or as BAAB. Whatever changes steadily over a round
falls on both alike, and so does being first or second. Which of the two orders it is, a coin decides anew for each
round. So where the variants do not differ, the sign of a round's log-ratio is that coin's: independent of all other
rounds and of whatever the machine does meanwhile. On this the limits of `rank` rest.

Where two variants cannot share one place (two databases, two servers), a place's own speed would pass for the
variant's. With several pairs whose variants have swapped places, a round goes through all of them, and the places'
speeds cancel out within it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Generator, Sequence

Variant: TypeAlias = Callable[[int], float]
"""Does the work once and returns how long it took, in seconds. Both variants choose their parameters by the number."""

MOST_BLOCKS = 1_000


@dataclass(frozen=True)
class Pair:
    """Two variants that have been found to give the same answers: what is there, and what would replace it."""

    baseline: Variant
    candidate: Variant


@dataclass(frozen=True)
class Block:
    """The log of the candidate's duration over the baseline's, and when the block ended, in seconds from the start."""

    log_ratio: float
    end_s: float


def run_blocks(pairs: Sequence[Pair], *, limit_s: float, draw: random.Random) -> Generator[Block]:
    """
    Blocks without end; whoever takes them stops.

    A block is one round, or where rounds are quick the median of those that fit into a thousandth of `limit_s`: more
    blocks than a thousand make nothing more certain.
    """
    least_s = limit_s / MOST_BLOCKS
    begin = time.perf_counter()
    end_s = 0.0
    number = 0
    while True:
        began_s = end_s
        rounds: list[float] = []
        while not rounds or end_s - began_s < least_s:
            rounds.append(_round(pairs, number, draw))
            end_s = time.perf_counter() - begin
        number += 1
        yield Block(median(rounds), end_s)


def _round(pairs: Sequence[Pair], number: int, draw: random.Random) -> float:
    """One round through all pairs in a drawn order; all of them begin with the same variant."""
    is_baseline_first = draw.random() < 1 / 2
    ratios = []
    for pair in draw.sample(pairs, len(pairs)):
        first, second = (pair.baseline, pair.candidate) if is_baseline_first else (pair.candidate, pair.baseline)
        once, then = math.log(first(number)), math.log(second(number))
        again, last = math.log(second(number)), math.log(first(number))
        ratio = (then + again - once - last) / 2
        ratios.append(ratio if is_baseline_first else -ratio)
    return fmean(ratios)
