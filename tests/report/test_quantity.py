"""Numbers as people read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualq_core.report import quantity

if TYPE_CHECKING:
    from virtualq_core.report.quantity import Interval


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.0213, "0.0213"),
        (0.00042, "0.00042"),
        (6.1234, "6.12"),
        (100.0, "100"),
        (143.2, "143"),
        (999.6, "1,000"),
        (3_588.4, "3,588"),
        (35_885.2, "35,890"),
        (-2.5, "\N{MINUS SIGN}2.5"),
    ],
)
def test_measured_numbers_are_rounded(value: float, said: str) -> None:
    """Three significant digits, four from a thousand on."""
    assert quantity.number(value) == said


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_no_measured_number_has_more_than_four_significant_digits(value: float) -> None:
    """Of any size, and rounding is never further off than half of the last digit shown."""
    said = quantity.number(value)

    digits = re.sub(r"\D", "", said).strip("0")
    assert len(digits) <= 4, said
    assert float(said.replace(",", "")) == pytest.approx(value, rel=0.06 if value < 0.001 else 0.006)


def test_counts_are_exact() -> None:
    """59,873 rows are not 59,870."""
    assert quantity.count(59_873) == "59,873"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.00042, "0.42 ms"),
        (0.611, "611 ms"),
        (4.27, "4.27 s"),
        (59.97, "1 min 00 s"),
        (72.4, "1 min 12 s"),
        (3_599.7, "1 h 00 min"),
        (3_720, "1 h 02 min"),
    ],
)
def test_durations_take_the_unit_that_suits_them(seconds: float, said: str) -> None:
    """Never 60 s and never 60 min."""
    assert quantity.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.042, "ms", "42 µs"),
        (6.12, "ms", "6.12 ms"),
        (1_530.0, "ms", "1.53 s"),
        (1_012, "blocks", "1,012 blocks"),
        (61_341_696, "bytes", "58.5 MiB"),
        (0.03, "", "0.03"),
        (True, "", "yes"),
        ("no index", "", "no index"),
        (None, "ms", "not measured"),
    ],
)
def test_amounts_carry_their_unit(value: float | str | None, unit: str, said: str) -> None:
    """In the words for that unit."""
    assert quantity.amount(value, unit) == said


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((5.9, 6.61), "5.9 to 6.61 ms"),
        ((900.0, 1_100.0), "900 ms to 1.1 s"),
        ((5.9, None), "from 5.9 ms"),
        ((None, 6.6), "up to 6.6 ms"),
        ((None, None), ""),
        ((114.0, 114.0), ""),
        (None, ""),
    ],
)
def test_intervals_say_a_shared_unit_once(ends: Interval | None, said: str) -> None:
    """And an end that is not known is not made up."""
    assert quantity.interval(ends, "ms") == said


def test_one_is_singular() -> None:
    """In counts and in units; a rate keeps its unit."""
    assert (quantity.many(1, "samples"), quantity.many(1_600, "samples")) == ("1 sample", "1,600 samples")
    assert quantity.amount(1.0, "round trips") == "1 round trip"
    assert quantity.amount(1, "transitions/s") == "1 transitions/s"


def test_a_small_share_is_not_nothing() -> None:
    """0.004 % is not 0 %."""
    assert (quantity.percent(0.00004), quantity.percent(0.0684), quantity.percent(0)) == ("< 0.1 %", "6.84 %", "0 %")


def test_control_and_direction_characters_are_not_passed_on() -> None:
    """Neither an escape sequence nor a reversed text reaches a terminal, an XML file or a page."""
    assert quantity.printable("a\x1b[31mb\x00\u202ec\u200bd\ud800é→🎫\n\t") == "a�[31mb��c�d�é→🎫\n\t"
