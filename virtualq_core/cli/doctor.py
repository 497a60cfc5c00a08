"""`virtualq doctor`: what this machine offers, and what is missing."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin
from virtualq_core.database import cache, capability, clone, fingerprint, tuning
from virtualq_core.database.provider import provide
from virtualq_core.errors import ExitCode, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Server

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_ROOM_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Note:
    """One thing looked at; `is_needed` makes its lack an error and not a limit."""

    name: str
    is_there: bool
    said: str
    is_needed: bool = False


@app.command()
def doctor(
    database_url: DatabaseUrl = None, postgres_bin: PostgresBin = None, image: Image = None, as_json: AsJson = False
) -> int:
    """
    Say what this machine and its server offer, and what is missing; exits 4 where a check could not run.

    Example: virtualq doctor --database-url postgresql://me@db.example/virtualq_check
    """
    notes = list(_machine_notes())
    try:
        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            notes += _server_notes(server)
    except VirtualQError as error:
        notes.append(Note("server", is_there=False, said=str(error), is_needed=True))
    if as_json:
        typer.echo(json.dumps([asdict(note) for note in notes], indent=2))
    else:
        for note in notes:
            mark = "ok     " if note.is_there else "MISSING" if note.is_needed else "without"
            typer.echo(f"{mark}  {note.name:<20} {note.said}")
    return ExitCode.PASSED if all(note.is_there for note in notes if note.is_needed) else ExitCode.ENVIRONMENT


def _machine_notes() -> Iterator[Note]:
    it = fingerprint.machine()
    memory = f"{tuning.memory_bytes() / 2**30:.1f} GiB"
    yield Note("machine", is_there=True, said=f"{it['cpu']}, {it['cores']} cores, {memory}, {it['os']}")
    yield Note("python", is_there=True, said=str(it["python"]))
    try:
        folder = cache.cache_dir()
    except VirtualQError as error:
        yield Note("cache", is_there=False, said=str(error), is_needed=True)
        return
    free_bytes = shutil.disk_usage(folder).free
    said = f"{folder}, {free_bytes / 2**30:.1f} GiB free"
    yield Note("cache", is_there=free_bytes > _ROOM_BYTES, said=said, is_needed=True)
    for name, (words, is_there) in capability.WITHOUT_SERVER.items():
        yield Note(name, is_there=is_there(), said=words)


def _server_notes(server: Server) -> Iterator[Note]:
    yield Note("server", is_there=True, said=f"PostgreSQL {server.major}, {server.kind}", is_needed=True)
    found = capability.found_on(server)
    for name, words in capability.RIGHTS.items():
        yield Note(name, is_there=name in found, said=words)
    for name in sorted(capability.EXTENSIONS):
        yield Note(name, is_there=name in found, said=f"the extension {name}")
    if server.kind == "url" and not (found_rights := clone.rights(server)).may_create_database:
        why, _ = found_rights.hindrance
        yield Note("fresh databases", is_there=False, said=f"{why}: the given database itself is used")
