"""`virtualq conform`: is this database, with this implementation on it, what the requirements say?"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, PostgresBin
from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.requirement import Registry
    from virtualq_core.conformance.result import ConformanceResult, RequirementResult
    from virtualq_core.database.server import Database, Server

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def conform(
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="NAME", help="Implementation under test; repeat for several."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this requirement (TRN-001) or family (TRN, transition)."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every requirement with its evidence, not the broken ones alone.")
    ] = False,
    is_list: Annotated[bool, typer.Option("--list", help="Print the requirements, and run nothing.")] = False,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="NAME", help="The database on that server.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """
    Hold a database and the implementations on it to the requirements; exits 1 where a `must` is broken.

    The suite works in the database that you name, in tenants of its own that are gone at its end. Without a database it
    makes a fresh one.

    Example: virtualq conform --only TRN --database-url postgresql://me@db.example/virtualq_check
    """
    from rich.console import Console

    from virtualq_core.conformance.requirement import as_markdown, load
    from virtualq_core.conformance.run import run_conformance
    from virtualq_core.database.provider import provide

    registry = load()
    if is_list:
        typer.echo(as_markdown(registry), nl=False)
        return ExitCode.PASSED
    registry.select(only or ())
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        _under_test(server, database) as target,
        Console(stderr=True).status(f"holding '{target.name}' to the requirements"),
    ):
        result = run_conformance(target, subjects=subject, only=only)
    if as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
        return result.exit_code
    for line in _told(result, registry, is_verbose=verbose):
        typer.echo(line)
    return result.exit_code


@contextmanager
def _under_test(server: Server, name: str | None) -> Iterator[Database]:
    from virtualq_core.conformance.world import under_test
    from virtualq_core.database.clone import working_database

    if name is not None:
        yield working_database(server, name, make=False)
        return
    with under_test(server) as database:
        yield database


def _told(result: ConformanceResult, registry: Registry, *, is_verbose: bool) -> Iterator[str]:
    for letters, family in registry.families.items():
        members = [each for each in result.requirements if each.family == letters]
        if not members:
            continue
        held = sum(each.verdict == "passed" for each in members)
        yield f"{'ok    ' if held == len(members) else 'BROKEN'}  {letters}  {family:<18} {held} of {len(members)} hold"
        for each in members:
            if is_verbose and not each.is_broken:
                yield f"  {each.verdict:<8}{each.id}  {each.text}"
                yield f"          {each.evidence}"
    for each in result.broken:
        yield from _disappointment(each)
    if result.fault:
        yield f"error: {result.fault}"
    yield f"{result.verdict}: {result.summary}; {result.duration_s:.1f} s"


def _disappointment(broken: RequirementResult) -> Iterator[str]:
    yield f"{broken.verdict.upper()} {broken.id} ({broken.level}): {broken.text}"
    yield f"  observed {broken.observed}"
    if broken.expected:
        yield f"  expected {broken.expected}"
    yield f"  next: {broken.next_step}"
