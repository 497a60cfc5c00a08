"""
How fast is the seeder, against the least that it could take?

    python benchmarks/seed_rate.py --tickets 1000000

One run, on one server, one after the other: `virtualq seed` of a plan; then a raw load of the very same rows, which
were read back from the first database as binary COPY and lie ready in files: `truncate` and frozen COPY in one
transaction, the same keys, indexes and foreign keys, built by the same statements, and `vacuum analyze`. What the
seeder does beyond that (words, random walks, proving the rules) is what the ratio shows.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from psycopg.sql import SQL, Composed, Identifier

from virtualq_core import content
from virtualq_core.cli.option import AsJson, DatabaseUrl, PostgresBin  # noqa: TC001 -- Typer reads the annotations
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.provider import provide
from virtualq_core.seeding import Dataset, SeedPlan, seed
from virtualq_core.seeding.catalogue import Catalogue
from virtualq_core.seeding.load import LOADED, REBUILT

if TYPE_CHECKING:
    from psycopg import Cursor
    from psycopg.rows import TupleRow

    from virtualq_core.database.server import Database

STATEMENTS = content.beside(__file__, "seed_rate.sql")
TABLES = ("account", "tenant", "typedefinition", "typedefinitionrevision", "queue", "employee", *REBUILT)
TARGET = 1.5
_BLOCK_BYTES = 1 << 20

Phases = dict[str, float]


def main(
    tickets: Annotated[int, typer.Option("--tickets", metavar="N")] = 1_000_000,
    tenants: Annotated[int, typer.Option("--tenants", metavar="N")] = 100,
    seed_number: Annotated[int, typer.Option("--seed", metavar="S")] = 1,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,  # noqa: FBT002 -- Typer reads an option's default from a plain parameter
) -> None:
    """Seed, load the same rows raw, and print both times and their ratio."""
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin) as server,
        fresh_database(server, prefix="vq_rate") as seeded,
        fresh_database(server, prefix="vq_rate") as raw,
        tempfile.TemporaryDirectory(prefix="virtualq-rate-") as name,
    ):
        folder = Path(name)
        install(seeded)
        dataset, seeding = time_seeding(seeded, SeedPlan(tickets, tenants, seed=seed_number))
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        size_bytes = save_rows(seeded, folder)
        install(raw)
        loading = time_raw_load(raw, folder)
    tell(dataset, seeding, loading, size_bytes, peak_mib, as_json=as_json)


def time_seeding(database: Database, plan: SeedPlan) -> tuple[Dataset, Phases]:
    """Seconds for each phase of a seeding; what comes before the first report counts as `prepare`."""
    phases: Phases = defaultdict(float)
    present, since = "prepare", time.perf_counter()

    def note(phase: str, _done: int, _total: int) -> None:
        nonlocal present, since
        if phase != present:
            now = time.perf_counter()
            phases[present] += now - since
            present, since = phase, now

    dataset = seed(database, plan, progress=note)
    phases[present] += time.perf_counter() - since
    copying = {"prepare", "ticket", "ticketitem", "ticketstatehistory"}
    merged = {"copy": sum(duration_s for phase, duration_s in phases.items() if phase in copying)}
    return dataset, merged | {phase: duration_s for phase, duration_s in phases.items() if phase not in copying}


def save_rows(database: Database, folder: Path) -> int:
    """Read every table back as binary COPY, in the order of its rows on disk; returns the bytes of all files."""
    total = 0
    with database.connect(role="virtualq_maintainer") as connection, connection.cursor() as cursor:
        for table in TABLES:
            statement = SQL(STATEMENTS["copy_out"].sql).format(_columns(cursor, table), Identifier("virtualq", table))
            with cursor.copy(statement) as copy, (folder / table).open("wb") as file:
                for block in copy:
                    total += file.write(block)
    return total


def time_raw_load(database: Database, folder: Path) -> Phases:
    """Seconds for the same rows, keys and indexes without a seeder."""
    phases: Phases = {}
    with database.connect() as connection:
        begun = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(STATEMENTS["prepare_transaction"].sql)
            catalogue = Catalogue(cursor, (*LOADED, "typedefinition", "typedefinitionrevision"), REBUILT)
            catalogue.open()
            cursor.execute(STATEMENTS["empty_tables"].sql)
            for table in TABLES:
                freeze = SQL("true" if table in REBUILT else "false")
                names = (_columns(cursor, table), Identifier("virtualq", table))
                statement = SQL(STATEMENTS["copy_in"].sql).format(names[1], names[0], freeze)
                with cursor.copy(statement) as copy, (folder / table).open("rb") as file:
                    while block := file.read(_BLOCK_BYTES):
                        copy.write(block)
            phases["copy"] = time.perf_counter() - begun
            begun = time.perf_counter()
            for statement_text in catalogue.build_indexes():
                catalogue.run(statement_text)
            cursor.execute(STATEMENTS["analyze_tables"].sql)
            for statement_text in catalogue.build_foreign_keys():
                catalogue.run(statement_text)
            catalogue.close()
        phases["indexes"] = time.perf_counter() - begun
        begun = time.perf_counter()
        connection.execute(STATEMENTS["vacuum_tables"].sql)
        phases["vacuum"] = time.perf_counter() - begun
    return phases


def tell(
    dataset: Dataset, seeding: Phases, loading: Phases, size_bytes: int, peak_mib: float, *, as_json: bool
) -> None:
    """The figures, phase by phase, and what they come to."""
    total_s, raw_s = sum(seeding.values()), sum(loading.values())
    rows = dataset.tickets + dataset.items + dataset.history + dataset.customers
    figures = {
        "tickets": dataset.tickets,
        "rows": rows,
        "copied_bytes": size_bytes,
        "size_bytes": dataset.size_bytes,
        "peak_memory_mib": round(peak_mib),
        "seeding_s": seeding,
        "raw_s": loading,
        "ratio": total_s / raw_s,
        "ratio_without_check": (total_s - seeding.get("check", 0.0)) / raw_s,
    }
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
        return
    typer.echo(f"{dataset.tickets:,} tickets, {rows:,} rows with items, history and customers")
    typer.echo(
        f"{size_bytes / 2**20:,.0f} MiB copied, {dataset.size_bytes / dataset.tickets:,.0f} bytes a ticket on disk"
    )
    typer.echo(f"{peak_mib:,.0f} MiB of memory at most while seeding")
    typer.echo(f"{'':<10}{'seeding':>10}{'raw COPY':>10}")
    for phase in ("copy", "indexes", "check", "vacuum"):
        raw = f"{loading[phase]:>8.1f} s" if phase in loading else ""
        typer.echo(f"{phase:<10}{seeding.get(phase, 0.0):>8.1f} s{raw}")
    typer.echo(f"{'total':<10}{total_s:>8.1f} s{raw_s:>8.1f} s")
    typer.echo(f"ratio {total_s / raw_s:.2f}, without the check {figures['ratio_without_check']:.2f}; target {TARGET}")


def _columns(cursor: Cursor[TupleRow], table: str) -> Composed:
    names = cursor.execute(STATEMENTS["list_columns"].sql, {"table": f"virtualq.{table}"}).fetchall()
    return SQL(", ").join(Identifier(name) for (name,) in names)


if __name__ == "__main__":
    typer.run(main)
