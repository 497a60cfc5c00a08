"""The capacity of a machine for people: on a terminal, or as a table of Markdown."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from virtualq_core.database.cache import cache_dir
from virtualq_core.report.quantity import count, number, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.scale.capacity import Demand, Limit, Machine
    from virtualq_core.scale.costs import Costs

_WIDTH = 80
_YEAR_DAYS = 365
_LONG_YEARS = 100


def own_disk_bytes() -> int:
    """The whole disk that the harness's own servers lie on."""
    return shutil.disk_usage(cache_dir()).total


def render(machine: Machine, costs: Costs, demand: Demand, limits: Sequence[Limit], *, is_markdown: bool) -> str:
    """The machine, the demand, and each limit with what it comes from and what helps."""
    asked = demand.transitions_per_s(costs)
    room = f"{size(machine.memory_bytes)} of memory, {size(machine.disk_bytes)} of disk"
    each = f"{count(demand.tickets_per_day)} new tickets a day, {costs.steps:.1f} steps each"
    lines = [
        f"{count(machine.cores)} cores, {room}",
        f"{each}: {number(asked)} transitions/s at a peak of {demand.peak:g} times the mean",
    ]
    return "\n".join([*lines, "", *(_table(limits) if is_markdown else _list(limits))])


def _list(limits: Sequence[Limit]) -> list[str]:
    lines = []
    for one in limits:
        lines.append(f"{one.name}: {_holds(one)}{_when(one)}")
        for label, text in (("because", one.because), ("helps", one.helps)):
            lines += textwrap.wrap(
                f"{label:<8}{text}", _WIDTH, initial_indent="  ", subsequent_indent=" " * 10, break_on_hyphens=False
            )
    return lines


def _table(limits: Sequence[Limit]) -> list[str]:
    rows = [f"| {one.name} | {_holds(one)} | {_reached(one)} | {one.because} | {one.helps} |" for one in limits]
    return ["| limit | at | reached | because | what helps |", "|---|---|---|---|---|", *rows]


def _holds(one: Limit) -> str:
    if one.unit == "bytes/s":
        return f"{size(one.holds)}/s"
    if one.unit == "tickets":
        return f"{count(float(f'{one.holds:.3g}'))} tickets"
    return f"{number(one.holds)} {one.unit}"


def _when(one: Limit) -> str:
    said = _reached(one)
    return f", {said}" if said else ""


def _reached(one: Limit) -> str:
    if one.is_exceeded:
        return "exceeded at the peak"
    if one.asked is not None:
        return f"{one.asked / one.holds:.0%} of it asked at the peak"
    if one.reached_days is None:
        return ""
    if one.reached_days < _YEAR_DAYS:
        return f"after {count(one.reached_days)} days"
    years = one.reached_days / _YEAR_DAYS
    return f"after {number(round(years, 1))} years" if years < _LONG_YEARS else "after more than a century"
