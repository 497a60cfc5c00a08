"""
The implementations that the suite is tried on, as files that say what they are.

A *mutant* (`conformance/mutants/<group>/<name>`) is a wrong one and names the rules that it breaks; a *control*
(`conformance/controls/<name>`) is a right one of another design. In SQL, a file is run by the owner in a good database,
and its first comment is the sentence with the headers; in Python, it holds a `subject`, and the docstring has them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.subjects import ProceduralSubject, find_subject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from virtualq_core.conformance.requirement import Registry

_HEADER = re.compile(r"(?P<key>breaks|subject): *(?P<value>.*)")
_SEPARATOR = re.compile(r"[\s,]+")
_KINDS = {".sql", ".py"}


@dataclass(frozen=True)
class Specimen:
    """
    One implementation: a file, what is special about it in a sentence, and the subjects that it is tried with.

    `breaks` are the requirements that it breaks, any of which has to catch it; a control has none.
    """

    path: Path
    sentence: str
    subjects: tuple[str, ...]
    breaks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.stem

    @property
    def group(self) -> str:
        """The folder's name."""
        return self.path.parent.name

    @property
    def sql(self) -> str | None:
        """What makes a good database into this one; none for a subject in Python."""
        return self.path.read_text(encoding="utf-8") if self.path.suffix == ".sql" else None


def read_mutants(registry: Registry, folder: Path | None = None) -> list[Specimen]:
    """
    The mutants of a folder, the shipped one by default, by group and name.

    Raises:
        UsageError: a file has no sentence or names no rule, one names a rule or a subject that does not exist, or two
            have one name.
    """
    folder = folder or content.folder("conformance") / "mutants"
    mutants = [_read(path) for path in _files(folder, "*/*")]
    named: dict[str, Specimen] = {}
    for mutant in mutants:
        if not mutant.breaks:
            raise UsageError(f"the mutant {mutant.path.name} breaks nothing", expected="a line 'breaks: TRN-001'")
        unknown = [each for each in mutant.breaks if each not in registry.requirements]
        if unknown:
            raise UsageError(f"the mutant {mutant.path.name} breaks {unknown[0]}, which is no requirement")
        if mutant.name in named:
            groups = f"{named[mutant.name].group} and {mutant.group}"
            raise UsageError(f"two mutants are called '{mutant.name}'", observed=groups)
        named[mutant.name] = mutant
    return mutants


def read_controls(folder: Path | None = None) -> list[Specimen]:
    """
    The controls of a folder, the shipped one by default, by name.

    Raises:
        UsageError: a file has no sentence, or names a rule or a subject that does not exist.
    """
    controls = [_read(path) for path in _files(folder or content.folder("conformance") / "controls", "*")]
    wrong = [control for control in controls if control.breaks]
    if wrong:
        raise UsageError(f"the control {wrong[0].path.name} breaks {wrong[0].breaks[0]}", expected="a right design")
    return controls


def _files(folder: Path, pattern: str) -> Iterable[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix in _KINDS)


def _read(path: Path) -> Specimen:
    text = path.read_text(encoding="utf-8")
    lines = _comment(text) if path.suffix == ".sql" else _docstring(path, text)
    sentence = []
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is not None:
            headers[header["key"]] = tuple(filter(None, _SEPARATOR.split(header["value"])))
        elif not headers:
            sentence.append(line)
    told = " ".join(filter(None, sentence))
    if not told:
        raise UsageError(f"{path.name} does not say what it is", expected="a sentence in its first comment")
    subjects = headers.get("subject", (ProceduralSubject.name,)) if path.suffix == ".sql" else (str(path),)
    for name in subjects:
        if not name.endswith(".py"):
            find_subject(name)
    return Specimen(path, told, subjects, headers.get("breaks", ()))


def _comment(text: str) -> list[str]:
    """The lines of the comment that a file begins with."""
    found = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        found.append(line.removeprefix("--").strip())
    return found


def _docstring(path: Path, text: str) -> list[str]:
    try:
        docstring = ast.get_docstring(ast.parse(text))
    except SyntaxError as error:
        raise UsageError(f"{path.name} is no Python file", observed=error) from error
    return [line.strip() for line in (docstring or "").splitlines()]
