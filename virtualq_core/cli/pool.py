"""What `virtualq load --pools` measures and prints."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from virtualq_core.errors import ExitCode
from virtualq_core.load.saturation import CLIENTS, TURN_S, compare_pools
from virtualq_core.load.way import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.load import LoadResult, Scenario
    from virtualq_core.load.saturation import PoolComparison, PoolKind, PoolPoint

_HEAD = ("pool", "size", "ops/s", "95 %", "p50 ms", "p99 ms", "wait")
_KNEE = "*"
_NOTES = (
    "* the knee: the smallest size whose rate is within 5 % of the best size's.",
    "wait: p99 ms for a connection of the pool; to connect, with pgbouncer-session.",
)


def run_pools(
    database: Database,
    scenario: Scenario,
    *,
    subject: str,
    clients: int | None,
    duration_s: float | None,
    seed: int,
    as_json: bool,
) -> int:
    """Compare, print, and return the exit code: 1 where a pool leaks, or the history is not true."""
    found = compare_pools(
        database,
        scenario,
        subject=subject,
        clients=clients or CLIENTS,
        turn_s=duration_s or TURN_S,
        seed=seed,
        tell=_tell,
    )
    if as_json:
        typer.echo(json.dumps({"verdict": found.verdict, "pools": asdict(found)}, indent=2))
    else:
        typer.echo("\n".join(table(found)))
    return ExitCode.PASSED if found.verdict == "passed" else ExitCode.FAILED


def table(found: PoolComparison) -> Iterator[str]:
    """The comparison in lines of at most 80 columns, but for the reasons."""
    yield f"{found.verdict}: {found.clients} clients, scenario {found.scenario}, subject {found.subject};"
    yield f"{found.blocks} turns of {found.turn_s:g} s for each line"
    for problem in found.problems:
        yield f"{problem.code}: {problem.what}"
        parts = (("observed", problem.observed), ("expected", problem.expected), ("next", problem.next_step))
        yield from (f"  {name}: {text}" for name, text in parts if text)
    yield ""
    rows = [_HEAD, *(row for kind in found.kinds for row in _rows(kind))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    yield from (_aligned(row, widths) for row in rows)
    yield ""
    yield from _NOTES
    for kind in found.kinds:
        yield from _remarks(kind)


def show_pool(found: LoadResult) -> None:
    """Print by which pool the clients of a load went."""
    for line in pooled(found):
        typer.echo(line)


def pooled(found: LoadResult) -> Iterator[str]:
    """By which pool the clients of a load went, and how they waited for it; nothing where each had a connection."""
    pool = found.pooling
    if pool is None or pool.mode == DIRECT:
        return
    waited = found.figures.pool_wait
    times = "" if waited.p99_ms is None else f"; waits p50 {waited.p50_ms:.2f} ms, p99 {waited.p99_ms:.2f} ms"
    yield ""
    yield f"pool {pool.mode}, {pool.size} connections{times}"
    if pool.wait is not None:
        mean = "" if pool.wait.mean_ms is None else f"waits in the mean {pool.wait.mean_ms:.2f} ms, "
        yield f"{pool.program}: {mean}up to {pool.wait.longest_ms:.0f} ms and {pool.wait.most_waiting} clients seen"
    if pool.note:
        yield pool.note


def _rows(kind: PoolKind) -> Iterator[tuple[str, ...]]:
    for place, point in enumerate(kind.points):
        size = f"{point.size}{_KNEE if point.size == kind.knee else ' '}"
        yield (kind.name if not place else "", size, f"{point.rate_per_s:,.0f}", *_numbers(point))


def _numbers(point: PoolPoint) -> tuple[str, ...]:
    spread = "" if point.interval is None else "{:,.0f} to {:,.0f}".format(*point.interval)
    return (
        spread,
        *("" if one is None else f"{one:.1f}" for one in (point.p50_ms, point.p99_ms, point.pool_wait_p99_ms)),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def _remarks(kind: PoolKind) -> Iterator[str]:
    if kind.verdict != "passed":
        yield f"{kind.name}: {kind.verdict}, {kind.detail}"
        return
    if kind.knee is not None:
        low, high = kind.knee_interval or (kind.knee, kind.knee)
        spread = "" if low == high else f", between {low} and {high}"
        yield f"{kind.name}: knee at {kind.knee}{spread}"
    if kind.detail:
        yield f"  {kind.detail}"
    waits = [f"{one.size}: {one.bouncer_wait_ms:.1f}" for one in kind.points if one.bouncer_wait_ms is not None]
    if waits:
        yield f"  mean wait in PgBouncer, ms, by size: {', '.join(waits)}"
    lost = sum(point.exhausted + point.failed for point in kind.points)
    if lost:
        yield f"  {lost:,} operations got no connection in time, or failed"


def _tell(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what} {done} of {total}" + ("\n" if done == total else ""))
        sys.stderr.flush()
