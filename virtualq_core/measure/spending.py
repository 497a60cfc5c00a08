"""
Looks at percentiles: what each may spend of the error that is promised over all of them.

Who samples until the verdict pleases is wrong more often than an interval says: where a 99th percentile is exactly its
limit, intervals of 95 % after 405 samples and every 101 more say in one case of nine that the limit is broken by the
time of 5,000, where 2.5 % were promised. So a look has twice as many samples as the one before it and may spend half as
much, and the last one, when the time is over, what is left. The sum bounds the whole, however the looks depend on each
other (Bonferroni). A budget that the worst of several cases breaks divides the error of failing among them; all of them
have to keep it, so that of passing is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from virtualq_core.measure.quantile import TAIL, binomial_cdf, ranks, samples_needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Errors: TypeAlias = tuple[float, float]
"""How often the lower end of an interval is too high, and the upper end too low."""

FALSE_VERDICT = TAIL
"""The most that a kept latency limit fails, and a broken one passes, over all looks and cases."""
_SPARE = 1.1


def errors(look: int, cases: int, *, is_last: bool = False) -> Errors:
    """What the look of this number, the first being 1, may spend on each of so many cases."""
    share = 2.0 ** -(look - 1 if is_last else look)
    return FALSE_VERDICT * share / cases, FALSE_VERDICT * share


@dataclass
class Looks:
    """
    Sampling until there is a verdict, look by look: how many samples of each case the present one has.

    Whoever samples asks at each look alone whether it is decided, with intervals that have `errors`, and calls `go_on`
    where it is not. Nobody may look in between.
    """

    first: int
    cases: int
    number: int = 1

    @property
    def samples(self) -> int:
        """Twice as many as at the look before."""
        return self.first << (self.number - 1)

    def errors(self, *, is_last: bool) -> Errors:
        """What the present look may spend; the last one, whether it has all of its samples or not, what is left."""
        return errors(self.number, self.cases, is_last=is_last)

    def go_on(self) -> None:
        """To the next look."""
        self.number += 1


def first_look(share: float, cases: int) -> int:
    """
    How many samples the first look has: enough for both ends of the percentile's interval.

    A tenth more than are just enough, so that the upper end is not always the slowest of all.
    """
    return round(samples_needed(share, errors=errors(1, cases)) * _SPARE)


def false_verdicts(share: float, *, looks: int, cases: int = 1) -> Errors:
    """
    How often one case fails, and how often it passes, whose percentile is exactly its limit; in so many looks.

    Exact, and the worst there is: a percentile that is farther from its limit is judged falsely less often. Which
    samples exceed the limit are independent drawings, whatever the distribution.
    """
    failed = passed = 0.0
    had, undecided = 0, np.ones(1)
    for look in range(1, looks + 1):
        has = first_look(share, cases) * 2 ** (look - 1)
        more = np.diff(np.append(binomial_cdf(has - had, share), 1.0), prepend=0.0)
        undecided, had = np.convolve(undecided, more), has
        lower, upper = ranks(has, share, errors(look, cases, is_last=look == looks))
        failed += _taken(undecided, slice(None, lower))
        passed += _taken(undecided, slice(upper, None))
    return failed, passed


def _taken(undecided: NDArray[np.float64], decided: slice) -> float:
    """The mass of these counts, which is no longer undecided."""
    mass = float(undecided[decided].sum())
    undecided[decided] = 0.0
    return mass
