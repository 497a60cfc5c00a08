"""A comparison for people: what failed first, then what else differs, within 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from virtualq_core.report.quantity import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.compare.result import Comparison, Difference

WIDTH = 80
_INDENT = "  "
_ORDER = ("failed", "error", "inconclusive", "passed", "skipped")


def account(comparison: Comparison, *, is_long: bool = False) -> str:
    """The verdict, and a line for each thing compared; with `is_long` both plans of each that changed."""
    return "\n".join(_lines(comparison, is_long=is_long))


def _lines(comparison: Comparison, *, is_long: bool) -> Iterator[str]:
    yield f"compare: {comparison.verdict}"
    for text in (f"base  {comparison.base}", f"head  {comparison.head}"):
        yield _INDENT + text
    for text in (comparison.trust, *(f"not compared: {why}" for why in comparison.refused)):
        yield from textwrap.wrap(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)
    ordered = sorted(comparison.differences, key=lambda one: _ORDER.index(one.verdict))
    if ordered:
        yield ""
        yield from _table(ordered)
    for one in ordered:
        if one.kind in {"plan", "blocks"} and one.detail and (is_long or one.verdict == "failed"):
            yield f"\n{one.detail}"
    if comparison.tickets is not None:
        yield f"\n{comparison.tickets:,} tickets, seed {comparison.seed}, {duration(comparison.duration_s)}"


def _table(differences: list[Difference]) -> Iterator[str]:
    rows = [
        (one.verdict, one.kind, one.what, f"{one.before} → {one.after}" if one.before else "", one.change)
        for one in differences
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for verdict, kind, what, figures, change in rows:
        head = f"{_INDENT}{verdict:<{widths[0]}}{_INDENT}{kind:<{widths[1]}}{_INDENT}"
        told = _INDENT.join(filter(None, (what, figures, change)))
        yield from textwrap.wrap(told, WIDTH, initial_indent=head, subsequent_indent=" " * (len(head) + 2))
