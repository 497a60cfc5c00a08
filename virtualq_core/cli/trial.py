"""`virtualq trial`: should we ship this index?"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout, finite
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.trial import Proposal

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
    known: Annotated[
        bool, typer.Option("--known", help="Pass where the known answer at the proposal's head is confirmed.")
    ] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> int:
    """
    Say whether a change of indexes is worth shipping: what it brings the queries, what it costs writes and disk.

    It is tried on copies of a seeded database; nothing else is touched. Exits 0 where it is to be accepted, 1 where it
    is to be rejected, 3 where the given time was too short to tell. With --known, 0 where the answer that a proposal
    states is confirmed, 1 where it is contradicted. Of several proposals the worst counts, all are tried though one
    cannot be, and --json prints one document a line, as each trial ends.

    Example: virtualq trial proposal.sql --tickets 1000000
    """
    from virtualq_core.database.clone import require_copies
    from virtualq_core.database.provider import provide
    from virtualq_core.measure.place import seeded
    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import Timing
    from virtualq_core.trial import Effort, Proposal, run_trial
    from virtualq_core.trial.outcome import exit_code, worst
    from virtualq_core.trial.page import account

    layout = chosen_layout(partition)
    proposals = [Proposal.read(path) for path in proposal]
    if known:
        _require_answers(proposals)
    policy = TrialPolicy.load(budgets)
    effort = Effort(timing=Timing(limit_s=seconds), seed=seed)
    codes = []
    with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
        require_copies(server)
        _say(f"seeding {tickets:,} tickets")
        with seeded(server, tickets=tickets, seed_number=seed, indexes=indexes, layout=layout) as template:
            for one in proposals:
                try:
                    result = run_trial(template, one, policy, effort=effort, tell=partial(_say_of, one.name))
                except EnvironmentFault:
                    raise
                except VirtualQError as error:
                    _say(f"{one.name}: {error}")
                    codes.append(error.exit_code)
                    continue
                expected = one.known_answer if known else None
                codes.append(exit_code(result.verdict, known_answer=expected or "accept"))
                if as_json:
                    typer.echo(json.dumps(result.to_json(), indent=2 if len(proposals) == 1 else None))
                else:
                    typer.echo(f"{account(result)}\n")
    return worst(codes)


def _require_answers(proposals: Sequence[Proposal]) -> None:
    silent = [one.name for one in proposals if one.known_answer is None]
    if silent:
        raise UsageError(
            f"no answer is known of {', '.join(silent)}",
            expected="a line `-- known answer: accept` (or reject) at the head of the proposal",
            next_step="state it, or leave --known out",
        )


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _say_of(name: str, phase: str) -> None:
    _say(f"{name}: {phase}")
