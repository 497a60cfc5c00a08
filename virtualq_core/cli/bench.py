"""`virtualq bench`: latencies, budgets and the cost of the implementations."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin, finite
from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.cli.guarantee import Form
    from virtualq_core.measure.result import BudgetReport, BudgetResult, SubjectResult

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_EXIT = {"failed": ExitCode.FAILED, "error": ExitCode.ENVIRONMENT, "inconclusive": ExitCode.INCONCLUSIVE}


@app.command()
def bench(
    budgets: Annotated[
        Path | None, typer.Option("--budgets", metavar="FILE", help="Your budgets, over the shipped ones.")
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="NAME", help="Only this budget; repeat for several.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="Implementation to compare; repeat for several.")
    ] = None,
    limit_s: Annotated[
        float,
        typer.Option(
            "--limit-s",
            min=0.1,
            callback=finite,
            help="How long the latencies of one budget, or all guarantees, may take, in seconds.",
        ),
    ] = 30.0,
    tickets: Annotated[
        int, typer.Option("--tickets", metavar="N", help="How many are seeded where there are no data yet.")
    ] = 20_000,
    guarantees: Annotated[
        bool, typer.Option("--guarantees", help="Measure the cost of guarantees instead, in a fresh database.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --guarantees: the table as docs/reference/guarantees.md has it.")
    ] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Measure latencies, hold them and the plans to the budgets, and compare the implementations.

    Exits 1 where a budget is not kept, 3 where one cannot be decided. A database without the harness's mark is only
    read, with a statement timeout: what writes is skipped.

    Example: virtualq bench --budget queue_monitoring
    """
    from virtualq_core.database.provider import provide
    from virtualq_core.errors import UsageError
    from virtualq_core.measure.budget import load_budgets, nearest
    from virtualq_core.measure.comparison import compare_subjects
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.place import data_on, sizes_on
    from virtualq_core.measure.stage import Effort, measure_budgets
    from virtualq_core.subjects import find_subject, subject_names

    if markdown and not guarantees:
        raise UsageError("--markdown is for the cost of guarantees", next_step="add --guarantees")
    if guarantees:
        from virtualq_core.cli.guarantee import run_guarantees

        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            return run_guarantees(server, tickets=tickets, limit_s=limit_s, form=_form(as_json, markdown), tell=_say)
    promised = load_budgets(budgets)
    for name in budget or ():
        if name not in promised:
            raise UsageError(f"no budget named '{name}'", expected=f"'{nearest(name, promised)}'")
    promised = {name: one for name, one in promised.items() if not budget or name in budget}
    subjects = [find_subject(name) for name in subject or subject_names()]
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        data_on(server, tickets=tickets, tell=_say) as database,
    ):
        report = measure_budgets(database, promised, sized=sizes_on(server), effort=Effort(limit_s=limit_s))
        may_write = not Observer.of(database).is_read_only
        compared = compare_subjects(database, subjects) if may_write and (subject or not budget) else []
    if as_json:
        document = {"verdict": report.verdict} | asdict(report) | {"subjects": [asdict(one) for one in compared]}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(_tables(report, compared))
    return _EXIT.get(report.verdict, ExitCode.PASSED)


def _form(as_json: bool, markdown: bool) -> Form:
    return "json" if as_json else "markdown" if markdown else "text"


def _tables(report: BudgetReport, compared: Sequence[SubjectResult]) -> str:
    parts = [_aligned([("budget", "limit", "verdict", "observed", "allowed", ""), *map(_budget, report.budgets)])]
    if report.latencies:
        head = ("latency, ms", "samples", "p50", "p90", "p99", "max")
        rows = [
            (one.name, f"{one.samples:,}", *(f"{value:.3g}" for value in (one.p50, one.p90, one.p99, one.max)))
            for one in report.latencies
        ]
        parts.append(_aligned([head, *rows]))
    if compared:
        head = ("implementation", "transitions/s", "p50 ms", "p99 ms", "round trips", "rate over procedural")
        parts.append(_aligned([head, *map(_subject, compared)]))
    parts += [f"{problem.code}: {problem.what}" for problem in report.problems]
    return "\n\n".join([*parts, f"verdict: {report.verdict}"])


def _budget(one: BudgetResult) -> tuple[str, ...]:
    def said(value: float | str | None) -> str:
        return "not measured" if value is None else f"{value:,.4g}" if isinstance(value, int | float) else value

    spread = ""
    if one.interval is not None and one.interval[0] != one.interval[1]:
        spread = f" ({said(one.interval[0])} to {said(one.interval[1])})"
    allowed = f"{said(one.limit)} {one.unit}".rstrip()
    where = "" if one.tenant is None or one.tenant == "mean" else f"tenant {one.tenant}"
    note = one.detail if one.verdict != "passed" else ""
    return (
        one.name,
        one.metric,
        one.verdict,
        said(one.observed) + spread,
        allowed,
        "; ".join(filter(None, (where, note))),
    )


def _subject(one: SubjectResult) -> tuple[str, ...]:
    ratio = ""
    if one.ratio_to_procedural is not None and one.ratio_interval is not None:
        low, high = one.ratio_interval
        ratio = f"{one.ratio_to_procedural:.2f} ({low:.2f} to {high:.2f})"
    return (
        one.name,
        f"{one.transitions_per_s:,.0f}",
        *("" if value is None else f"{value:.3g}" for value in (one.p50_ms, one.p99_ms, one.round_trips)),
        ratio,
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _say(message: str) -> None:
    typer.echo(message, err=True)
