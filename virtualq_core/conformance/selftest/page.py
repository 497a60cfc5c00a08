"""The kill matrix as a page: what is wrong with each mutant, the rule that it breaks, and what caught it."""

from __future__ import annotations

import textwrap
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.conformance.requirement import Registry
    from virtualq_core.conformance.selftest.verdict import ControlResult, MutantResult, SelfTestResult

_INTRODUCTION = """\
How sharp is the suite? Each mutant in `conformance/mutants/` is a good database with one thing wrong, or a small
subject that does one thing wrong, and names the rules that it breaks. `virtualq conform --self-test` tries them all: a
mutant is killed if one of its rules catches it. What else caught it is shown as well, as far as it was run: the
families of its rules, except for concurrency and durability. The controls in `conformance/controls/` are right, each in
its own way, and have to pass the whole suite.

`virtualq conform --self-test --markdown` prints this page; `virtualq conform --self-test --mutant NAME` repeats one."""

_HEAD = ("| mutant | what is wrong | breaks | caught by |", "| --- | --- | --- | --- |")


def as_markdown(result: SelfTestResult, registry: Registry) -> str:
    """The page, to be written to `docs/reference/kill-matrix.md`."""
    parts = ["# Kill matrix", _INTRODUCTION, _sentence(result.summary)]
    groups: dict[str, list[MutantResult]] = {}
    for mutant in result.mutants:
        groups.setdefault(mutant.group, []).append(mutant)
    for group, members in groups.items():
        parts += [f"## {group}", "\n".join([*_HEAD, *map(mutant_row, members)])]
    if result.controls:
        parts += ["## Controls", "\n".join(map(_control, result.controls))]
    parts += ["## Rules that have caught none", _idle(result.mutants, registry)]
    return "\n\n".join(parts) + "\n"


def mutant_row(mutant: MutantResult) -> str:
    """A mutant's line: its name, what is wrong, the rules that it breaks, and those that caught it, these first."""
    cells = (
        f"`{mutant.name}`",
        mutant.sentence.replace("|", "\\|"),
        ", ".join(mutant.breaks),
        ", ".join(_own_first(mutant)) if mutant.verdict == "killed" else f"**{mutant.verdict}**",
    )
    return f"| {' | '.join(cells)} |"


def _own_first(mutant: MutantResult) -> list[str]:
    own = [each for each in mutant.caught_by if each in mutant.breaks]
    return own + [each for each in mutant.caught_by if each not in own]


def _control(control: ControlResult) -> str:
    subjects = " and ".join(PurePath(subject).name for subject in control.subjects)
    held = f"{control.requirements - len(control.skipped)} requirements, on {subjects}"
    asks = f"; {', '.join(control.skipped)} asks for what it does not have" if control.skipped else ""
    lacks = f"; {', '.join(control.broken)} does not hold, and is no must" if control.broken else ""
    told = f"- `{control.name}`: {control.sentence} {_sentence(control.verdict)} ({held}{asks}{lacks})"
    return textwrap.fill(told, 120, subsequent_indent="  ", break_on_hyphens=False)


def _idle(mutants: Sequence[MutantResult], registry: Registry) -> str:
    """The rules of which no mutant shows that they catch anything."""
    busy = {identifier for mutant in mutants for identifier in mutant.caught_by}
    idle = [identifier for identifier in registry.requirements if identifier not in busy]
    return textwrap.fill(f"{', '.join(idle)}." if idle else "There are none.", 120, break_on_hyphens=False)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
