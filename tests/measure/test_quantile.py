"""Percentiles against NumPy, and their intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from virtualq_core.measure import quantile

SEED = 20251112


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("count", [1, 2, 7, 100, 1000])
def test_a_percentile_is_the_nearest_rank_as_numpy_has_it(share: float, count: int) -> None:
    """It is an observation that was made, the smallest with the share of all at or below it."""
    samples = np.random.default_rng(SEED).lognormal(size=count)

    found = quantile.percentile(samples, share)

    assert found == np.quantile(samples, share, method="inverted_cdf")
    assert found in samples
    assert (samples <= found).mean() >= share


@pytest.mark.parametrize(("share", "needed"), [(0.5, 6), (0.95, 72), (0.99, 368), (0.999, 3688), (0.01, 368)])
def test_so_many_samples_are_needed_for_an_interval(share: float, needed: int) -> None:
    """With one fewer the upper (or for low quantiles the lower) end is open."""
    assert quantile.samples_needed(share) == needed
    enough = quantile.interval(np.arange(needed), share)
    one_less = quantile.interval(np.arange(needed - 1), share)

    assert None not in enough
    assert None in one_less


def test_too_few_samples_leave_the_upper_end_open() -> None:
    """A hundred requests say nothing about how bad the worst per cent can be."""
    low, high = quantile.interval(np.arange(100), 0.99)

    assert low is not None
    assert high is None


@pytest.mark.parametrize(("count", "share"), [(400, 0.99), (72, 0.95), (200, 0.5)])
def test_the_interval_holds_the_true_quantile_as_often_as_it_says(count: int, share: float) -> None:
    """Over 2,000 drawings at least 95 %, less three standard errors; the distribution does not matter."""
    draw = np.random.default_rng(SEED)
    held = 0
    for _ in range(2000):
        low, high = quantile.interval(draw.random(count), share)
        held += low is not None and high is not None and low <= share <= high

    assert held / 2000 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 2000), f"seed {SEED}"


def test_the_interval_of_the_median_is_the_textbooks() -> None:
    """Of 100 observations the 40th and the 61st: binomial tails of 1.8 % each, and one rank closer 2.8 %."""
    assert quantile.interval(np.arange(1, 101), 0.5) == (40, 61)


def test_large_counts_do_not_underflow() -> None:
    """A million samples have an interval around their percentile."""
    low, high = quantile.interval(np.arange(1_000_000), 0.999)

    assert low is not None
    assert high is not None
    assert 998_900 < low < 999_000 < high < 999_100


def test_a_histogram_counts_every_sample() -> None:
    """None falls off either end; the edges rise and are one more than the counts."""
    samples = np.random.default_rng(SEED).lognormal(size=500)

    found = quantile.histogram(samples, bins=20)

    assert sum(found.counts) == 500
    assert len(found.edges_ms) == len(found.counts) + 1
    assert list(found.edges_ms) == sorted(found.edges_ms)
    assert found.edges_ms[0] <= samples.min()
    assert found.edges_ms[-1] >= samples.max()


def test_a_histogram_of_equal_samples_holds_them_all() -> None:
    """A width of zero is widened, not divided by."""
    assert sum(quantile.histogram([2.0, 2.0, 2.0]).counts) == 3
