"""`virtualq growth`: how costs grow with the number of tickets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from virtualq_core.cli.option import AsJson, PostgresBin
from virtualq_core.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def growth(
    tickets: Annotated[int, typer.Option("--tickets", metavar="N", help="The largest database's.")] = 1_000_000,
    tenants: Annotated[int, typer.Option("--tenants", metavar="N", help="Among how many tenants.")] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same data.")] = 1,
    indexes: Annotated[str, typer.Option("--indexes", metavar="NAME", help="A file of schema/indexes.")] = "seed",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where growth.md, its drawings and growth.json go."),
    ] = None,
    saved: Annotated[
        Path | None, typer.Option("--saved", metavar="FILE", help="Show a saved growth.json instead of measuring.")
    ] = None,
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,
) -> int:
    """
    Seed databases of 10,000 tickets and more, and fit how every query, operation, table and index grows.

    Exits 1 where the queue's list, the employee's dashboard, claiming or a transition does not stay flat, and 3 where
    the sizes do not tell. Ten million tickets take about an hour and 45 GiB; datasets from 200,000 tickets on are kept,
    and copied the next time.

    Example: virtualq growth --tickets 1000000 --out out/growth
    """
    from virtualq_core.database.provider import provide
    from virtualq_core.scale.page import summary, write_pages
    from virtualq_core.scale.result import Sweep
    from virtualq_core.scale.sweep import sweep

    if saved is not None:
        found = Sweep.load(saved)
    else:
        with provide(postgres_bin=postgres_bin) as server:
            found = sweep(
                server,
                tickets=tickets,
                tenants=tenants,
                seed=seed,
                indexes=indexes,
                tell=lambda text: typer.echo(text, err=True),
            )
    page = write_pages(found, out) if out is not None else None
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        typer.echo(summary(found))
        if page is not None:
            typer.echo(f"  {page}")
    if found.failed:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if found.doubtful else ExitCode.PASSED
