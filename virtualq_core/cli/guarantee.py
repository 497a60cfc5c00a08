"""What `virtualq bench --guarantees` measures and prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, TypeAlias

import typer

from virtualq_core.database.clone import rights
from virtualq_core.errors import EnvironmentFault, ExitCode
from virtualq_core.measure.guarantee.run import measure_guarantees
from virtualq_core.measure.place import seeded
from virtualq_core.measure.result import worst

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtualq_core.database.server import Server
    from virtualq_core.measure.result import GuaranteeResult

Form: TypeAlias = Literal["text", "markdown", "json"]
_HEAD = ("", "over", "clients", "each", "", "ratio (95 %)", "aimed at", "verdict")
_SIGNS = {"at_least": "\N{GREATER-THAN OR EQUAL TO}", "at_most": "\N{LESS-THAN OR EQUAL TO}"}


def run_guarantees(server: Server, *, tickets: int, limit_s: float, form: Form, tell: Callable[[str], None]) -> int:
    """
    Measure in a fresh database with so many tickets, print, and return the exit code: 0, whatever is aimed at.

    Raises:
        EnvironmentFault: the server is given by url, and its role may make no database.
    """
    if server.kind == "url" and not (allowed := rights(server)).may_create_database:
        why, next_step = allowed.hindrance
        raise EnvironmentFault(
            f"the cost of guarantees is measured in a database of its own, and none can be made: {why}",
            next_step=next_step,
        )
    tell(f"measuring in a fresh database with {tickets:,} tickets")
    with seeded(server, tickets=tickets) as database:
        found = measure_guarantees(database, limit_s=limit_s)
    if form == "json":
        verdicts = [one.verdict for one in found if one.verdict is not None]
        typer.echo(json.dumps({"verdict": worst(verdicts), "guarantees": [asdict(one) for one in found]}, indent=2))
    else:
        typer.echo(table(found, form=form))
    return ExitCode.PASSED


def table(found: Sequence[GuaranteeResult], *, form: Form = "text") -> str:
    """The results as an aligned table, or as one of Markdown's."""
    rows = [_HEAD, *map(_row, found)]
    if form == "markdown":
        marked = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([marked[0], "|" + "---|" * len(_HEAD), *marked[1:]])
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(one: GuaranteeResult) -> tuple[str, ...]:
    each = spread = ""
    if one.value is not None and one.reference_value is not None:
        each = f"{_said(one.value)} / {_said(one.reference_value)}"
    if one.ratio is not None and one.interval is not None:
        spread = f"{one.ratio:.2f} ({one.interval[0]:.2f} to {one.interval[1]:.2f})"
    aimed = "" if one.target is None else f"{_SIGNS[one.sense]} {one.target:g}"
    told = one.detail if one.verdict == "skipped" else one.verdict or ""
    return (
        one.name.replace("_", " "),
        one.reference.replace("_", " "),
        str(one.clients),
        each,
        one.unit,
        spread or "not measured",
        aimed,
        told,
    )


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits
