"""
Blocks: two variants in alternation, in an order that a coin decides.

A round times the baseline and the candidate twice each, as ABBA or as BAAB. Whatever changes steadily over a round
falls on both alike, and so does being first or second. Which of the two orders it is, a coin decides anew for each
round. So where the variants do not differ, the sign of a round's log-ratio is that coin's: independent of all other
rounds and of whatever the machine does meanwhile. On this the limits of `rank` rest.

Where two variants cannot share one place (two databases, two servers), a place's own speed would pass for the
variant's; whoever compares them takes off what the places differed by (`gate.judge`'s bias).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Generator, Iterable, Iterator

Variant: TypeAlias = Callable[[int], float]
"""Does the work once and returns how long it took, in seconds. Both variants choose their parameters by the number."""

MOST_BLOCKS = 1_000


@dataclass(frozen=True)
class Pair:
    """Two variants that have been found to give the same answers: what is there, and what would replace it."""

    baseline: Variant
    candidate: Variant


@dataclass(frozen=True)
class Round:
    """The log of the candidate's duration over the baseline's, and when the round ended, in seconds from the start."""

    log_ratio: float
    end_s: float


@dataclass(frozen=True)
class Block:
    """The same of the rounds that it gathers, by their median."""

    log_ratio: float
    end_s: float
    rounds: tuple[Round, ...] = ()


def run_blocks(pair: Pair, *, limit_s: float, draw: random.Random) -> Generator[Block]:
    """
    Blocks without end; whoever takes them stops.

    A block is one round, or where rounds are quick the median of those that fit into a thousandth of `limit_s`: more
    blocks than a thousand make nothing more certain.
    """
    begin = time.perf_counter()
    number = 0

    def rounds() -> Iterator[Round]:
        while True:
            log_ratio = _round(pair, number, draw)
            yield Round(log_ratio, time.perf_counter() - begin)

    for block in gather(rounds(), limit_s=limit_s):
        number += 1
        yield block


def gather(rounds: Iterable[Round], *, limit_s: float) -> Iterator[Block]:
    """The blocks of a comparison that may take so long, of its rounds from the start on."""
    least_s = limit_s / MOST_BLOCKS
    began_s = 0.0
    taken: list[Round] = []
    for one in rounds:
        taken.append(one)
        if one.end_s - began_s >= least_s:
            yield Block(median(each.log_ratio for each in taken), one.end_s, tuple(taken))
            began_s, taken = one.end_s, []


def _round(pair: Pair, number: int, draw: random.Random) -> float:
    """One round, of which a coin decides who begins."""
    is_baseline_first = draw.random() < 1 / 2
    first, second = (pair.baseline, pair.candidate) if is_baseline_first else (pair.candidate, pair.baseline)
    once, then = math.log(first(number)), math.log(second(number))
    again, last = math.log(second(number)), math.log(first(number))
    ratio = (then + again - once - last) / 2
    return ratio if is_baseline_first else -ratio
