"""`virtualq conform`: is this database, with this implementation on it, what the requirements say?"""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.cli.option import AsJson, DatabaseUrl, Image, Partition, PostgresBin, chosen_layout, told_command
from virtualq_core.cli.selftest import Form, Plan, self_test
from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.conformance.requirement import Registry
    from virtualq_core.conformance.result import ConformanceResult, RequirementResult
    from virtualq_core.database.layout import Layout
    from virtualq_core.database.server import Database, Server

_NOT_REPEATED = {"--only": 1, "--subject": 1, "--adapter": 1, "--out": 1, "--json": 0, "--verbose": 0, "-v": 0}

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def conform(
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="NAME", help="Implementation under test, or its .py file; repeatable."),
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option("--adapter", metavar="CMD", help="Command of one that speaks lines of JSON; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this requirement (TRN-001) or family (TRN, transition)."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every requirement with its evidence, not the broken ones alone.")
    ] = False,
    certify: Annotated[
        bool, typer.Option("--certify", help="Allow no skip: a test that was skipped decides nothing.")
    ] = False,
    cycles: Annotated[
        int | None,
        typer.Option(
            "--cycles", metavar="N", min=1, help="Crashes that each subject has to survive; default: each fault once."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where results.json, junit.xml, report.html and badge.svg go."),
    ] = None,
    is_self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Try the suite itself: it must kill every mutant and pass every control."),
    ] = False,
    mutant: Annotated[
        list[str] | None,
        typer.Option("--mutant", metavar="NAME", help="With --self-test: only this mutant or control; repeatable."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="With --self-test: so many mutants, drawn.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="With --sample: the same seed draws the same mutants.")
    ] = 1,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --self-test: print the kill matrix as a page.")
    ] = False,
    is_list: Annotated[bool, typer.Option("--list", help="Print the requirements, and run nothing.")] = False,
    partition: Partition = None,
    database_url: DatabaseUrl = None,
    postgres_bin: PostgresBin = None,
    image: Image = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="NAME", help="The database on that server.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """
    Hold a database and the implementations on it to the requirements.

    Exit codes: 0 passed, 1 a `must` is broken, 2 usage, 3 one could not be decided, 4 environment.

    The suite works in the database that you name, in tenants of its own that are gone at its end. Without a database it
    makes a fresh one.

    Example: virtualq conform --only TRN --database-url postgresql://me@db.example/virtualq_check
    """
    from rich.console import Console

    from virtualq_core.check.suite import suite_results
    from virtualq_core.conformance.requirement import as_markdown, load
    from virtualq_core.conformance.run import run_conformance
    from virtualq_core.database.provider import provide
    from virtualq_core.report import write_reports

    if is_self_test:
        return self_test(
            Plan(tuple(mutant or ()), sample, seed),
            Form(as_json=as_json, as_markdown=markdown, out=out),
            database_url=database_url,
            postgres_bin=postgres_bin,
            image=image,
        )
    registry = load()
    if is_list:
        typer.echo(as_markdown(registry), nl=False)
        return ExitCode.PASSED
    registry.select(only or ())
    layout = None if partition is None else chosen_layout(partition)
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        _under_test(server, database, layout) as target,
        Console(stderr=True).status(f"holding '{target.name}' to the requirements"),
    ):
        result = run_conformance(
            target,
            subjects=subject,
            adapters=adapter or (),
            only=only,
            certify=certify,
            cycles=cycles,
            command=_command(sys.argv[1:]),
        )
        if out is not None:
            results = suite_results(result, server, target, command=told_command(sys.argv[1:]))
            write_reports(results, out)
    if as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
        return result.exit_code
    for line in _told(result, registry, is_verbose=verbose):
        typer.echo(line)
    return result.exit_code


def _command(arguments: Sequence[str]) -> str:
    """What a reader types to run the suite anew."""
    words = []
    rest = iter(told_command(arguments))
    for argument in rest:
        option, has_value, _ = argument.partition("=")
        if option in _NOT_REPEATED:
            for _ in range(0 if has_value else _NOT_REPEATED[option]):
                next(rest, None)
        else:
            words.append(argument)
    return shlex.join(words)


@contextmanager
def _under_test(server: Server, name: str | None, layout: Layout | None) -> Iterator[Database]:
    from virtualq_core.conformance.world import under_test
    from virtualq_core.database.clone import working_database
    from virtualq_core.database.install import require_layout

    if name is not None:
        named = working_database(server, name, make=False)
        if layout is not None:
            require_layout(named, layout)
        yield named
        return
    with under_test(server, layout) as database:
        yield database


def _told(result: ConformanceResult, registry: Registry, *, is_verbose: bool) -> Iterator[str]:
    for letters, family in registry.families.items():
        members = [each for each in result.requirements if each.family == letters]
        if not members:
            continue
        held = sum(each.verdict == "passed" for each in members)
        word = "BROKEN" if any(each.is_broken for each in members) else "ok" if held == len(members) else "open"
        yield f"{word:<6}  {letters}  {family:<18} {held} of {len(members)} hold"
        for each in members:
            if is_verbose and not each.is_broken:
                yield f"  {each.verdict:<8}{each.id}  {each.text}"
                yield f"          {each.evidence}"
    for each in (*result.broken, *result.undecided):
        yield from _disappointment(each)
    for reason, skipped in _skips(result).items():
        yield f"skipped {', '.join(skipped)}: {reason}"
    if result.fault:
        yield f"error: {result.fault}"
    yield f"{result.verdict}: {result.summary}; {result.duration_s:.1f} s"


def _skips(result: ConformanceResult) -> dict[str, list[str]]:
    """Why tests were skipped, and the requirements that they prove."""
    found: dict[str, list[str]] = {}
    for each in result.requirements:
        for reason in each.skips:
            found.setdefault(reason, []).append(each.id)
    return found


def _disappointment(result: RequirementResult) -> Iterator[str]:
    yield f"{result.verdict.upper()} {result.id} ({result.level}): {result.text}"
    yield f"  observed {result.observed}"
    if result.expected:
        yield f"  expected {result.expected}"
    yield f"  next: {result.next_step}"
