"""Power laws: the exponent, its interval, and what is predicted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from virtualq_core.scale.power import fit, student

SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.05, 1.0, 1.2])
def test_an_exact_law_is_found_and_goes_on(exponent: float) -> None:
    """Without scatter the interval is a point, and so is the prediction."""
    law = fit(SIZES, [1e6 * tickets**exponent for tickets in SIZES])
    assert law.exponent == pytest.approx(exponent)
    assert law.interval == pytest.approx((exponent, exponent), abs=1e-9)
    assert law.at(10**9).value == pytest.approx(1e6 * 1e9**exponent)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of a thousand samples with scatter 95 % of the intervals hold the exponent, of the predictions the next."""
    chance = np.random.default_rng(7)
    held = foretold = 0
    for _ in range(1000):
        figures = [math.exp(3 + 0.3 * math.log(tickets) + chance.normal(0, 0.1)) for tickets in SIZES]
        law = fit(SIZES, figures)
        held += law.interval[0] <= 0.3 <= law.interval[1]
        following = math.exp(3 + 0.3 * math.log(10**8) + chance.normal(0, 0.1))
        low, high = law.at(10**8).interval
        foretold += low <= following <= high
    # Of a thousand with 95 %, fewer than 925 or more than 972 come once in a thousand times.
    assert 925 <= held <= 972
    assert 925 <= foretold <= 972


def test_farther_is_less_sure() -> None:
    """The prediction's interval widens with the distance from what was measured."""
    law = fit(SIZES, [100, 104, 99, 101, 103, 100, 102])
    widths = [math.log(law.at(n).interval[1] / law.at(n).interval[0]) for n in (10**7, 10**8, 10**9)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_two_sizes_contradict_no_line() -> None:
    """So they have no law."""
    with pytest.raises(ValueError, match="3 sizes"):
        fit([10, 100], [1, 2])
    with pytest.raises(ValueError, match="3 sizes"):
        fit([10, 100, 100], [1, 2, 2])


def test_students_quantiles_are_those_of_the_table() -> None:
    """At both ends, and for more degrees than the table has."""
    assert (student(1), student(5), student(10), student(40)) == (12.706, 2.571, 2.228, 2.228)
