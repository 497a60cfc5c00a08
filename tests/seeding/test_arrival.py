"""Arrivals follow a day and a week, as the clocks of the businesses show them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from virtualq_core.errors import EnvironmentFault
from virtualq_core.seeding.arrival import DAYS, Calendar, micros
from virtualq_core.seeding.draw import Draw
from virtualq_core.seeding.plan import DEFAULT_NOW

ZONES = ["Europe/Berlin", "Asia/Tokyo"]


def calendar(tickets: int, weights: tuple[int, ...] = (3, 1)) -> Calendar:
    """Two zones, the first with three times the second's arrivals."""
    return Calendar(DEFAULT_NOW, ZONES, np.array(weights), tickets)


@pytest.mark.parametrize("tickets", [1, 2, 999, 20_000, 1_234_567])
def test_exactly_as_many_arrive_as_are_asked_for(tickets: int) -> None:
    """The chunks add up, without a gap, in order."""
    expected = 0
    for chunk in calendar(tickets).chunks(5000):
        assert chunk.first == expected
        assert chunk.rows == len(chunk.slots) > 0
        assert (np.diff(chunk.slots) >= 0).all()
        expected += chunk.rows
    assert expected == tickets


def test_all_arrive_in_the_days_before_now() -> None:
    """Nobody arrives after `now`, nor long before."""
    one = calendar(10_000)
    times = np.concatenate([one.times(Draw(1, chunk.number), chunk.slots) for chunk in one.chunks(3000)])
    assert (np.diff(times) >= 0).all()
    assert micros(DEFAULT_NOW) - DAYS * 86_400_000_000 <= times[0]
    assert times[-1] < micros(DEFAULT_NOW)


def test_each_zone_has_its_own_day_and_week() -> None:
    """Nights are quiet and Sundays short by each zone's own clock, also after its clocks have changed."""
    one = calendar(200_000)
    (chunk,) = one.chunks(200_000)
    zones = one.zones(Draw(2), chunk.slots)
    moments = one.times(Draw(3), chunk.slots) // 1_000_000
    for number, name in enumerate(ZONES):
        local = [datetime.fromtimestamp(int(moment), ZoneInfo(name)) for moment in moments[zones == number]]
        by_hour = Counter(moment.hour for moment in local)
        assert by_hour[10] > 30 * by_hour[3], name
        by_day = Counter(moment.weekday() for moment in local)
        assert 2 < by_day[4] / by_day[6] < 5, name


def test_zones_arrive_in_proportion() -> None:
    """Three to one, whoever draws."""
    one = calendar(200_000)
    (chunk,) = one.chunks(200_000)
    assert 0.73 < (one.zones(Draw(4), chunk.slots) == 0).mean() < 0.77


def test_a_zone_without_weight_is_never_drawn() -> None:
    """Whether it comes first or last."""
    for weights, only in (((0, 1), 1), ((1, 0), 0)):
        one = calendar(5000, weights)
        (chunk,) = one.chunks(5000)
        assert (one.zones(Draw(5), chunk.slots) == only).all()


def test_a_machine_without_the_zone_says_so() -> None:
    """One clear error, with what to install."""
    with pytest.raises(EnvironmentFault, match="tzdata"):
        Calendar(datetime(2025, 1, 1, tzinfo=UTC), ["Nowhere/Else"], np.array([1]), 1)
