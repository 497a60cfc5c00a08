"""When tickets arrive: a day and a week, as the clocks of the businesses show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.seeding.draw import Draw, Integers

DAYS = 90
SLOT_S = 300
_MICROS = 1_000_000
_SLOTS_PER_HOUR = 3600 // SLOT_S
SLOTS = DAYS * 24 * _SLOTS_PER_HOUR

# Arrivals by hour of the day and day of the week (Monday first), against a busy hour's 100.
_DAY = (2, 1, 1, 1, 2, 5, 14, 35, 70, 95, 100, 98, 92, 80, 82, 88, 90, 96, 85, 55, 34, 20, 10, 5)
_WEEK = (96, 92, 94, 100, 112, 74, 31)


@dataclass(frozen=True)
class Chunk:
    """Consecutive arrivals: tickets `first` to `first + rows` - 1, counted from 0, in these 5-minute slots."""

    number: int
    first: int
    rows: int
    slots: Integers


class Calendar:
    """
    How many tickets arrive in each of the 5-minute slots of the 90 days before `now`, and from which time zone.

    `weights` are the zones' shares. The counts are exact (cumulative rounding), only who arrives is drawn.

    Raises:
        EnvironmentFault: this machine has no data about a time zone.
    """

    def __init__(self, now: datetime, zones: list[str], weights: Integers, tickets: int) -> None:
        self.start = now - timedelta(days=DAYS)
        self.start_micros = micros(self.start)
        by_zone = np.stack([_intensity(self.start, zone) for zone in zones]) * weights[:, None]
        by_slot = by_zone.sum(axis=0)
        total = int(by_slot.sum())
        # Python's integers, because the product of both outgrows 64 bits.
        until = [tickets * so_far // total for so_far in np.cumsum(by_slot).tolist()]
        reached = np.array([0, *until], dtype=np.int64)
        self.counts: Integers = reached[1:] - reached[:-1]
        # Thresholds on a draw below 2^32: the zone is the number of thresholds that the draw reaches.
        self._thresholds = (np.cumsum(by_zone, axis=0)[:-1] / np.maximum(by_slot, 1) * 2.0**32).astype(np.int64).T

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All arrivals in order, at least `size` at a time but for the last."""
        begun = first = number = 0
        for ended, reached in enumerate(np.cumsum(self.counts).tolist(), start=1):
            if reached - first >= size or (ended == SLOTS and reached > first):
                slots = np.repeat(np.arange(begun, ended), self.counts[begun:ended])
                yield Chunk(number, first, reached - first, slots)
                begun, first, number = ended, reached, number + 1

    def times(self, draw: Draw, slots: Integers) -> Integers:
        """Rising times within the slots, in microseconds since 1970."""
        found = slots * (SLOT_S * _MICROS) + draw.below(SLOT_S * _MICROS, len(slots)) + self.start_micros
        found.sort()
        return found

    def zones(self, draw: Draw, slots: Integers) -> Integers:
        """The time zone that each arrival comes from."""
        drawn = draw.words(len(slots))
        found: Integers = (drawn[:, None] >= self._thresholds[slots]).sum(axis=1)
        return found


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _MICROS + since.microseconds


def _intensity(start: datetime, zone: str) -> Integers:
    try:
        clock = ZoneInfo(zone)
    except ZoneInfoNotFoundError as unknown:
        raise EnvironmentFault(
            f"this machine knows no time zone '{zone}'", next_step="install tzdata: python -m pip install tzdata"
        ) from unknown
    hours = [(start + timedelta(hours=hour)).astimezone(clock) for hour in range(DAYS * 24)]
    return np.repeat([_DAY[hour.hour] * _WEEK[hour.weekday()] for hour in hours], _SLOTS_PER_HOUR)
