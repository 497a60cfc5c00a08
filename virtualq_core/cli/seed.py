"""`virtualq seed`: fill a database with data that looks like a live queue's."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from virtualq_core.seeding import Dataset

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_PHASES = {
    "ticket": "tickets",
    "ticketitem": "their items",
    "ticketstatehistory": "their history",
    "indexes": "keys and indexes",
    "check": "rules",
    "vacuum": "vacuum",
}


@app.command()
def seed(
    tickets: Annotated[int, typer.Option("--tickets", metavar="N", help="How many tickets.")] = 20_000,
    tenants: Annotated[int, typer.Option("--tenants", metavar="N", help="Among how many tenants.")] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same data.")] = 1,
    locale: Annotated[
        list[str] | None, typer.Option("--locale", metavar="NAME", help="Such as de_DE; repeat for several.")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option("--now", metavar="TIME", help="The moment the data is as of, such as 2025-11-12T14:00:00+00:00."),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="NAME", help="The database on that server.")
    ] = None,
    partition: Partition = None,
    is_kept: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep a copy of a large dataset for the next time.")
    ] = True,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    as_json: AsJson = False,
) -> None:
    """
    Fill a freshly installed database with tickets, items, history and people: all of it, or nothing.

    Says first how much disk that takes. On the harness's own server a dataset of 200,000 tickets and more is kept, and
    copied when it is asked for again; `virtualq db kept` lists those.

    Example: virtualq seed --tickets 1000000 --tenants 100 --seed 7 --locale en_US --locale ja_JP
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from virtualq_core.database import guard
    from virtualq_core.database.clone import working_database
    from virtualq_core.database.layout import Layout
    from virtualq_core.database.provider import provide
    from virtualq_core.seeding import DEFAULT_LOCALES, DEFAULT_NOW, SeedPlan
    from virtualq_core.seeding.kept import Recipe, obtain
    from virtualq_core.seeding.room import estimate_room, require_room

    plan = SeedPlan(
        tickets=tickets,
        tenants=tenants,
        seed=seed,
        locales=tuple(locale) if locale else DEFAULT_LOCALES,
        now=_moment(now) if now else DEFAULT_NOW,
    )
    layout = None if partition is None else chosen_layout(partition)
    columns = (TextColumn("{task.description:<17}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    begun = time.monotonic()
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        Progress(*columns, console=Console(stderr=True), transient=True) as bars,
    ):
        target = working_database(server, database)
        present = guard.require_writable(target).installation
        recipe = Recipe(
            plan,
            present.indexes if present else "seed",
            layout or Layout.named(present.layout if present else "none"),
        )
        room = estimate_room(server, tickets, copies=2 if is_kept and recipe.is_kept_on(server) else 1)
        free_bytes = require_room(server, room)
        bars.console.print(f"this takes {room}{_told_free(free_bytes)}", highlight=False, soft_wrap=True)
        dataset = obtain(target, recipe, is_kept=is_kept, progress=_Bars(bars))
    duration_s = time.monotonic() - begun
    if as_json:
        typer.echo(json.dumps({**dataset.to_json(), "duration_s": round(duration_s, 3)}, indent=2))
    else:
        typer.echo(_tell(dataset, target.name, duration_s))


class _Bars:
    """One bar for each phase, from its first report on."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks = {}  # type: ignore[var-annotated] # Rich's own identifiers

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(_PHASES.get(phase, phase), total=total)
        self._bars.update(self._tasks[phase], completed=done, total=total)


def _told_free(free_bytes: int | None) -> str:
    return "" if free_bytes is None else f"; {free_bytes / 2**30:.1f} GiB are free"


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no time", expected="such as 2025-11-12T14:00:00+00:00") from None


def _tell(dataset: Dataset, name: str, duration_s: float) -> str:
    size_mib = dataset.size_bytes / 2**20
    return (
        f"seeded '{name}' in {duration_s:.1f} s: dataset {dataset.hash[:12]}, {size_mib:,.0f} MiB\n"
        f"  {dataset.tickets:,} tickets, {dataset.items:,} items, {dataset.history:,} steps of history\n"
        f"  {dataset.tenants:,} tenants, {dataset.queues:,} queues, {dataset.employees:,} employees, "
        f"{dataset.customers:,} customers\n"
        f"  queue {dataset.listed_queue_id} of tenant {dataset.listed_tenant_id} lists exactly "
        f"{dataset.listed_open:,} open tickets"
    )
