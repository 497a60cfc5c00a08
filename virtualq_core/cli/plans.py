"""`virtualq plans`: how PostgreSQL answers each operational query."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin, require_writable
from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.measure.result import PlanResult

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def plans(
    query: Annotated[
        list[str] | None, typer.Option("--query", metavar="NAME", help="Only this query; repeat for several.")
    ] = None,
    budgets: Annotated[
        Path | None, typer.Option("--budgets", metavar="FILE", help="Your budgets, over the shipped ones.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Keep the plans in a file.")] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="Show what differs from the plans in a file.")
    ] = None,
    tickets: Annotated[
        int, typer.Option("--tickets", metavar="N", help="How many are seeded where there are no data yet.")
    ] = 20_000,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Show how PostgreSQL answers each query, and which index serves it; exits 1 where a plan is not as demanded.

    A database without the harness's mark is only read, with a statement timeout. With --against, a plan that changed
    exits 1 too; the two stand side by side.

    Example: virtualq plans --query list_queue --database-url postgresql://me@db.example/tickets
    """
    from virtualq_core import content
    from virtualq_core.database.provider import provide
    from virtualq_core.measure.budget import load_budgets
    from virtualq_core.measure.place import data_on
    from virtualq_core.measure.record import compare_plans, save_plans
    from virtualq_core.measure.result import worst
    from virtualq_core.measure.stage import measure_plans

    promised = load_budgets(budgets)
    for name in query or ():
        content.query(name)
    _require_files(save, against)
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        data_on(server, tickets=tickets, tell=_say) as database,
    ):
        is_short = save is None and against is None
        found = measure_plans(database, promised, queries=query, is_short=is_short)
    changes = [] if against is None else compare_plans(found, against)
    if query and against is not None:
        changes = [change for change in changes if change.query in query]
    if save is not None:
        _say(f"saved {save_plans(found, save)} plans in {save}")
    if as_json:
        document = {"plans": [asdict(plan) for plan in found], "changes": [change.text for change in changes]}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(_table(found))
        for plan in found:
            if query or plan.problems:
                typer.echo(f"\n{_account(plan)}")
        for change in changes:
            typer.echo(f"\nchanged: {change.text}")
    if changes or worst(plan.verdict for plan in found) == "failed":
        return ExitCode.FAILED
    return ExitCode.ENVIRONMENT if any(plan.verdict == "error" for plan in found) else ExitCode.PASSED


def _require_files(save: Path | None, against: Path | None) -> None:
    """Refuse a file that cannot be written or holds no plans before anything is measured."""
    from virtualq_core.measure.record import compare_plans

    if against is not None:
        compare_plans((), against)
    if save is not None:
        require_writable(save)


def _table(found: Sequence[PlanResult]) -> str:
    head = ("query", "tenant", "verdict", "rows", "blocks", "q-error", "served by")
    rows = [
        (
            plan.query,
            str(plan.parameters.get("tenant_class", "")),
            plan.verdict,
            "" if plan.rows is None else f"{plan.rows:,}",
            "" if plan.buffers is None else f"{plan.buffers:,}",
            "" if plan.q_error is None else f"{plan.q_error:,.1f}",
            ", ".join(plan.served_by) or "no index",
        )
        for plan in found
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    is_number = [3, 4, 5]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in is_number else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    )


def _account(plan: PlanResult) -> str:
    from virtualq_core.measure.record import key_of

    parts = [f"{key_of(plan).text}: {plan.verdict}"]
    for problem in plan.problems:
        parts.append(f"{problem.code}: {problem.what}")
        told = (("observed", problem.observed), ("expected", problem.expected), ("next", problem.next_step))
        parts += [f"  {name}: {said}" for name, said in told if said]
        if problem.comparison:
            parts += ["", problem.comparison, ""]
    return "\n".join([*parts, plan.text]).rstrip()


def _say(message: str) -> None:
    typer.echo(message, err=True)
