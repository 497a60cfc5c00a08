"""
What must hold, as data: `conformance/requirements.toml`.

A requirement without a test is a promise that nobody keeps, and a test without a requirement one that nobody made:
`unmatched` finds both.
"""

from __future__ import annotations

import difflib
import re
import textwrap
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

LEVELS = ("must", "should", "may")
FILE_NAME = "requirements.toml"
_INTRODUCTION = """\
# Requirements

What `virtualq conform` holds a database and the implementations on it to; `virtualq conform --list` prints this page.
Each requirement has a level (only a broken `must` fails a run), the version that first made it, and its source: a
section of the design document, or VirtualQ where the document leaves the question open.

The tests are in `conformance/`, one module a family, and name the requirements that they prove. A requirement without a
test fails the suite, as does a test without a requirement."""
_KEYS = ("level", "text", "source", "since")
_ID = re.compile(r"(?P<family>[A-Z]{3})-[0-9]{3}")
_COMPUTED = re.compile(r"\brequirement\(\s*[^\s\"']")
_VERSION = re.compile(r"[0-9]+\.[0-9]+")


@dataclass(frozen=True)
class Requirement:
    """
    One promise in one sentence.

    `level` is one of `LEVELS`, `source` the section of the design document that it comes from (or "VirtualQ"), `since`
    the version that first made it.
    """

    id: str
    level: str
    text: str
    source: str
    since: str

    @property
    def family(self) -> str:
        """The three letters in front."""
        return family_of(self.id)


@dataclass(frozen=True)
class Registry:
    """All requirements by id, and the families' names by their letters, both in the order of the file."""

    families: Mapping[str, str]
    requirements: Mapping[str, Requirement]

    def select(self, patterns: Collection[str]) -> dict[str, Requirement]:
        """
        The requirements whose id, family's letters or family's name are among `patterns`; all of them if it is empty.

        Raises:
            UsageError: a pattern matches nothing.
        """
        known = {*self.families, *self.families.values(), *self.requirements}
        for pattern in patterns:
            if pattern not in known:
                raise UsageError(f"no requirement or family '{pattern}'", expected=_nearest(pattern, sorted(known)))
        return {
            each.id: each
            for each in self.requirements.values()
            if not patterns or not {each.id, each.family, self.families[each.family]}.isdisjoint(patterns)
        }


def family_of(identifier: str) -> str:
    """The family's letters in a requirement's id."""
    return identifier.partition("-")[0]


def load(path: Path | None = None) -> Registry:
    """
    Read and validate the requirements; the shipped ones by default.

    Raises:
        UsageError: the file breaks its form; the error names the place.
    """
    path = path or content.folder("conformance") / FILE_NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML", observed=error) from error
    families = document.pop("families", {})
    for letters, name in families.items():
        if not re.fullmatch(r"[A-Z]{3}", letters) or not isinstance(name, str):
            raise UsageError(f"{path.name}: families.{letters}", expected='three capitals, such as FSM = "machine"')
    found = [_read(path.name, identifier, entry, families) for identifier, entry in document.items()]
    idle = [letters for letters in families if not any(each.family == letters for each in found)]
    if idle:
        raise UsageError(f"{path.name}: families.{idle[0]} has no requirement")
    return Registry(families, {each.id: each for each in found})


def as_markdown(registry: Registry) -> str:
    """The requirements by family, to be read."""
    parts = [_INTRODUCTION]
    for letters, name in registry.families.items():
        parts.append(f"## {letters}: {name}")
        for each in registry.requirements.values():
            if each.family == letters:
                told = f"- **{each.id}** ({each.level}, since {each.since}) {each.text} *{each.source}*"
                parts.append(textwrap.fill(told, 120, subsequent_indent="  ", break_on_hyphens=False))
    text = "\n\n".join(parts)
    return text.replace("\n\n- ", "\n- ") + "\n"


def proving_modules(folder: Path, selected: Collection[str]) -> list[Path]:
    """The modules of a suite that may hold a test of one of these: they name it, or compute what they name."""
    found = []
    for path in sorted(folder.glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        named = {match[0] for match in _ID.finditer(text)}
        if _COMPUTED.search(text) or not named.isdisjoint(selected):
            found.append(path)
    return found


def unmatched(registry: Registry, named_by: Mapping[str, Iterable[str]], *, is_whole: bool) -> list[str]:
    """
    What does not fit between the requirements and the tests; empty if all does.

    `named_by` has, by test, the ids that it names. A requirement without a test counts only if `is_whole`, that is if
    `named_by` has every test there is.
    """
    faults = []
    proved: set[str] = set()
    for test, identifiers in named_by.items():
        named = set(identifiers)
        proved |= named
        if not named:
            faults.append(f"{test} names no requirement")
        faults += [
            f"{test} names {unknown}, which {FILE_NAME} does not have"
            for unknown in sorted(named - registry.requirements.keys())
        ]
    if is_whole:
        faults += [f"no test proves {each}" for each in registry.requirements if each not in proved]
    return faults


def _read(file_name: str, identifier: str, entry: Any, families: Mapping[str, str]) -> Requirement:  # noqa: ANN401
    place = f"{file_name}: {identifier}"
    matched = _ID.fullmatch(identifier)
    if matched is None or matched["family"] not in families:
        known = ", ".join(families)
        raise UsageError(f"{place} is not an id", expected=f"a family and three digits; the families are {known}")
    if not isinstance(entry, dict):
        raise UsageError(f"{place} is not a table")
    for key in entry:
        if key not in _KEYS:
            raise UsageError(f"{place} has an unknown key '{key}'", expected=_nearest(key, _KEYS))
    for key in _KEYS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise UsageError(f"{place} has no {key}", expected=f"a text for each of {', '.join(_KEYS)}")
    if entry["level"] not in LEVELS:
        raise UsageError(f"{place} has no such level", observed=entry["level"], expected=" or ".join(LEVELS))
    if not entry["text"].endswith("."):
        raise UsageError(f"{place}: the text is a sentence", observed=entry["text"], expected="a full stop at its end")
    if not _VERSION.fullmatch(entry["since"]):
        raise UsageError(f"{place}: since is a version", observed=entry["since"], expected="such as 0.1")
    return Requirement(identifier, entry["level"], entry["text"], entry["source"], entry["since"])


def _nearest(word: str, known: Iterable[str]) -> str:
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(choices[:12])
