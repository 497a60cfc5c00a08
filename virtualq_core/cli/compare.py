"""`virtualq compare`: is HEAD worse than BASE?"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin, finite
from virtualq_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from virtualq_core.compare import Comparison, Spec
    from virtualq_core.measure.policy import ComparePolicy

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_EXIT = {"failed": ExitCode.FAILED, "error": ExitCode.ENVIRONMENT, "inconclusive": ExitCode.INCONCLUSIVE}


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="What is there.")],
    head: Annotated[str, typer.Argument(help="What would replace it.")],
    tickets: Annotated[int, typer.Option("--tickets", metavar="N", min=1000, help="How many are seeded.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="Draws the data and the order of everything.")] = 1,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", min=0.5, callback=finite, help="The most that a read is timed; a sure one takes less."
        ),
    ] = 10.0,
    budgets: Annotated[
        Path | None, typer.Option("--budgets", metavar="FILE", help="Your [compare] policy, over the shipped one.")
    ] = None,
    plans: Annotated[
        bool, typer.Option("--plans", help="Show both plans of every query that is planned anew.")
    ] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Say whether HEAD is worse than BASE: plans, blocks and log exactly, times by alternation with their intervals.

    Each side is a set of indexes (indexes:lean), a way to partition (partition:month), a settings file
    (settings:big.conf), a PostgreSQL (postgres:17, or the folder of its programs), a git revision (git:main), or saved
    results (results:out/results.json). Where one side is saved so must be the other. Exits 0 where HEAD is no worse, 1
    where it is, 3 where that cannot be told.

    Example: virtualq compare indexes:seed indexes:lean
    """
    from virtualq_core.compare import Effort, Spec, compare_now
    from virtualq_core.compare.page import account
    from virtualq_core.database.provider import provide
    from virtualq_core.measure.policy import ComparePolicy

    sides = Spec.read(base), Spec.read(head)
    policy = ComparePolicy.load(budgets)
    saved = [spec.kind == "results" for spec in sides]
    if any(saved) and not all(saved):
        raise UsageError(
            "one side is saved and the other is not",
            observed=f"{sides[0]} and {sides[1]}",
            expected="both saved, or both measured now",
            next_step="virtualq check --out DIR saves results.json",
        )
    if all(saved):
        found = _saved(sides, policy)
    else:
        effort = Effort(tickets=tickets, seed=seed, limit_s=seconds)
        with ExitStack() as held:
            server = None
            if any(spec.kind != "postgres" for spec in sides):
                server = held.enter_context(provide(database_url=database_url, postgres_bin=postgres_bin, image=image))
            found = compare_now(sides[0], sides[1], server=server, policy=policy, effort=effort, tell=_say)
    typer.echo(json.dumps(found.to_json(), indent=2) if as_json else account(found, is_long=plans))
    return _EXIT.get(found.verdict, ExitCode.PASSED)


def _saved(sides: tuple[Spec, Spec], policy: ComparePolicy) -> Comparison:
    from virtualq_core.compare import compare_saved
    from virtualq_core.report.document import read

    base, head = (read(Path(spec.value)) for spec in sides)
    return compare_saved(base, head, policy, names=(str(sides[0]), str(sides[1])))


def _say(message: str) -> None:
    typer.echo(message, err=True)
