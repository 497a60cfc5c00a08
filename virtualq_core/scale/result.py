"""The result of a sweep: what was read at each size, the laws through it, and what they say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from virtualq_core.errors import UsageError
from virtualq_core.scale.power import LEAST_SIZES, PowerLaw, fit
from virtualq_core.scale.reading import Reading, Relation, Size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
FLAT = 0.05
"""The greatest exponent of blocks that is flat, its interval included: for a thousand times the tickets 1.4 times."""
LEVELS = 4
"""So many blocks more at any size than at the smallest are flat as well: a tree's levels, and nothing else."""
MUST_STAY_FLAT = ("list_queue", "list_employee_tickets", "claim_next_ticket", "transition")
"""What is asked at every moment of the day: a database in which one of these grows will not do."""

Course: TypeAlias = Literal["flat", "with its answer", "grows", "unsure"]


@dataclass(frozen=True)
class Question:
    """
    A query or operation over all sizes.

    `rows` is the law of the rows that it answers with, `per_row` that of the blocks for each of them, and `remedied`
    that of its blocks with the index that would help.
    """

    name: str
    kind: str
    readings: tuple[tuple[int, Reading], ...]
    blocks: PowerLaw
    rows: PowerLaw
    per_row: PowerLaw
    latency: PowerLaw | None
    remedied: PowerLaw | None

    @property
    def growth(self) -> PowerLaw:
        """What it is judged by: the blocks, or those for each row where the answer shrinks as the database grows."""
        return self.per_row if round(self.rows.exponent, 3) < 0 else self.blocks

    @property
    def course(self) -> Course:
        """
        Flat, growing as the answer does, or growing: each only where the whole interval says so, and else unsure.

        The few blocks of a tree's levels are flat whatever the interval: blocks repeat exactly.
        """
        blocks = [reading.blocks for _, reading in self.readings]
        low, high = self.growth.interval
        if high <= FLAT or (max(blocks) - blocks[0] <= LEVELS and self.rows.exponent >= 0):
            return "flat"
        if low <= FLAT:
            return "unsure"
        if self.per_row.interval[1] <= FLAT:
            return "with its answer"
        return "grows" if self.per_row.interval[0] > FLAT else "unsure"

    @property
    def must_stay_flat(self) -> bool:
        """Whether it is asked at every moment of the day."""
        return self.name in MUST_STAY_FLAT

    @property
    def fails(self) -> bool:
        """Whether it grows and must not."""
        return self.must_stay_flat and self.course in {"grows", "with its answer"}

    @property
    def is_in_doubt(self) -> bool:
        """Whether it must not grow, and the sizes do not tell."""
        return self.must_stay_flat and self.course == "unsure"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Everything that was read, on what machine, of which data."""

    environment: Mapping[str, Any]
    indexes: str
    tenants: int
    seed: int
    sizes: tuple[Size, ...]

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions asked at three sizes at least: those that must stay flat, the flat, the others."""
        found: dict[str, list[tuple[int, Reading]]] = {}
        for size in self.sizes:
            for reading in size.readings:
                found.setdefault(reading.name, []).append((size.tickets, reading))
        questions = [_question(name, asked) for name, asked in found.items() if len(asked) >= LEAST_SIZES]
        return tuple(sorted(questions, key=lambda one: (not one.must_stay_flat, one.course != "flat")))

    @property
    def failed(self) -> tuple[Question, ...]:
        """The questions that grow and must not."""
        return tuple(one for one in self.questions if one.fails)

    @property
    def doubtful(self) -> tuple[Question, ...]:
        """The questions that must not grow and of which the sizes do not tell."""
        return tuple(one for one in self.questions if one.is_in_doubt)

    def law_of(self, relation: str) -> PowerLaw:
        """How a table or an index grows, in bytes."""
        found = {
            size.tickets: float(one.size_bytes) for size in self.sizes for one in size.relations if one.name == relation
        }
        return fit([*found], [*found.values()])

    def whole(self) -> PowerLaw:
        """How the whole database grows, in bytes."""
        return fit([size.tickets for size in self.sizes], [float(size.size_bytes) for size in self.sizes])

    def to_json(self) -> dict[str, Any]:
        """As saved in `growth.json`: what was read; the laws follow from it."""
        return {"format": FORMAT, **{part.name: _plain(getattr(self, part.name)) for part in fields(self)}}

    @classmethod
    def load(cls, path: Path) -> Self:
        """
        The sweep that was saved in a file.

        Raises:
            UsageError: the file cannot be read, or is something else.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            sizes = {FORMAT: document.pop("sizes")}[document.pop("format")]
            return cls(sizes=tuple(map(_size, sizes)), **document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{path} is no saved sweep",
                observed=f"{type(error).__name__}: {error}",
                expected="what `virtualq growth --json` wrote",
            ) from error


def _question(name: str, asked: list[tuple[int, Reading]]) -> Question:
    sizes = [tickets for tickets, _ in asked]
    latencies = [reading.p50_ms for _, reading in asked]
    remedied = [reading.remedied for _, reading in asked]
    return Question(
        name=name,
        kind=asked[0][1].kind,
        readings=tuple(asked),
        blocks=fit(sizes, [reading.blocks for _, reading in asked]),
        rows=fit(sizes, [float(reading.rows) for _, reading in asked]),
        per_row=fit(sizes, [reading.blocks / max(reading.rows, 1) for _, reading in asked]),
        # In microseconds, since what is below 1 counts as 1.
        latency=None if None in latencies else fit(sizes, [(one or 0.0) * 1000 for one in latencies]),
        remedied=None if None in remedied else fit(sizes, [one or 0.0 for one in remedied]),
    )


def _plain(value: object) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(value, tuple):
        return [asdict(one) for one in value]
    return value


def _size(document: dict[str, Any]) -> Size:
    readings = tuple(
        Reading(**{**one, "p50_interval": None if one["p50_interval"] is None else tuple(one["p50_interval"])})
        for one in document.pop("readings")
    )
    relations = tuple(Relation(**one) for one in document.pop("relations"))
    return Size(readings=readings, relations=relations, **document)
