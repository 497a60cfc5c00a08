"""`virtualq calibrate`: how far timed verdicts can be believed on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin, finite
from virtualq_core.errors import EnvironmentFault, ExitCode, UsageError

if TYPE_CHECKING:
    from virtualq_core.calibrate import Effort
    from virtualq_core.calibrate.page import Tried
    from virtualq_core.database.server import Server
    from virtualq_core.measure.calibration import Calibration
    from virtualq_core.measure.fault import Outcome

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


COPIES = 60
TRIALS = 3
TRIAL_TICKETS = 100_000
NO_CHANGE = "no change that matters"


@app.command()
def calibrate(
    query: Annotated[str, typer.Option("--query", metavar="NAME", help="What is timed.")] = "list_queue",
    trials: Annotated[int, typer.Option("--trials", metavar="N", help="Comparisons of the query with itself.")] = 400,
    planted_trials: Annotated[
        int, typer.Option("--planted-trials", metavar="N", help="Comparisons with each planted slowdown.")
    ] = 80,
    planted: Annotated[
        str, typer.Option("--planted", metavar="RATIOS", help="Slowdowns to plant, such as 1.10 for ten per cent.")
    ] = "1.10,1.05",
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            min=0.1,
            callback=finite,
            help="Time to find the first of them in; half of it needs four times that.",
        ),
    ] = 10.0,
    seed: Annotated[int, typer.Option("--seed", help="Draws the order of everything.")] = 1,
    tickets: Annotated[
        int, typer.Option("--tickets", metavar="N", help="How many are seeded where there are no data yet.")
    ] = 20_000,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything",
            help="Also compare two copies with each other, plant every regression of benchmarks/faults, and try every "
            "proposal.",
        ),
    ] = False,
    load: Annotated[
        bool,
        typer.Option("--load", help="Instead, try the generator of loads: against pgbench, and on a stalled server."),
    ] = False,
    last: Annotated[bool, typer.Option("--last", help="Try nothing: show the newest that is kept.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a page of documentation.")] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Try the gate on what is the same and on what is slower by a known amount, and keep the figures for `virtualq check`.

    With --everything two copies of the database are compared as well, the budgets are tried on planted regressions, and
    index trials on proposals whose answer is known, each three times; that takes about an hour, and goes into the page
    that --markdown prints.

    With --load it is the generator of loads that is tried, in about a quarter of an hour.

    The figures are kept in the cache folder, by machine, server and settings, query and number of tickets. By default
    it takes about a quarter of an hour, and longer on a busy machine; it only reads. Exits 1 where the gate for certain
    breaks a promise (more false alarms, slowdowns of the tolerance called not slower, or intervals without the truth)
    or something planted was missed, 3 where the machine is too noisy to find the slowdowns in time, 4 where the figures
    could not be kept.

    Example: virtualq calibrate --trials 100 --planted 1.10
    """
    from virtualq_core.calibrate import Effort
    from virtualq_core.calibrate.page import markdown as page
    from virtualq_core.calibrate.page import summary
    from virtualq_core.content import query as find_query
    from virtualq_core.database.clone import require_copies
    from virtualq_core.database.provider import provide
    from virtualq_core.measure import calibration

    if load:
        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            return _try_generator(server, seed, as_json=as_json, markdown=markdown)
    is_kept = True
    faults: list[Outcome] = []
    proposals: list[Tried] = []
    if last:
        found = calibration.newest_calibration()
        if found is None:
            raise UsageError("no calibration is kept here", next_step="virtualq calibrate")
    else:
        find_query(query)
        effort = Effort(
            trials=trials,
            planted_trials=planted_trials,
            planted=_ratios(planted),
            seconds=seconds,
            copies=min(COPIES, trials) if everything else 0,
            seed=seed,
        )
        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            if everything:
                require_copies(server)
            found = _run(server, query, effort, tickets)
            is_kept = _keep(found)
            if everything:
                _say(summary(found))
                faults, proposals = _plant(server, tickets), _try_proposals(server)
    if as_json:
        more = {"faults": [asdict(one) for one in faults], "proposals": [asdict(one) for one in proposals]}
        typer.echo(json.dumps(calibration.to_json(found) | (more if everything else {}), indent=2))
    else:
        typer.echo((page if markdown else summary)(found, faults, proposals))
    if not all(one.is_caught for one in faults if not one.skipped) or any(one.wrong for one in proposals):
        return ExitCode.FAILED
    code = _exit_code(found)
    return code if is_kept or code == ExitCode.FAILED else ExitCode.ENVIRONMENT


def _keep(found: Calibration) -> bool:
    """Whether it could be kept; the figures of a quarter of an hour are shown all the same."""
    from virtualq_core.measure import calibration

    try:
        _say(f"kept in {calibration.keep(found)}")
    except EnvironmentFault as error:
        _say(f"not kept, so no other command will quote it: {error}")
        return False
    return True


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


def _plant(server: Server, tickets: int) -> list[Outcome]:
    """Every regression of the catalogue, each in a copy of fresh data."""
    from virtualq_core.measure.fault import run_faults
    from virtualq_core.measure.place import seeded

    with seeded(server, tickets=tickets) as data:
        return run_faults(
            server, data, tell=lambda fault, done, total: _say(f"fault {done + 1} of {total}: {fault.name}")
        )


def _try_proposals(server: Server) -> list[Tried]:
    """Every shipped proposal, several times."""
    from virtualq_core import content
    from virtualq_core.calibrate.page import Tried
    from virtualq_core.measure.place import seeded
    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.trial import Effort, Proposal, run_trial

    policy = TrialPolicy.load()
    tried = []
    with seeded(server, tickets=TRIAL_TICKETS) as template:
        for path in sorted((content.folder("benchmarks") / "trials").glob("*.sql")):
            proposal = Proposal.read(path)
            results = []
            for number in range(TRIALS):
                _say(f"trial {number + 1} of {TRIALS}: {proposal.name}")
                results.append(run_trial(template, proposal, policy, effort=Effort(seed=number + 1)))
            figures = {
                one.of: f"{one.finding}: {one.what} {one.ratio.text}" if one.finding != NO_CHANGE else "no change"
                for one in results[-1].figures
            }
            tried.append(
                Tried(
                    name=proposal.name,
                    known_answer=str(proposal.known_answer),
                    verdicts=tuple(result.verdict for result in results),
                    **figures,
                )
            )
    return tried


def _try_generator(server: Server, seed: int, *, as_json: bool, markdown: bool) -> ExitCode:
    """Exits 1 where an aim is missed for certain, 3 where one is not sure."""
    from virtualq_core.calibrate.generator import page, try_generator

    found = try_generator(server, seed=seed, tell=_say)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        typer.echo((page.markdown if markdown else page.summary)(found))
    outcomes = page.outcomes(found)
    if "missed" in outcomes:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if "not sure" in outcomes else ExitCode.PASSED


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _ratios(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"'{text}' are no ratios", expected="such as 1.10,1.05") from None


def _exit_code(found: Calibration) -> ExitCode:
    """Failed where a promise is broken for certain, inconclusive where a planted slowdown is not found in time."""
    from virtualq_core.measure.calibration import POWER

    if any(one.is_broken for one in found.series):
        return ExitCode.FAILED
    is_found = all(one.called_slower.share >= POWER for one in found.planted)
    return ExitCode.PASSED if is_found else ExitCode.INCONCLUSIVE
