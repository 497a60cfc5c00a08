"""A trial for people: the verdict with its three figures first, then what was measured, within 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from virtualq_core.measure.twin.effect import percent_change
from virtualq_core.report.quantity import duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.measure.twin import ReadEffect, RelationSize, WriteEffect
    from virtualq_core.trial.result import TrialResult

WIDTH = 80
_INDENT = "  "


def account(result: TrialResult) -> str:
    """Everything that a reader needs to believe the verdict."""
    return "\n".join(_lines(result))


def _lines(result: TrialResult) -> Iterator[str]:
    proposal = result.proposal
    yield f"{proposal.name}: {result.verdict}"
    yield from _wrapped(result.reason)
    if result.contradicts:
        yield f"{_INDENT}contradicts the known answer: {proposal.known_answer}"
    yield ""
    for one in result.figures:
        yield from _wrapped(f"{one.of:<6} {one.finding}: {one.what} {one.ratio.text}; {one.limit}", under=9)
    yield ""
    changed = [effect for effect in result.reads if effect.is_changed]
    yield f"reads: {len(changed)} of {len(result.reads)} cases are planned otherwise or touch other blocks"
    if changed:
        yield from table([("", "blocks", "time"), *map(_read, changed)])
        yield from _ways(changed)
    yield ""
    yield "writes, for each ticket"
    yield from table([("", "log bytes", "change", "time"), *map(_write, result.writes)])
    shares = [_share(side.hot_share) for side in (result.before, result.after)]
    yield from _wrapped(
        f"heap-only updates {shares[0]} before, {shares[1]} after; "
        f"dead row versions {result.before.dead:,} before, {result.after.dead:,} after"
    )
    yield ""
    total = f"{size(result.before_bytes)} before, {size(result.after_bytes)} after"
    yield f"space: {total}, {percent_change(result.after_bytes / result.before_bytes)}"
    if result.space:
        yield from table([("", "before", "after"), *map(_relation, result.space)])
    yield ""
    yield from _change(result)
    yield f"{result.tickets:,} tickets, seed {result.seed}, {duration(result.duration_s)}"


def _change(result: TrialResult) -> Iterator[str]:
    applied = result.applied
    yield f"the change took {duration(applied.duration_s)}"
    for lock in applied.locks:
        yield from _wrapped(f"{lock.table}: {lock.mode}, holds up {lock.holds_up}")
    for index in applied.indexes:
        if index.concurrently is not None:
            took = "" if index.concurrent_s is None else f"  -- {duration(index.concurrent_s)} here"
            yield from _wrapped(f"without holding up writes: {index.concurrently};{took}")


def _read(effect: ReadEffect) -> tuple[str, ...]:
    return (
        effect.name,
        f"{effect.before.buffers:,} → {effect.after.buffers:,}",
        "" if effect.time is None else effect.time.text,
    )


def _ways(changed: Sequence[ReadEffect]) -> Iterator[str]:
    """Which index serves which query now, where it is another than before."""
    told: dict[str, None] = {}
    for effect in changed:
        before, after = (", ".join(plan.served_by) or "no index" for plan in (effect.before, effect.after))
        if before != after:
            told[f"{effect.query}: by {after}, before by {before}"] = None
    for line in told:
        yield from _wrapped(line)


def _write(effect: WriteEffect) -> tuple[str, ...]:
    before, after = effect.log_bytes
    return (
        effect.operation,
        f"{before:,.0f} → {after:,.0f}",
        effect.log.text,
        "" if effect.waited is None else effect.waited.ratio.text,
    )


def _relation(relation: RelationSize) -> tuple[str, ...]:
    before, after = (
        "none" if given is None else size(given) for given in (relation.before_bytes, relation.after_bytes)
    )
    return (f"{relation.kind} {relation.name}", before, after)


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share * 100:.0f} %"


def _wrapped(text: str, *, under: int = 4) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=_INDENT, subsequent_indent=" " * under, break_on_hyphens=False)


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns, indented; the last cell of one that is too wide goes under it."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        line = (_INDENT + _INDENT.join(cells)).rstrip()
        if len(line) <= WIDTH:
            lines.append(line)
        else:
            *first, last = cells
            lines += [(_INDENT + _INDENT.join(first)).rstrip(), (_INDENT * 3 + last).rstrip()]
    return lines
