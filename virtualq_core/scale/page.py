"""A sweep for people: a table for the terminal, a page with drawings for the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core.json_text import write as as_json
from virtualq_core.report.markdown import render
from virtualq_core.report.quantity import MINUS, count, duration, milliseconds, number, size
from virtualq_core.scale.plot import FAR, blocks_plot, latency_plot, size_plot
from virtualq_core.scale.reading import QUEUE_DEPTH, SAMPLES, remedies
from virtualq_core.scale.result import FLAT, LEVELS
from virtualq_core.scale.sweep import TENANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from virtualq_core.scale.power import Predicted
    from virtualq_core.scale.reading import Relation
    from virtualq_core.scale.result import Question, Sweep

_PAGE = "growth.md.j2"
_LARGEST = 12
_HEAD = ("", "blocks", "b (95 %)", f"at {FAR[-1] / 1e9:g}G", "")
_MILLION = 1_000_000


def summary(sweep: Sweep) -> str:
    """The questions with their growth in a table of 80 columns, and what fails."""
    first, last = sweep.sizes[0].tickets, sweep.sizes[-1].tickets
    rows = [_HEAD, *map(_row, sweep.questions)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in {0, len(_HEAD) - 1} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"from {count(first)} to {count(last)} tickets", *lines, verdict(sweep)])


def verdict(sweep: Sweep) -> str:
    """Whether what must stay flat does, in a sentence or two."""
    failed, doubtful = sweep.failed, sweep.doubtful
    told = []
    if failed:
        named = ", ".join(f"{one.name} (b = {exponent(one.growth.exponent)})" for one in failed)
        told.append(f"What must stay flat (b at most {FLAT}) grows: {named}.")
    if doubtful:
        named = ", ".join(f"{one.name} (b = {_exponents(one.growth.interval)})" for one in doubtful)
        told.append(f"Whether it stays flat (b at most {FLAT}) the sizes do not tell: {named}.")
    flat = [one.name for one in sweep.questions if one.must_stay_flat and one.course == "flat"]
    if not failed and flat:
        told.insert(0, f"What is asked at every moment stays flat (b at most {FLAT}): {', '.join(flat)}.")
    return " ".join(told)


def write_pages(sweep: Sweep, folder: Path) -> Path:
    """Write `growth.md` with its drawings, and `growth.json`, into the folder; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "growth.json").write_text(as_json(sweep.to_json()) + "\n", encoding="utf-8")
    pages = {
        "growth-blocks.svg": blocks_plot(sweep),
        "growth-latency.svg": latency_plot(sweep),
        "growth-size.svg": size_plot(sweep, [one.name for one in _largest(sweep)]),
        "growth.md": markdown(sweep),
    }
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "growth.md"


def markdown(sweep: Sweep) -> str:
    """The page `docs/reference/growth.md`."""
    return render(
        Path(__file__).with_name(_PAGE),
        _FILTERS,
        sweep=sweep,
        first=sweep.sizes[0],
        last=sweep.sizes[-1],
        tenants=TENANTS,
        depth=QUEUE_DEPTH,
        samples=SAMPLES,
        far=FAR,
        flat=FLAT,
        levels=LEVELS,
        verdict=verdict(sweep),
        growing=[one for one in sweep.questions if one.course != "flat"],
        shrinking=[one.name for one in sweep.questions if one.growth is one.per_row],
        prices={one.name: remedy.comment for one in sweep.questions if (remedy := remedies().get(one.name))},
        relations=_largest(sweep),
        facts=[*_facts(sweep)],
    )


def exponent(value: float) -> str:
    """An exponent to three decimals, which is what whole blocks can show over three decades."""
    return f"{value:.3f}".replace("-", MINUS).replace(f"{MINUS}0.000", "0.000")


def predicted(one: Predicted) -> str:
    """A prediction with its interval."""
    return f"{number(one.value)} ({number(one.interval[0])} to {number(one.interval[1])})"


def _exponents(ends: tuple[float, float]) -> str:
    return f"{exponent(ends[0])} to {exponent(ends[1])}"


def _remedy(question: Question) -> str:
    known = remedies().get(question.name)
    if known is not None:
        statement = next(line for line in known.sql.splitlines() if line and not line.startswith("--"))
        return f"`{statement.rstrip(';')}`"
    return "its answer grows" if question.course == "with its answer" else "none is known"


def _row(question: Question) -> tuple[str, ...]:
    law = question.growth
    blocks = [_short(reading.blocks) for _, reading in (question.readings[0], question.readings[-1])]
    return (
        question.name,
        " to ".join(blocks),
        f"{law.exponent:.3f} ± {(law.interval[1] - law.interval[0]) / 2:.3f}",
        _short(question.blocks.at(FAR[-1]).value),
        f"{question.course}{', and must not' if question.fails else ''}",
    )


def _short(value: float) -> str:
    return number(value) if value < _MILLION else f"{number(value / _MILLION)}M"


def _largest(sweep: Sweep) -> list[Relation]:
    return sorted(sweep.sizes[-1].relations, key=lambda one: -one.size_bytes)[:_LARGEST]


def _facts(sweep: Sweep) -> Iterator[tuple[str, str]]:
    environment = sweep.environment
    yield "machine", f"{environment['cpu']}, {environment['cores']} cores, {size(environment['memory_bytes'])}"
    yield "system", f"{environment['os']}, Python {environment['python']}"
    yield "server", f"PostgreSQL {environment['postgres_version']}, {environment['provider']}"
    last = sweep.sizes[-1]
    yield (
        "largest database",
        f"{count(last.tickets)} tickets, {count(last.history)} steps of history, {size(last.size_bytes)}",
    )
    if last.seed_s is not None:
        yield "seeding it took", duration(last.seed_s)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "count": count,
    "exponent": exponent,
    "exponents": _exponents,
    "milliseconds": milliseconds,
    "number": number,
    "predicted": predicted,
    "remedy": _remedy,
    "size": size,
}
