"""
JSON paths to ask the office's custom data with, and what plain Python says of each.

A path is answered where nothing in it can fail on a ticket's values or take long on them, and refused where something
can, whatever the tickets hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Data: TypeAlias = Mapping[str, Any]


def _number(value: object) -> float:
    """A JSON number; what is none compares with nothing."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def _of(data: Data) -> Data:
    found = data.get("of", {})
    return found if isinstance(found, dict) else {}


def _tags(data: Data) -> list[Any]:
    return list(data.get("tags", ()))


# A path in the lax mode, which is the default, looks into lists by itself and passes over what is not there.
ANSWERED: Mapping[str, Callable[[Data], bool]] = {
    "$": lambda _: True,
    "$.channel": lambda data: "channel" in data,
    '$.channel ? (@ == "web")': lambda data: data.get("channel") == "web",
    '$.channel ? (@ != "web")': lambda data: data.get("channel", "web") != "web",
    '$.channel ? (@ starts with "cou")': lambda data: str(data.get("channel")).startswith("cou"),
    "$.channel ? (@ == null)": lambda data: "channel" in data and data["channel"] is None,
    "$.table ? (@ == 3)": lambda data: _number(data.get("table")) == 3,  # noqa: PLR2004 -- the path's own
    "$.table ? (@ >= 2.5)": lambda data: _number(data.get("table")) >= 2.5,  # noqa: PLR2004
    "$ ? (@.table < 3 && @.table > -1)": lambda data: -1 < _number(data.get("table")) < 3,  # noqa: PLR2004
    "$.vip ? (@ == true)": lambda data: data.get("vip") is True,
    "$ ? (@.vip == 1)": lambda _: False,
    '$ ? (!(@.channel == "web"))': lambda data: data.get("channel") != "web",
    '$ ? (@.vip == false || @.of.city == "Bern")': lambda data: data.get("vip") is False or "city" in _of(data),
    "$.of.floor ? (@ > 1)": lambda data: "floor" in _of(data),
    "$ ? (exists(@.of.floor))": lambda data: "floor" in _of(data),
    '$.*.city ? (@ == "Bern")': lambda data: "city" in _of(data),
    '$.tags ? (@ == "loud")': lambda data: "loud" in _tags(data),
    '$.tags[*] ? (@ == "late")': lambda data: "late" in _tags(data),
    'strict $.tags ? (@ == "loud")': lambda _: False,
    'strict $.tags[0] ? (@ == "loud")': lambda data: _tags(data)[:1] == ["loud"],
    '$.tags[last] ? (@ == "loud")': lambda data: _tags(data)[-1:] == ["loud"],
    "$.tags.since ? (@ >= 5)": lambda data: any("since" in tag for tag in _tags(data) if isinstance(tag, dict)),
    "$.tags ? (@.size() > 1)": lambda _: False,
    "$.tags.size() ? (@ > 1)": lambda data: len(_tags(data)) > 1,
    '$.table.type() ? (@ == "number")': lambda data: "table" in data,
    '$."ünï"': lambda data: "ünï" in data,
    '$ ? (@."$x" == "a \\"quoted\\" $name, * and like_regex")': lambda _: False,
    "$.fax": lambda _: False,
}
"""Paths that are answered, each with whether it finds something in a ticket's data."""

REFUSED: tuple[str, ...] = (
    "$.table > 2",
    "exists($.channel)",
    '$.channel == "web"',
    "$wanted",
    "$.channel ? (@ == $wanted)",
    '$.channel ? (@ == $"wanted")',
    "$.tags[$wanted]",
    "$.table.decimal(9999, 9999)",
    "$.table.double()",
    '$.channel.datetime() ? (@ < "2020-01-01T00:00:00+00".datetime())',
    "$.of.keyvalue()",
    "$ ? (@.table + 1 > 2)",
    "$ ? (@.table - 1 > 2)",
    "$ ? (@.table * 2 > 2)",
    "$ ? (@.table / 0 > 2)",
    "$ ? (@.table % 2 == 1)",
    "$ ? (-@.table > 2)",
    '$.channel ? (@ like_regex "(w+)+x")',
    "$.**",
    "$.**{2}.city",
    'strict $.**.city ? (@ == "Bern")',
)
"""Paths that are refused: verdicts, and what can fail on a value, or take any time."""
