"""
A proposal: a file of SQL that changes indexes or tables, and what is known of it.

The comment at its head says what it is about. A line `-- known answer: accept` (or `reject`) in it states what a trial
must not contradict; the shipped proposals in `benchmarks/trials` carry one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, cast

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

Answer: TypeAlias = Literal["accept", "reject", "inconclusive"]

_KNOWN = re.compile(r"^known answer: *(?P<answer>.*)$")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The change's SQL, under its file's name; `about` is its head's comment, in one line."""

    name: str
    text: str
    about: str = ""
    known_answer: Answer | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        The proposal in a file.

        Raises:
            UsageError: it cannot be read, holds no SQL, or states an answer that is none.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {path}", observed=str(error), expected="a file of SQL") from error
        about: list[str] = []
        known: str | None = None
        for line in text.splitlines():
            if not line.startswith("--"):
                break
            said = line.removeprefix("--").strip()
            if match := _KNOWN.match(said):
                known = match["answer"].strip()
            elif said:
                about.append(said)
        if known not in {None, "accept", "reject"}:
            raise UsageError(f"{path.name} states an unknown answer", observed=known, expected="accept or reject")
        if not any(line.strip() and not line.lstrip().startswith("--") for line in text.splitlines()):
            raise UsageError(f"{path.name} proposes nothing", expected="statements such as create index")
        return cls(name=path.stem, text=text, about=" ".join(about), known_answer=cast("Answer | None", known))
