"""So many of so many: a share with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.measure.quantile import CONFIDENCE, binomial_cdf

if TYPE_CHECKING:
    from collections.abc import Callable

_HALVINGS = 50


@dataclass(frozen=True)
class Proportion:
    """`count` out of `of` independent trials; `of` is at least 1."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """
        The 95 % interval of the true share, two-sided and exact.

        It holds those shares for which neither as many nor as few would be improbable (Clopper and Pearson, Biometrika
        26, 1934).
        """
        tail = (1 - CONFIDENCE) / 2
        # P(X > count - 1) rises with the true share, P(X ≤ count) falls.
        low = _where(lambda share: 1 - self._at_most(self.count - 1, share) >= tail) if self.count else 0.0
        high = _where(lambda share: self._at_most(self.count, share) <= tail) if self.count < self.of else 1.0
        return low, high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.of} ({low * 100:.1f} to {high * 100:.1f} %)"

    def _at_most(self, count: int, share: float) -> float:
        return float(binomial_cdf(self.of, share)[count])


def _where(is_reached: Callable[[float], bool]) -> float:
    """The share at which a condition begins to hold, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_reached(middle) else (middle, high)
    return high
