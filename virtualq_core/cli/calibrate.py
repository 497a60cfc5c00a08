"""`virtualq calibrate`: how far timed verdicts can be believed on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin
from virtualq_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from virtualq_core.calibrate import Effort
    from virtualq_core.database.server import Server
    from virtualq_core.measure.calibration import Calibration

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def calibrate(
    query: Annotated[str, typer.Option("--query", metavar="NAME", help="What is timed.")] = "list_queue",
    trials: Annotated[int, typer.Option("--trials", metavar="N", help="Comparisons of the query with itself.")] = 300,
    planted_trials: Annotated[
        int, typer.Option("--planted-trials", metavar="N", help="Comparisons with each planted slowdown.")
    ] = 100,
    planted: Annotated[
        str, typer.Option("--planted", metavar="RATIOS", help="Slowdowns to plant, such as 1.10 for ten per cent.")
    ] = "1.10,1.05",
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=0.1, help="Time to find the first of them in; half of it needs four times that."),
    ] = 10.0,
    seed: Annotated[int, typer.Option("--seed", help="Draws the order of everything.")] = 1,
    tickets: Annotated[
        int, typer.Option("--tickets", metavar="N", help="How many are seeded where there are no data yet.")
    ] = 20_000,
    last: Annotated[bool, typer.Option("--last", help="Try nothing: show the newest that is kept.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a page of documentation.")] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Try the gate on what is the same and on what is slower by a known amount, and keep the figures for `virtualq check`.

    They are kept in the cache folder, by machine, server and settings. With the defaults it takes about a quarter of an
    hour, and longer on a busy machine; it only reads. Exits 1 where the gate raised more false alarms than it promises,
    3 where the machine is too noisy to find the planted slowdowns in the given time.

    Example: virtualq calibrate --trials 100 --planted 1.10
    """
    from virtualq_core.calibrate import Effort
    from virtualq_core.calibrate.page import markdown as page
    from virtualq_core.calibrate.page import summary
    from virtualq_core.content import query as find_query
    from virtualq_core.database.provider import provide
    from virtualq_core.measure import calibration

    if last:
        found = calibration.newest_calibration()
        if found is None:
            raise UsageError("no calibration is kept here", next_step="virtualq calibrate")
    else:
        find_query(query)
        effort = Effort(
            trials=trials, planted_trials=planted_trials, planted=_ratios(planted), seconds=seconds, seed=seed
        )
        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            found = _run(server, query, effort, tickets)
        typer.echo(f"kept in {calibration.keep(found)}", err=True)
    if as_json:
        typer.echo(json.dumps(calibration.to_json(found), indent=2))
    else:
        typer.echo((page if markdown else summary)(found))
    return _exit_code(found)


def _run(server: Server, query: str, effort: Effort, tickets: int) -> Calibration:
    """The calibration, with a moving line on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from virtualq_core.calibrate import calibrate as try_gate
    from virtualq_core.measure.place import data_on

    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        data_on(server, tickets=tickets, tell=lambda text: typer.echo(text, err=True)) as database,
        Progress(*columns, console=Console(stderr=True), transient=True) as bars,
    ):
        task = bars.add_task("")
        return try_gate(
            database,
            query=query,
            effort=effort,
            tell=lambda done, total: bars.update(task, completed=done, total=total),
        )


def _ratios(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"'{text}' are no ratios", expected="such as 1.10,1.05") from None


def _exit_code(found: Calibration) -> ExitCode:
    """Failed where more false alarms than promised are certain, inconclusive where a planted slowdown is missed."""
    from virtualq_core.measure.calibration import POWER

    if found.same.called_slower.interval[0] > found.false_alarm:
        return ExitCode.FAILED
    is_found = all(one.called_slower.share >= POWER for one in found.series[1:])
    return ExitCode.PASSED if is_found else ExitCode.INCONCLUSIVE
