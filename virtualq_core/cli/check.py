"""`virtualq check`: the main job."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout, told_command

if TYPE_CHECKING:
    from virtualq_core.report.results import Stage, StageName

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def check(
    profile: Annotated[
        str, typer.Option("--profile", help="How much data: smoke (20,000 tickets), standard (1M), large (10M).")
    ] = "smoke",
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where results.json, junit.xml and report.html go.")
    ] = Path("out"),
    tickets: Annotated[
        int | None, typer.Option("--tickets", metavar="N", help="Another number than the profile's.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Draws the data; the same seed gives the same data.")] = 1,
    budgets: Annotated[
        Path | None, typer.Option("--budgets", metavar="FILE", help="Your budgets, over the shipped ones.")
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option("--apply", metavar="FILE", help="SQL to run after seeding: the change that you want judged."),
    ] = None,
    indexes: Annotated[
        str | None,
        typer.Option("--indexes", metavar="NAME", help="The set of indexes to install: seed (the default), lean."),
    ] = None,
    partition: Partition = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="Implementation under test; repeat for several.")
    ] = None,
    github: Annotated[bool, typer.Option("--github", help="Print GitHub annotations for what failed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a defect of VirtualQ.")] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Say whether the ticket-queue database is correct and fast enough, and write the page that shows it.

    Exit codes: 0 passed, 1 failed, 2 usage, 3 inconclusive, 4 environment.

    Example: virtualq check --profile smoke --out out/smoke
    """
    from virtualq_core.check import CheckOptions, run_check
    from virtualq_core.report import annotations, render_console, write_reports

    if not debug:
        logging.getLogger("virtualq_core.check").setLevel(logging.CRITICAL)
    options = CheckOptions(
        profile=profile,
        tickets=tickets,
        seed=seed,
        budgets=budgets,
        apply=apply,
        indexes=indexes,
        layout=None if partition is None else chosen_layout(partition),
        subjects=tuple(subject or ()),
        database_url=database_url,
        postgres_bin=postgres_bin,
        image=image,
        command=told_command(sys.argv[1:]),
    )
    progress = StageLines()
    results = run_check(options, progress)
    written = write_reports(results, out)
    progress.close()
    if as_json:
        typer.echo(json.dumps(results.to_json(), indent=2))
    else:
        render_console(results, report=written.html)
    if github:
        for line in annotations(results):
            typer.echo(line, err=as_json)
    return results.exit_code


class StageLines:
    """Progress on stderr: one line a stage as it ends, and on a terminal a moving line for the one under way."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=1, what="")

    def begin(self, stage: StageName) -> None:
        """Show the stage's name."""
        self._bar.reset(self._task, description=f"{stage:<12}", what="")

    def advance(self, phase: str, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=max(total, 1), what=phase)

    def end(self, stage: Stage) -> None:
        """Leave a line behind."""
        self._console.print(
            f"{stage.name:<12} {stage.verdict:<12} {stage.duration_s:>6.1f} s  {stage.summary}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    def close(self) -> None:
        """Take the moving line away."""
        self._bar.stop()
