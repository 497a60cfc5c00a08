"""
The faults of `benchmarks/faults/`, as files that say what they are.

A file begins with a sentence, and two headers: `caught by` is the budget and the metric that must fail, `named as` the
code of the cause. In SQL the statement `plant` is run by the owner, and any other stands in place of the query of its
name. In Python the file holds a `subject`, whose operation is measured.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.measure.budget import METRICS, load_budgets, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from virtualq_core.content import Statement

_HEADER = re.compile(r"(?P<key>caught by|named as|needs): *(?P<value>.*)")
_PLANT = "plant"


@dataclass(frozen=True)
class Fault:
    """
    One regression: what it is in a sentence, the budget and the metric that must catch it, and the cause's code.

    `needs` is a capability of the server without which it cannot be planted.
    """

    path: Path
    sentence: str
    budget: str
    metric: str
    code: str
    needs: str | None = None

    @property
    def name(self) -> str:
        """The file's name, in words."""
        return self.path.stem.replace("_", " ")

    @property
    def sql(self) -> str | None:
        """What the owner runs to plant it; none where it is in a query or in an implementation."""
        found = self._statements.get(_PLANT)
        return None if found is None else found.sql

    @property
    def queries(self) -> Mapping[str, Statement]:
        """The queries that stand in place of those of their names."""
        return {name: statement for name, statement in self._statements.items() if name != _PLANT}

    @property
    def subject(self) -> str | None:
        """The implementation that is measured, as `find_subject` takes it; none where it is the procedural one."""
        return str(self.path) if self.path.suffix == ".py" else None

    @property
    def _statements(self) -> Mapping[str, Statement]:
        return {} if self.path.suffix == ".py" else content.statements(self.path)


def read_faults(folder: Path | None = None) -> list[Fault]:
    """
    The faults of a folder, the shipped one by default, by name.

    Raises:
        UsageError: a file has no sentence, or does not say which budget catches it and what names it.
    """
    folder = folder or content.folder("benchmarks") / "faults"
    return [_read(path) for path in sorted(folder.iterdir()) if path.suffix in {".sql", ".py"}]


def _read(path: Path) -> Fault:
    text = path.read_text(encoding="utf-8")
    lines = _comment(text) if path.suffix == ".sql" else (ast.get_docstring(ast.parse(text)) or "").splitlines()
    headers = {match["key"]: match["value"].strip() for line in lines if (match := _HEADER.fullmatch(line.strip()))}
    sentence = []
    for line in lines:
        if _HEADER.fullmatch(line.strip()):
            break
        sentence.append(line.strip())
    told = " ".join(filter(None, sentence))
    if not told:
        raise UsageError(f"{path.name} does not say what it is", expected="a sentence in its first comment")
    budget, _, metric = headers.get("caught by", "").partition(" ")
    limits = load_budgets()[budget].limits if budget in (known := load_budgets()) else None
    if limits is None:
        raise UsageError(
            f"{path.name} is caught by '{budget}', which is no budget", expected=f"'{nearest(budget, known)}'"
        )
    if metric not in limits:
        expected = ", ".join(limits) if metric in METRICS else f"'{nearest(metric, METRICS)}'"
        raise UsageError(f"{path.name} is caught by {metric or 'no metric'} of {budget}", expected=expected)
    if not headers.get("named as"):
        raise UsageError(f"{path.name} does not say what its cause is named", expected="a line 'named as: CODE'")
    return Fault(path, told, budget, metric, headers["named as"], headers.get("needs"))


def _comment(text: str) -> list[str]:
    """The lines of the comment that a file begins with."""
    found = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        found.append(line.removeprefix("--").strip())
    return found
