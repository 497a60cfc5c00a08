"""`virtualq conform --self-test`: does the suite catch every wrong implementation, and no right one?"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.requirement import Registry
    from virtualq_core.conformance.selftest.specimen import Specimen
    from virtualq_core.conformance.selftest.verdict import ControlResult, MutantResult, SelfTestResult

_WIDTH = 80
_NAME_WIDTH = 44
_RULES_WIDTH = 14


@dataclass(frozen=True)
class Plan:
    """What is tried: `names` alone if there are any, else `sample` mutants drawn with `seed`, else everything."""

    names: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class Form:
    """How it is told: on the console, or as JSON or Markdown on stdout; `out` is a folder that gets both as files."""

    as_json: bool = False
    as_markdown: bool = False
    out: Path | None = None


def self_test(
    plan: Plan,
    form: Form,
    *,
    database_url: str | None = None,
    postgres_bin: Path | None = None,
    image: str | None = None,
) -> int:
    """Try the mutants and the controls on copies of a good database; the exit code."""
    from virtualq_core.conformance.requirement import load
    from virtualq_core.conformance.selftest.campaign import run_selftest
    from virtualq_core.conformance.selftest.page import as_markdown
    from virtualq_core.database.provider import provide

    registry = load()
    mutants, controls, control_only = _chosen(plan, registry)
    with (
        provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server,
        _progress(len(mutants) + len(controls)) as tell,
    ):
        result = run_selftest(
            server,
            mutants,
            controls,
            control_only=control_only,
            has_collateral=form.as_markdown or form.out is not None,
            postgres_bin=postgres_bin,
            tell=tell,
        )
    page = as_markdown(result, registry)
    if form.out is not None:
        form.out.mkdir(parents=True, exist_ok=True)
        (form.out / "selftest.json").write_text(f"{json.dumps(result.as_json(), indent=2)}\n", encoding="utf-8")
        (form.out / "kill-matrix.md").write_text(page, encoding="utf-8")
    if form.as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
    elif form.as_markdown:
        typer.echo(page, nl=False)
    else:
        for line in told(result):
            typer.echo(line)
    return result.exit_code


def _chosen(plan: Plan, registry: Registry) -> tuple[list[Specimen], list[Specimen], tuple[str, ...]]:
    """The mutants, the controls, and the requirements that these are held to (all, if there is none)."""
    from virtualq_core.conformance.selftest.campaign import choose, draw
    from virtualq_core.conformance.selftest.specimen import read_controls, read_mutants

    mutants, controls = read_mutants(registry), read_controls()
    if plan.names:
        named = choose([*mutants, *controls], plan.names)
        return [each for each in named if each.breaks], [each for each in named if not each.breaks], ()
    if plan.sample is not None:
        drawn = draw(mutants, plan.sample, plan.seed)
        return drawn, controls, tuple(dict.fromkeys(rule for mutant in drawn for rule in mutant.breaks))
    return mutants, controls, ()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[MutantResult | ControlResult], object]]:
    """Say on stderr how far it is, and at once what has gone wrong."""
    from rich.console import Console

    console = Console(stderr=True)
    done = 0
    with console.status(f"trying {total} implementations") as status:

        def tell(result: MutantResult | ControlResult) -> None:
            nonlocal done
            done += 1
            if result.verdict not in {"killed", "passed"}:
                console.print(f"{result.verdict}: {result.name}", highlight=False)
            status.update(f"tried {done} of {total} implementations")

        yield tell


def told(result: SelfTestResult) -> Iterator[str]:
    """The kill matrix in lines of 80 columns, then what went wrong."""
    group = None
    for mutant in result.mutants:
        if mutant.group != group:
            group = mutant.group
            members = [each for each in result.mutants if each.group == group]
            killed = sum(each.verdict == "killed" for each in members)
            yield f"{group}: {killed} of {len(members)} killed"
        yield _line(mutant, _rules(mutant))
    for control in result.controls:
        if control is result.controls[0]:
            yield "controls"
        yield _line(control, f"{control.requirements} rules")
    yield from _disappointments(result)
    yield f"{result.verdict}: {result.summary}; {result.duration_s:.1f} s"


def _line(result: MutantResult | ControlResult, rules: str) -> str:
    word = result.verdict if result.verdict in {"killed", "passed"} else result.verdict.upper()
    return f"  {word:<11} {result.name:<{_NAME_WIDTH}.{_NAME_WIDTH}} {rules:<{_RULES_WIDTH}} {result.duration_s:>5.1f}"


def _rules(mutant: MutantResult) -> str:
    own = [each for each in mutant.caught_by if each in mutant.breaks]
    others = len(mutant.caught_by) - len(own)
    first = own[0] if own else "-"
    more = len(own) - 1 + others if own else others
    return f"{first} +{more}" if more > 0 else first


def _disappointments(result: SelfTestResult) -> Iterator[str]:
    for mutant in result.mutants:
        if mutant.verdict != "killed":
            yield from _wrapped(f"{mutant.verdict.upper()} {mutant.group}/{mutant.name}: {mutant.sentence}")
            yield from _wrapped(f"  expected {' or '.join(mutant.breaks)} to catch it")
            if mutant.verdict == "survived":
                yield from _wrapped(f"  observed {', '.join(mutant.caught_by) or 'nothing'}")
            yield from _wrapped(f"  {mutant.detail}")
            yield f"  next: virtualq conform --self-test --mutant {mutant.name}"
    for control in result.controls:
        if control.verdict != "passed":
            yield from _wrapped(f"{control.verdict.upper()} control {control.name}: {control.sentence}")
            yield from _wrapped(f"  {control.detail}")
            yield f"  next: virtualq conform --self-test --mutant {control.name}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
