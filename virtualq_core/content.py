"""
Where the content lies: `schema/`, `benchmarks/`, `conformance/` and `loadtests/`.

In a checkout they are top-level folders beside the package; in a wheel they lie inside it, under `_content`. This
module alone knows the difference.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKAGE = Path(__file__).resolve().parent
FOLDERS = ("schema", "benchmarks", "conformance", "loadtests")
_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$", re.MULTILINE)


@cache
def root() -> Path:
    """The folder that holds the content folders."""
    packaged = _PACKAGE / "_content"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def folder(name: str) -> Path:
    """One of `FOLDERS`, as an existing path."""
    if name not in FOLDERS:
        raise UsageError(f"no content folder '{name}'", expected=" or ".join(FOLDERS))
    return root() / name


@dataclass(frozen=True)
class Statement:
    """A named SQL statement: its text without the name line, and the comment that stands above it."""

    name: str
    sql: LiteralString
    comment: str
    file: Path


_stand_ins: dict[str, Statement] = {}


def statements(path: Path) -> dict[str, Statement]:
    """The named statements of one `.sql` file (`-- name: verb_noun`), in the order of the file."""
    text = path.read_text(encoding="utf-8")
    marks = list(_NAME.finditer(text))
    found: dict[str, Statement] = {}
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)].strip()
        lines = body.splitlines()
        comment = [line[2:].strip() for line in lines if line.startswith("--")]
        sql = "\n".join(line for line in lines if not line.startswith("--")).strip().rstrip(";")
        name = mark["name"]
        if name in found:
            raise UsageError(f"{path.name} names the statement '{name}' twice")
        found[name] = Statement(name, sql, " ".join(comment), path)
    return found


@cache
def statement_folder(relative: str) -> dict[str, Statement]:
    """Every named statement under a folder of the content, such as `schema/queries`, by name."""
    found: dict[str, Statement] = {}
    for path in sorted((root() / relative).rglob("*.sql")):
        for name, statement in statements(path).items():
            if name in found:
                raise UsageError(f"'{name}' is named in {found[name].file.name} and in {path.name}")
            found[name] = statement
    return found


def beside(module_file: str, name: str) -> dict[str, Statement]:
    """The named statements of a `.sql` file that lies beside the module which uses them (`beside(__file__, …)`)."""
    return statements(Path(module_file).with_name(name))


def query(name: str) -> Statement:
    """One operational query of `schema/queries`."""
    found = statement_folder("schema/queries")
    if name not in found:
        raise UsageError(f"no query named '{name}'", expected=", ".join(found))
    return _stand_ins.get(name, found[name])


@contextmanager
def stand_in(queries: Mapping[str, Statement]) -> Iterator[None]:
    """
    While the body runs, these statements stand in place of the queries of their names: how a wrong one is tried.

    Not for several threads at once.

    Raises:
        UsageError: there is no query of such a name.
    """
    named = {name: replace(query(name), sql=statement.sql) for name, statement in queries.items()}
    before = dict(_stand_ins)
    _stand_ins.update(named)
    try:
        yield
    finally:
        _stand_ins.clear()
        _stand_ins.update(before)
