"""Indexes as schema/indexes declares them, and how one that is there differs from what is declared under its name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core import content

if TYPE_CHECKING:
    from collections.abc import Iterator

Difference: TypeAlias = Literal["wrong-column-order", "wrong-sort-direction", "other-index"]

SLIPS: tuple[Difference, ...] = ("wrong-column-order", "wrong-sort-direction")
"""Differences that nobody makes on purpose under the same name."""
_CREATE = re.compile(r"create\s+(?:unique\s+)?index\s+(?P<name>\w+)\s+on\s[^;]+", re.IGNORECASE)
_TABLE = re.compile(r"^create\s+table\s+virtualq\.(?P<name>\w+)", re.IGNORECASE | re.MULTILINE)
_TARGET = re.compile(r"\son\s+(?:only\s+)?(?P<table>[\w.]+)\s*(?:using\s+(?P<method>\w+)\s*)?", re.IGNORECASE)
_DIRECTION = re.compile(r"\s+(?P<way>asc|desc)(?P<nulls>\s+nulls\s+(?:first|last))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Declared:
    """The first file of schema/indexes that creates an index of some name, its statement, and those of other files."""

    file: str
    statement: str
    others: tuple[str, ...] = ()

    def difference(self, present: str) -> Difference | None:
        """How an index that is there differs from the first statement; not at all where it is as any of them."""
        found = [differs(present, statement) for statement in (self.statement, *self.others)]
        return None if None in found else found[0]


@dataclass(frozen=True)
class Definition:
    """
    What a `create index` says: its method, its keys in order, of each whether it descends, and what follows them.

    All in lower case, blanks made one, so that equal definitions are equal.
    """

    method: str
    keys: tuple[str, ...]
    descends: tuple[bool, ...]
    rest: str

    @classmethod
    def parse(cls, statement: str) -> Definition:
        """
        The definition in a statement, be it written by hand or by `pg_get_indexdef()`.

        Raises:
            ValueError: it creates no index.
        """
        text = " ".join(statement.lower().rstrip("; \n").split())
        target = _TARGET.search(text)
        if target is None:
            raise ValueError(f"not the definition of an index: {statement}")
        listed, rest = _enclosed(text[target.end() :])
        ways = [_DIRECTION.search(key) for key in listed]
        return cls(
            target["method"] or "btree",
            tuple(_DIRECTION.sub("", key) for key in listed),
            tuple(way is not None and way["way"] == "desc" for way in ways),
            re.sub(r"\s*([(),])\s*", r"\1", rest),
        )


def differs(present: str, declared: str) -> Difference | None:
    """How an index differs from the one declared: in its columns' order, in their direction, otherwise, or not."""
    one, other = Definition.parse(present), Definition.parse(declared)
    if one == other:
        return None
    if (one.method, one.rest) == (other.method, other.rest) and len(one.keys) > 1:
        if one.keys == other.keys:
            return "wrong-sort-direction"
        if sorted(one.keys) == sorted(other.keys):
            return "wrong-column-order"
    return "wrong-sort-direction" if (one.keys, one.rest) == (other.keys, other.rest) else "other-index"


@cache
def declared_indexes() -> dict[str, Declared]:
    """Each index that a file of schema/indexes creates, the seed's own first."""
    found: dict[str, Declared] = {}
    folder = content.folder("schema") / "indexes"
    for path in sorted(folder.glob("*.sql"), key=lambda path: (path.stem != "seed", path.stem)):
        for match in _CREATE.finditer(path.read_text(encoding="utf-8")):
            statement = " ".join(match[0].split())
            first = found.setdefault(match["name"], Declared(path.name, statement))
            if statement != first.statement:
                found[match["name"]] = replace(first, others=(*first.others, statement))
    return found


@cache
def declared_tables() -> frozenset[str]:
    """The tables that a file of schema/ creates, however they are laid out, as the catalogue spells them."""
    files = content.folder("schema").rglob("*.sql")
    return frozenset(match["name"].lower() for path in files for match in _TABLE.finditer(path.read_text("utf-8")))


def _enclosed(text: str) -> tuple[list[str], str]:
    """What stands between the first parenthesis and its partner, apart at the commas, and what follows."""
    depth, start, parts = 0, 1, []
    for place, sign in _signs(text):
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        if (sign == "," and depth == 1) or depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
        if depth == 0:
            break
    return parts, text[start:].strip()


def _signs(text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in re.finditer(r"[(),]", text))
