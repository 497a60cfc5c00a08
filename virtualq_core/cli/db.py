"""`virtualq db`: the database by hand."""

from __future__ import annotations

import dataclasses
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout
from virtualq_core.database import binaries, client, guard, lease, listen
from virtualq_core.database.clone import working_database
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.install import install as install_schema
from virtualq_core.database.layout import Layout
from virtualq_core.database.provider import provide, run
from virtualq_core.database.retention import detach_history
from virtualq_core.seeding.kept import drop_kept, list_kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from virtualq_core.database.server import Database

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The database: start, stop, install, look into it.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Force = Annotated[bool, typer.Option("--force", help="Also while another process uses the server.")]
Name = Annotated[str | None, typer.Option("--database", metavar="NAME", help="The database on that server.")]


@app.command()
def start(
    postgres_bin: PostgresBin = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Listen on this port of 127.0.0.1 too, with a password."),
    ] = None,
) -> None:
    """
    Start the embedded server and keep it running until `virtualq db stop`.

    Example: virtualq db start --port 54320
    """
    cluster = _cluster(postgres_bin)
    listen.start(cluster, port)
    with run(cluster) as server:
        typer.echo(f"PostgreSQL {server.major} runs until `virtualq db stop`")
        typer.echo(f"  {listen.url(cluster)}" if cluster.pinned_port() else f"  psql '{server.dsn}'")


@app.command()
def stop(postgres_bin: PostgresBin = None, force: Force = False) -> None:
    """
    Stop the embedded server that `virtualq db start` keeps running.

    Example: virtualq db stop
    """
    cluster = _cluster(postgres_bin)
    with lease.alone(cluster, purpose="stop", is_forced=force):
        cluster.pin.unlink(missing_ok=True)
        ran = cluster.postmaster() is not None
        cluster.stop()
    typer.echo("stopped" if ran else "it was not running")


@app.command()
def status(
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,
) -> None:
    """
    Say whether the embedded server runs, and where.

    Example: virtualq db status --json
    """
    cluster = _cluster(postgres_bin)
    found = cluster.postmaster()
    told = {
        "is_running": found is not None,
        "is_pinned": cluster.pin.exists(),
        "is_in_use": lease.is_in_use(cluster),
        "version": cluster.binaries.version,
        "pid": found.pid if found else None,
        "port": cluster.pinned_port() if found else None,
        "socket_dir": str(found.socket_dir) if found else None,
        "folder": str(cluster.folder),
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    state = "runs" if found else "does not run"
    until = "until `virtualq db stop`" if cluster.pin.exists() else "while a command uses it"
    typer.echo(f"PostgreSQL {cluster.binaries.version} {state}" + (f" {until}" if found else ""))
    typer.echo(f"  {cluster.folder}")


@app.command("install")
def install_command(
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    database: Name = None,
    indexes: Annotated[str, typer.Option("--indexes", metavar="NAME", help="A file of schema/indexes.")] = "seed",
    partition: Partition = None,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Spread the tables over the nodes of a Citus cluster, by tenant.")
    ] = False,
    mark: Annotated[bool, typer.Option("--mark/--no-mark", help="Let the harness write there afterwards.")] = True,
    as_json: AsJson = False,
) -> None:
    """
    Install the schema into an empty database: all of it, or nothing.

    Example: virtualq db install --database-url postgresql://me@db.example/virtualq_check
    """
    layout = chosen_layout(partition, is_distributed=distributed)
    with _database(database_url, postgres_bin, image, database) as target:
        made = install_schema(target, indexes=indexes, layout=layout, mark=mark)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(made), indent=2, default=str))
        return
    partitioned = "" if layout is Layout.NONE else f", {layout.told}"
    typer.echo(
        f"schema {made.schema_version} ({made.schema_hash[:12]}), indexes '{made.indexes}'{partitioned}, "
        f"in '{target.name}'"
    )
    typer.echo(f"  the harness {'may' if made.harness_may_write else 'may not'} write there")


@app.command()
def mark(
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    database: Name = None,
    off: Annotated[bool, typer.Option("--off", help="Take the mark away.")] = False,
) -> None:
    """
    Allow the harness to write into an installed database, data and all; `--off` takes that back.

    Example: virtualq db mark --database-url postgresql://me@db.example/virtualq_check
    """
    with _database(database_url, postgres_bin, None, database) as target:
        guard.mark(target, may_write=not off)
    typer.echo(f"the harness {'may no longer' if off else 'may'} write into '{target.name}'")


@app.command()
def retain(
    before: Annotated[
        datetime, typer.Option("--before", formats=["%Y-%m-%d"], help="Months that end by this day (UTC) are detached.")
    ],
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    database: Name = None,
    as_json: AsJson = False,
) -> None:
    """
    Detach the old months of a history that is partitioned by month; nothing is deleted.

    Each is a table of its own afterwards, to be dumped, moved or dropped; `select virtualq.attach_history()` takes the
    last one back.

    Example: virtualq db retain --before 2025-01-01 --database-url postgresql://me@db.example/virtualq_check
    """
    with _database(database_url, postgres_bin, None, database, make=False) as target:
        detached = detach_history(target, before=before.replace(tzinfo=UTC))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(month) for month in detached], indent=2, default=str))
        return
    for month in detached:
        typer.echo(f"virtualq.{month.table_name}: {month.steps:,} steps, {month.size_bytes / 2**20:,.1f} MiB")
    typer.echo(f"{len(detached)} months detached")


@app.command()
def reset(postgres_bin: PostgresBin = None, force: Force = False) -> None:
    """
    Delete the embedded server's cluster and all databases in it; the next command makes it anew.

    Example: virtualq db reset
    """
    cluster = _cluster(postgres_bin)
    with lease.alone(cluster, purpose="reset", is_forced=force):
        cluster.pin.unlink(missing_ok=True)
        cluster.stop()
        cluster.remove()
    typer.echo(f"deleted what was in {cluster.folder}")


@app.command()
def kept(
    postgres_bin: PostgresBin = None,
    image: Image = None,
    drop: Annotated[bool, typer.Option("--drop", help="Drop all of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    List the large datasets that are kept on the harness's own server, to be copied instead of seeded anew.

    They take at most half of the disk that is not otherwise used; the least recently used make room for new ones.

    Example: virtualq db kept --drop
    """
    with provide(postgres_bin=postgres_bin, image=image) as server:
        found = drop_kept(server) if drop else list_kept(server)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
        return
    for one in found:
        said = "dropped " if drop else ""
        recipe = f"{one.plan} indexes={one.indexes} layout={one.layout}"
        typer.echo(f"{said}{one.database}, {one.size_bytes / 2**30:.1f} GiB\n  {recipe}")
    if not found:
        typer.echo("nothing is kept")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    database: Name = None,
) -> None:
    """
    Open psql on the server; what follows `--` is handed to it.

    Example: virtualq db psql -- -c "select count(*) from virtualq.ticket"
    """
    with _database(database_url, postgres_bin, None, database, make=False) as target:
        raise typer.Exit(client.run_psql(target, context.args))


@contextmanager
def _database(
    database_url: str | None, postgres_bin: Path | None, image: str | None, name: str | None, *, make: bool = True
) -> Iterator[Database]:
    with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
        yield working_database(server, name, make=make)


def _cluster(postgres_bin: Path | None) -> Cluster:
    return Cluster.of(binaries.embedded() if postgres_bin is None else binaries.local(postgres_bin))
