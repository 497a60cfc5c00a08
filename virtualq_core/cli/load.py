"""`virtualq load`: many clients at once, and whether the history is still true."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin, finite, told_command
from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.load import Capacity, LoadResult

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_SHOWN = 10
_TICKETS_PER_TENANT = 1000


@app.command()
def load(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A file of loadtests/ by name, or one's own by its path.")
    ] = "check",
    clients: Annotated[
        int | None, typer.Option("--clients", metavar="N", min=1, help="How many at once (default: the scenario's).")
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration", metavar="S", callback=finite, help="For how many seconds (default: the scenario's)."
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", metavar="R", callback=finite, help="So many operations a second, steadily, in an open loop."
        ),
    ] = None,
    limit: Annotated[
        float | None, typer.Option("--latency-limit", metavar="MS", callback=finite, help="What callers put up with.")
    ] = None,
    pool: Annotated[
        str | None,
        typer.Option(
            "--pool", metavar="MODE", help="direct, psycopg, sqlalchemy, pgbouncer-session or pgbouncer-transaction."
        ),
    ] = None,
    pool_size: Annotated[
        int | None, typer.Option("--pool-size", metavar="N", min=1, help="How many connections the pool holds.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=1, help="Processes that share the clients, under Locust's master."),
    ] = 1,
    lists: Annotated[bool, typer.Option("--list", help="Show the scenarios that ship, and do nothing.")] = False,
    seeks_capacity: Annotated[
        bool, typer.Option("--find-capacity", help="Raise the rate until the scenario's limit breaks; takes minutes.")
    ] = False,
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", min=1, help="How often --find-capacity looks closely.")
    ] = 3,
    subject: Annotated[str, typer.Option("--subject", metavar="NAME", help="The implementation.")] = "procedural",
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Draws the data and who does what.")] = 1,
    tickets: Annotated[
        int, typer.Option("--tickets", metavar="N", min=1, help="How many, in the database that is made for the load.")
    ] = 20_000,
    pools: Annotated[
        bool, typer.Option("--pools", help="Compare connection pools, each size for --duration (default: 1 s) a turn.")
    ] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the load as one self-contained HTML page.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """
    Let many clients move tickets at once, and check the history that they leave.

    With a url the load works on the data that is there (`virtualq seed` puts some), else on a fresh seeded database
    that is dropped at the end. Exit codes: 0 passed, 1 a violation, an error or too many late operations, 3
    inconclusive.

    Example: virtualq load check --clients 32 --duration 20
    """
    from virtualq_core.check.alone import load_results
    from virtualq_core.cli.pool import run_pools, show_pool
    from virtualq_core.load import find_capacity, find_scenario, run_load
    from virtualq_core.load.fault import server_for
    from virtualq_core.load.scenario import override
    from virtualq_core.report import html
    from virtualq_core.report.verdict import exit_code
    from virtualq_core.subjects import find_subject

    if lists:
        return _list()
    chosen = override(
        find_scenario(scenario),
        clients=clients,
        duration_s=duration,
        rate_per_s=rate,
        latency_ms=limit,
        pool_mode=pool,
        pool_size=pool_size,
    )
    find_subject(subject)
    with (
        server_for(chosen, database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        _target(server, tickets, seed) as database,
    ):
        if seeks_capacity:
            capacity = find_capacity(
                database, chosen, subject=subject, seed=seed, workers=workers, repeats=repeats, tell=_tell
            )
            return _conclude(capacity, as_json=as_json)
        if pools:
            return run_pools(
                database, chosen, subject=subject, clients=clients, duration_s=duration, seed=seed, as_json=as_json
            )
        found = run_load(database, chosen, subject=subject, seed=seed, workers=workers)
        page = None if report is None else load_results(found, database, seed=seed, command=told_command(sys.argv[1:]))
    if as_json:
        told = {
            "verdict": found.verdict,
            "scenario": found.scenario,
            "load": found.to_json(),
            "latencies": found.latencies(),
            "problems": found.problems(),
            "pooling": None if found.pooling is None else asdict(found.pooling),
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(found)
        show_pool(found)
    if page is not None and report is not None:
        html.write(page, report)
    return exit_code(found.verdict)


def _list() -> int:
    from virtualq_core.load.scenario import find_scenario, scenario_names

    for name in scenario_names():
        scenario = find_scenario(name)
        typer.echo(f"{name:<14} {scenario.description} ({scenario.clients} clients, {scenario.duration_s:g} s)")
    return ExitCode.PASSED


def _tell(what: str) -> None:
    typer.echo(what, err=True)


def _conclude(capacity: Capacity, *, as_json: bool) -> int:
    """The rate; where a run of it failed, why, because then the rate is worth nothing."""
    if capacity.broken is not None:
        _show(capacity.broken)
        return ExitCode.FAILED
    typer.echo(json.dumps(capacity.to_json(), indent=2) if as_json else capacity.summary)
    return ExitCode.PASSED if capacity.interval[0] else ExitCode.INCONCLUSIVE


@contextmanager
def _target(server: Server, tickets: int, seed: int) -> Iterator[Database]:
    from virtualq_core.database.clone import fresh_database
    from virtualq_core.seeding import SeedPlan
    from virtualq_core.seeding import seed as seed_database

    if server.kind == "url":
        yield server.maintenance
        return
    with fresh_database(server, prefix="vq_load") as database:
        seed_database(database, SeedPlan(tickets=tickets, tenants=max(1, tickets // _TICKETS_PER_TENANT), seed=seed))
        yield database


def _show(found: LoadResult) -> None:
    """The verdict first, then what failed, then the figures."""
    from rich.console import Console
    from rich.table import Table

    from virtualq_core.report.load_results import Load
    from virtualq_core.report.observed import renderable
    from virtualq_core.report.results import part_from_json

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{found.verdict}: {found.summary}", markup=False)
    problems = found.problems()
    for problem in problems[:_SHOWN]:
        console.print(f"\n{problem['code']}: {problem['what']}", markup=False)
        for part in ("observed", "expected", "next_step"):
            if problem[part]:
                first, *others = str(problem[part]).splitlines()
                console.print("\n    ".join([f"  {part.partition('_')[0]}: {first}", *others]), markup=False)
    if len(problems) > _SHOWN:
        console.print(f"\n… and {len(problems) - _SHOWN} more (--json has them all)")

    console.print(f"\n{_demand(found)}", markup=False)
    latencies = Table(box=None, pad_edge=False)
    latencies.add_column("operation")
    for heading in ("asked", "answered", "p50 ms", "p99 ms", "max ms"):
        latencies.add_column(heading, justify="right")
    figures = found.figures
    for one in (*figures.latencies, *figures.tenants, figures.lag, figures.pool_wait):
        if one.samples:
            times = (f"{value:.2f}" for value in (one.p50_ms, one.p99_ms, one.max_ms) if value is not None)
            asked = figures.operations.get(one.name)
            latencies.add_row(one.name, "" if asked is None else f"{asked:,}", f"{one.samples:,}", *times)
    console.print()
    console.print(latencies)

    invariants = Table(box=None, pad_edge=False)
    for heading in ("invariant", "verdict", "checked"):
        invariants.add_column(heading, justify="right" if heading == "checked" else "left")
    for finding in found.judgement.findings:
        invariants.add_row(finding.invariant.value, finding.verdict, f"{finding.checked:,}")
    console.print()
    console.print(invariants)
    Console(highlight=False).print(renderable(part_from_json(Load, found.to_json())))


def _demand(found: LoadResult) -> str:
    """What was asked of the database, and what of each latency is the client's own."""
    figures, demanded = found.figures, found.figures.demanded
    told = (
        f"{figures.operations_per_s:,.0f} operations/s; the driver's share of their time is {figures.driver_share:.0%}"
    )
    if demanded.latency_ms:
        told += (
            f"\n{demanded.late_share:.2%} of {demanded.due:,} took longer than {demanded.latency_ms:g} ms, "
            f"{demanded.skipped:,} of them were never begun"
        )
    return told
