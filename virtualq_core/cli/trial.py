"""`virtualq trial`: should we ship this index?"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout, finite
from virtualq_core.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def trial(
    proposal: Annotated[list[Path], typer.Argument(metavar="FILE...", help="SQL that changes indexes or tables.")],
    tickets: Annotated[int, typer.Option("--tickets", metavar="N", min=1000, help="How many are seeded.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="Draws the data and the order of everything.")] = 1,
    indexes: Annotated[
        str, typer.Option("--indexes", metavar="NAME", help="The set of indexes that the proposal is to change.")
    ] = "seed",
    partition: Partition = None,
    budgets: Annotated[
        Path | None, typer.Option("--budgets", metavar="FILE", help="Your [trial] policy, over the shipped one.")
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", min=0.5, callback=finite, help="The most that a read is timed; a sure one takes less."
        ),
    ] = 8.0,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Say whether a change of indexes is worth shipping: what it brings the queries, what it costs writes and disk.

    It is tried on copies of a seeded database; nothing else is touched. Exits 0 where it is to be accepted, 1 where it
    is to be rejected, 3 where the given time was too short to tell. Of several proposals the worst counts, and --json
    prints one document a line, as each trial ends.

    Example: virtualq trial proposal.sql --tickets 1000000
    """
    from virtualq_core.database.clone import require_copies
    from virtualq_core.database.provider import provide
    from virtualq_core.measure.place import seeded
    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import Timing
    from virtualq_core.trial import Effort, Proposal, run_trial
    from virtualq_core.trial.page import account

    layout = chosen_layout(partition)
    proposals = [Proposal.read(path) for path in proposal]
    policy = TrialPolicy.load(budgets)
    effort = Effort(timing=Timing(limit_s=seconds), seed=seed)
    verdicts = set()
    with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
        require_copies(server)
        _say(f"seeding {tickets:,} tickets")
        with seeded(server, tickets=tickets, seed_number=seed, indexes=indexes, layout=layout) as template:
            for one in proposals:
                result = run_trial(template, one, policy, effort=effort, tell=partial(_say_of, one.name))
                verdicts.add(result.verdict)
                told = json.dumps(result.to_json(), indent=2 if len(proposals) == 1 else None)
                typer.echo(told if as_json else f"{account(result)}\n")
    if "reject" in verdicts:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if "inconclusive" in verdicts else ExitCode.PASSED


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _say_of(name: str, phase: str) -> None:
    _say(f"{name}: {phase}")
