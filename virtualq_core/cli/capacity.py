"""`virtualq capacity`: what a machine holds, from saved results."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from virtualq_core.cli.option import AsJson, finite
from virtualq_core.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_GIB = 2**30


@app.command()
def capacity(
    results: Annotated[
        Path, typer.Option("--results", metavar="FILE", help="The results.json of a check: what a transition costs.")
    ] = Path("out/standard/results.json"),
    growth: Annotated[
        Path, typer.Option("--growth", metavar="FILE", help="The growth.json of a sweep: what a ticket takes.")
    ] = Path("out/growth/growth.json"),
    cores: Annotated[
        int | None, typer.Option("--cores", min=1, help="Of the machine in question; by default of the measured one.")
    ] = None,
    memory_gib: Annotated[
        float | None, typer.Option("--memory-gib", min=0.1, callback=finite, help="The same.")
    ] = None,
    disk_gib: Annotated[
        float | None,
        typer.Option(
            "--disk-gib", min=1, callback=finite, help="The same; by default the disk of the present machine."
        ),
    ] = None,
    tickets_per_day: Annotated[
        float,
        typer.Option("--tickets-per-day", min=1, callback=finite, metavar="N", help="How many new tickets there are."),
    ] = 100_000,
    peak: Annotated[
        float, typer.Option("--peak", min=1, callback=finite, help="The busiest second over the mean of the day.")
    ] = 5.0,
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/explanation/scale.md has it.")] = False,
    as_json: AsJson = False,
) -> int:
    """
    Say how many tickets and transitions a machine holds, where each limit comes from, and what gives way first.

    From what was measured: a check's load on the harness's own server, and a sweep over sizes. Exits 1 where the demand
    is beyond what the machine holds.

    Example: virtualq capacity --results out/standard/results.json --growth out/growth/growth.json --cores 16
    """
    from virtualq_core.report.document import read
    from virtualq_core.scale.advice import own_disk_bytes, render
    from virtualq_core.scale.capacity import Demand, Machine, limits
    from virtualq_core.scale.costs import read_costs
    from virtualq_core.scale.result import Sweep

    costs = read_costs(read(results), Sweep.load(growth))
    machine = Machine(
        cores=cores or costs.cores,
        memory_bytes=costs.memory_bytes if memory_gib is None else round(memory_gib * _GIB),
        disk_bytes=own_disk_bytes() if disk_gib is None else round(disk_gib * _GIB),
    )
    demand = Demand(tickets_per_day=tickets_per_day, peak=peak)
    found = limits(machine, costs, demand)
    if as_json:
        told = {
            "machine": asdict(machine),
            "demand": asdict(demand),
            "costs": asdict(costs),
            "limits": [asdict(one) for one in found],
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(render(machine, costs, demand, found, is_markdown=markdown))
    return ExitCode.FAILED if any(one.is_exceeded for one in found) else ExitCode.PASSED
