"""
Numbers as people read them: at most four significant digits, always with their unit.

Counts of things are exact, with separators: 59,873 rows are not 59,870. What was measured is rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

Interval: TypeAlias = tuple[float | None, float | None]
"""
Lower and upper end of a 95 % confidence interval, in the unit of the number that it belongs to; None where the
observations are too few for that end.
"""
MINUS = "\N{MINUS SIGN}"
_FOUR_DIGITS = 1_000
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u200a\u2010-\u2027\u202f-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_MINUTE_S = 60
_HOUR_S = 3600


def printable(text: str) -> str:
    """The text without what neither XML, a terminal nor a reader should be given: control and direction characters."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def count(value: float) -> str:
    """How many: exact, with separators."""
    return f"{round(value):,}".replace("-", MINUS)


def number(value: float) -> str:
    """A measured number: three significant digits, four from a thousand on."""
    size = abs(value)
    digits = 4 if size >= _FOUR_DIGITS else 3 if size >= 1 / _FOUR_DIGITS else 2
    return format(Decimal(f"{value:.{digits}g}"), ",f").replace("-", MINUS)


def milliseconds(value: float) -> str:
    """A latency, given in ms, in the unit that suits its size: µs, ms or s."""
    if value and abs(value) < 1 / 10:
        return f"{number(value * 1000)} µs"
    if abs(value) >= _FOUR_DIGITS:
        return duration(value / 1000)
    return f"{number(value)} ms"


def duration(seconds: float) -> str:
    """A length of time, given in seconds: ms, s, then minutes and seconds, then hours and minutes."""
    if seconds < 1:
        return f"{number(seconds * 1000)} ms" if seconds else "0 s"
    if seconds < _MINUTE_S - 0.05:
        return f"{number(seconds)} s"
    if seconds < _HOUR_S - 0.5:
        minutes, rest = divmod(round(seconds), _MINUTE_S)
        return f"{minutes} min {rest:02} s"
    hours, rest = divmod(round(seconds / _MINUTE_S), _MINUTE_S)
    return f"{hours} h {rest:02} min"


def size(value: float) -> str:
    """A size, given in bytes, in binary units."""
    power = 0
    while value >= _STEP and power < len(_BINARY) - 1:
        value, power = value / _STEP, power + 1
    return f"{number(value)} {_BINARY[power]}"


def ratio(value: float) -> str:
    """A ratio, as a factor."""
    return f"{number(value)}\N{MULTIPLICATION SIGN}"


def percent(share: float) -> str:
    """A share of one, in per cent; below one per cent no more is said than that."""
    if share and abs(share) < 1 / 1000:
        return "< 0.1 %"
    return f"{number(share * 100)} %"


def amount(value: float | str | None, unit: str = "") -> str:
    """A value with its unit, in the words for that unit; a text as it is."""
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if unit in _IN_UNIT:
        return _IN_UNIT[unit](value)
    plain = count(value) if isinstance(value, int) else number(value)
    return f"{plain} {_singular(unit) if plain == '1' else unit}".rstrip()


def many(how_many: int, things: str) -> str:
    """So many things, or one thing; `things` is the plural."""
    return f"{count(how_many)} {_singular(things) if how_many == 1 else things}"


def _singular(unit: str) -> str:
    return unit if "/" in unit else unit.removesuffix("s")


_IN_UNIT = {"ms": milliseconds, "s": duration, "bytes": size, "B": size}


def interval(ends: Interval | None, unit: str = "") -> str:
    """A 95 % confidence interval in words, the unit said once; empty where there is none, or where it is a point."""
    if ends is not None and ends[0] == ends[1]:
        return ""
    low, high = ("" if end is None else amount(float(end), unit) for end in ends or (None, None))
    if not low or not high:
        return f"from {low}" if low else f"up to {high}" if high else ""
    low_unit, high_unit = low.partition(" ")[2], high.partition(" ")[2]
    return f"{low.partition(' ')[0] if low_unit == high_unit else low} to {high}"
