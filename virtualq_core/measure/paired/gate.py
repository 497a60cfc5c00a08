"""
The gate: is the candidate slower than the baseline by an amount that matters?

It looks at the blocks several times, and stops as soon as they decide. Its two errors are bounded over all looks
together: each look may spend of an error as much as of the time has passed since the look before, and the sum of what
they spend bounds the whole, however the looks depend on each other (Bonferroni; a linear spending function after Lan
and DeMets, Biometrika 70, 1983). The interval told is that of the look that decided: a repeated confidence interval
(Jennison and Turnbull, Journal of the Royal Statistical Society B 51, 1989), which is honest though the gate stopped
because of what it saw.
"""

from __future__ import annotations

import math
import random
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core.measure.paired import rank
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.sample import settled_heap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtualq_core.measure.paired.block import Block, Pair

GateVerdict: TypeAlias = Literal["slower", "not slower", "inconclusive"]

LOOKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""When the gate looks, as shares of its time."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """
    What is asked of a comparison.

    `tolerance` is the smallest slowdown that matters (0.1: ten per cent), `limit_s` the time to find it in.
    `false_alarm` bounds the probability that what is not slower at all is called slower, and `miss` the probability
    that what is slower by the tolerance or more is called not slower. In between, either answer is right.
    """

    tolerance: float = 0.10
    limit_s: float = 10.0
    false_alarm: float = 0.005
    miss: float = 0.01


@dataclass(frozen=True)
class Estimate:
    """
    A log-ratio of durations from all blocks of a fixed time: its centre, and limits that each have the error `error`.

    A limit is infinite where the blocks were too few for it.
    """

    centre: float
    low: float
    high: float
    error: float

    @property
    def ratio(self) -> float:
        """How many times as long the candidate takes."""
        return math.exp(self.centre)

    @property
    def interval(self) -> tuple[float, float]:
        """The ratio's limits."""
        return math.exp(self.low), math.exp(self.high)


NO_BIAS = Estimate(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Look:
    """What the blocks say at one time: the log-ratio's estimate and its limits. The limits may be infinite."""

    centre: float
    low: float
    high: float
    blocks: int
    end_s: float

    def verdict(self, gate: Gate, *, shift: float = 0.0) -> GateVerdict:
        """What it decides, had every block's log-ratio been greater by `shift`."""
        if self.high + shift < math.log1p(gate.tolerance):
            return "not slower"
        return "slower" if self.low + shift > 0 else "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """
    The verdict, and how slow the candidate is: the ratio of durations, above 1 where it is slower.

    The interval's lower end is wrong with at most the gate's `false_alarm`, its upper end with at most its `miss`; an
    end is None where the blocks were too few for it.
    """

    verdict: GateVerdict
    ratio: float
    interval: tuple[float | None, float | None]
    blocks: int
    duration_s: float

    def holds(self, ratio: float) -> bool:
        """Whether a ratio lies within the interval."""
        low, high = self.interval
        return (low is None or low <= ratio) and (high is None or ratio <= high)


def judge(pair: Pair, gate: Gate, *, seed: int, bias: Estimate = NO_BIAS) -> Judgement:
    """
    Compare the variants of the pair until there is a verdict or the gate's time is over.

    A block under way is waited for; nothing else goes beyond the time. `bias` is what the pair differed by while
    its variants were still the same; each of the gate's errors is then greater by its `error`.
    """
    with settled_heap(), closing(run_blocks(pair, limit_s=gate.limit_s, draw=random.Random(seed))) as blocks:
        return judge_blocks(blocks, gate, bias=bias)


def judge_blocks(blocks: Iterable[Block], gate: Gate, *, bias: Estimate = NO_BIAS) -> Judgement:
    """
    The same for blocks that are given, of which no more are taken than it needs.

    Raises:
        ValueError: they end before the gate's time, and before there is a verdict.
    """
    for look in looks(blocks, gate, bias=bias):
        verdict = look.verdict(gate)
        if verdict != "inconclusive" or look.end_s >= gate.limit_s:
            return Judgement(
                verdict=verdict,
                ratio=math.exp(look.centre),
                interval=(_ratio(look.low), _ratio(look.high)),
                blocks=look.blocks,
                duration_s=look.end_s,
            )
    raise ValueError(f"the blocks end before {gate.limit_s} s")


def looks(blocks: Iterable[Block], gate: Gate, *, bias: Estimate = NO_BIAS) -> Iterator[Look]:
    """
    What the gate sees at each of its looks, up to its last.

    A look takes place at the first block that ends at its time or after; where a block passes several, they are one.
    """
    taken: list[float] = []
    spent = 0.0
    for block in blocks:
        taken.append(block.log_ratio)
        reached = max((share for share in LOOKS if block.end_s >= share * gate.limit_s), default=0.0)
        if reached <= spent:
            continue
        share, spent = reached - spent, reached
        low, high = rank.limits(taken, low_error=gate.false_alarm * share, high_error=gate.miss * share)
        yield Look(rank.centre(taken) - bias.centre, low - bias.high, high - bias.low, len(taken), block.end_s)
        if spent >= LOOKS[-1]:
            return


def estimate(pair: Pair, *, limit_s: float, error: float, seed: int, least_blocks: int = 1) -> Estimate:
    """
    How much longer the candidate takes, from all of the time. Of a pair that is still the same it is the bias.

    Where fewer than `least_blocks` are done by then, it goes on until they are.
    """
    logs: list[float] = []
    with settled_heap(), closing(run_blocks(pair, limit_s=limit_s, draw=random.Random(seed))) as blocks:
        for block in blocks:
            logs.append(block.log_ratio)
            if block.end_s >= limit_s and len(logs) >= least_blocks:
                break
    return Estimate(rank.centre(logs), *rank.limits(logs, low_error=error, high_error=error), error)


def _ratio(log_ratio: float) -> float | None:
    return None if math.isinf(log_ratio) else math.exp(log_ratio)
