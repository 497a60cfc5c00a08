"""Shares against the textbook, and their intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from virtualq_core.measure.proportion import Proportion
from virtualq_core.measure.quantile import binomial_cdf

SEED = 20251112


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 300, 0, 0.01222),
        (300, 300, 0.98778, 1),
        (3, 300, 0.00207, 0.02894),
        (57, 60, 0.86076, 0.98957),
        (1, 1, 0.025, 1),
    ],
)
def test_the_interval_is_clopper_and_pearsons(count: int, of: int, low: float, high: float) -> None:
    """Where nothing or everything was counted, the ends are 1 - 0.025^(1/n) from the border."""
    assert Proportion(count, of).interval == pytest.approx((low, high), abs=2e-5)


@pytest.mark.parametrize(("count", "of"), [(1, 40), (12, 40), (39, 40)])
def test_each_end_makes_what_was_seen_just_improbable_enough(count: int, of: int) -> None:
    """At the lower end so many or more have a probability of 2.5 %, at the upper so many or fewer."""
    low, high = Proportion(count, of).interval

    assert 1 - binomial_cdf(of, low)[count - 1] == pytest.approx(0.025)
    assert binomial_cdf(of, high)[count] == pytest.approx(0.025)


@pytest.mark.parametrize("share", [0.005, 0.1, 0.95])
def test_the_interval_holds_the_true_share_as_often_as_it_says(share: float) -> None:
    """Over 1,000 drawings at least 95 %, less three standard errors."""
    counts = np.random.default_rng(SEED).binomial(60, share, 1000)
    ends = {count: Proportion(count, 60).interval for count in map(int, set(counts))}

    held = sum(ends[int(count)][0] <= share <= ends[int(count)][1] for count in counts)

    assert held / 1000 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 1000), f"seed {SEED}"


def test_a_share_is_told_with_its_interval() -> None:
    """In per cent."""
    assert str(Proportion(3, 60)) == "3 of 60 (1.0 to 13.9 %)"
