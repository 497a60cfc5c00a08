"""
What the gate can do in a given time, from a recording of A/A trials.

A stretch is as many consecutive rounds of the recording as fill the gate's time, with their coins tossed anew, gathered
into blocks as that gate gathers them. Where the variants are the same, a round's sign is its coin's whatever the
machine did, so each stretch is an A/A trial as it could have been in that weather; and a slowdown adds the same to
every round's log-ratio. Trials with real work planted, of an amount near the smallest change, show whether that
foretells what the gate finds.

Stretches overlap, since a recording holds a few dozen of them end to end. Their coins are independent, the weather that
they saw is not. So an interval over them counts them as fewer, by the design effect of cluster samples (Kish, Survey
Sampling, 1965): the clusters are the pieces of the recording, each as long as a stretch, in which they begin, and their
likeness is that of being among the worst. Where one storm makes all of those, there are as few as there are pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.measure import quantile
from virtualq_core.measure.calibration import POWER, Reach
from virtualq_core.measure.paired.block import Round, gather
from virtualq_core.measure.paired.gate import looks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from virtualq_core.measure.paired import Block, Gate
    from virtualq_core.measure.paired.gate import Look


@dataclass(frozen=True)
class Stretches:
    """
    What a gate sees, look by look, in stretches of a recording without any change.

    `pieces` says in which of the recording's pieces each of them begins, of which there are `independent`.
    """

    gate: Gate
    looks: tuple[tuple[Look, ...], ...]
    pieces: tuple[int, ...]
    independent: int
    seed: int

    @classmethod
    def of(cls, recording: Sequence[Sequence[Block]], gate: Gate, *, stretches: int, seed: int) -> Stretches:
        """Draw so many stretches from the trials of a recording, which is gone round again where it is too short."""
        trials = [[one for block in trial for one in block.rounds] for trial in recording]
        ratios = np.array([one.log_ratio for trial in trials for one in trial])
        lasted_s = np.concatenate([np.diff([0.0, *(one.end_s for one in trial)]) for trial in trials])
        began_s = np.concatenate([[0.0], np.cumsum(lasted_s)])
        independent = max(1, math.floor(round(began_s[-1] / gate.limit_s, 6)))
        draw = np.random.default_rng(seed)
        starts = draw.integers(len(ratios), size=stretches)
        return cls(
            gate=gate,
            looks=tuple(
                tuple(looks(gather(_stretch(ratios, lasted_s, int(at), draw), limit_s=gate.limit_s), gate))
                for at in starts
            ),
            pieces=tuple(int(began_s[at] / began_s[-1] * independent) for at in starts),
            independent=independent,
            seed=seed,
        )

    def called_slower(self, ratio: float, *, spread: float = 0.0) -> int:
        """
        In how many of them the gate calls a candidate slower that takes `ratio` times as long.

        With a `spread`, the ratio itself differs from trial to trial by this standard deviation.
        """
        draw = np.random.default_rng(self.seed)
        shifts = np.log(np.maximum(ratio + spread * draw.standard_normal(len(self.looks)), np.finfo(float).tiny))
        verdicts = (
            next((verdict for look in seen if (verdict := look.verdict(self.gate, shift=shift)) != "inconclusive"), "")
            for seen, shift in zip(self.looks, shifts, strict=True)
        )
        return sum(verdict == "slower" for verdict in verdicts)

    def reach(self) -> Reach:
        """The false alarms, and the smallest change that is found."""
        found = np.array([smallest_found(seen) for seen in self.looks])
        return Reach(
            tolerance=self.gate.tolerance,
            limit_s=self.gate.limit_s,
            stretches=len(self.looks),
            independent=self.independent,
            alarms=self.called_slower(1.0),
            smallest_change=_finite(quantile.percentile(found, POWER)),
            interval=self._interval(found),
        )

    def _effective(self, is_beyond: NDArray[np.bool_]) -> int:
        """As many independent stretches would say as much about a share of which these are the cases."""
        pieces = np.array(self.pieces)
        groups = [is_beyond[pieces == piece] for piece in np.unique(pieces)]
        if len(groups) <= 1:
            return self.independent
        sizes = np.array([len(one) for one in groups])
        means = np.array([one.mean() for one in groups])
        between = float((sizes * (means - is_beyond.mean()) ** 2).sum()) / (len(groups) - 1)
        within = float((sizes * means * (1 - means)).sum()) / max(1, len(is_beyond) - len(groups))
        size = len(is_beyond) / len(groups)
        # Between over within is the design effect where all are of one size: that of a mean of independent ones is 1.
        effect = min(max(1.0, between / within), size) if within > 0 else size
        return max(self.independent, math.floor(len(is_beyond) / effect))

    def _interval(self, found: NDArray[np.float64]) -> tuple[float | None, float | None]:
        """Of the percentile over stretches, by order statistics of as many as they are worth."""
        worth = self._effective(found > quantile.percentile(found, POWER))
        low, high = quantile.ranks(worth, POWER, (quantile.TAIL, quantile.TAIL))
        return (
            _finite(quantile.percentile(found, low / worth)) if low >= 1 else None,
            _finite(quantile.percentile(found, high / worth)) if high <= worth else None,
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


def _stretch(
    ratios: NDArray[np.float64], lasted_s: NDArray[np.float64], at: int, draw: np.random.Generator
) -> Iterator[Round]:
    """Consecutive rounds from a place on, for as long as somebody takes them."""
    end_s = 0.0
    while True:
        end_s += float(lasted_s[at])
        yield Round(float(ratios[at]) if draw.random() < 1 / 2 else -float(ratios[at]), end_s)
        at = (at + 1) % len(ratios)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
