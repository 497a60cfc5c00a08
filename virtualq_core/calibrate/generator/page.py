"""What was found of the generator, for people: a few lines for the terminal, a page for the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core.calibrate.generator.run import LEAST_RATE, MOST_APART
from virtualq_core.report.markdown import render
from virtualq_core.report.quantity import duration, number, percent, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from virtualq_core.calibrate.generator.agreement import Against
    from virtualq_core.calibrate.generator.run import GeneratorTrust

_PAGE = "load.md.j2"


def summary(found: GeneratorTrust) -> str:
    """The figures in a few lines, each with what it came to."""
    comparison, stall = found.comparison, found.stall
    lines = [f"{_line(comparison.closed)}: {reached(comparison.closed)}"]
    for one in comparison.agreements:
        lines += [
            f"{_line(figure)} at {number(one.rate_per_s)}/s: {agrees(figure)}"
            for figure in (one.p50, one.p99, one.waited)
        ]
    told = "shown" if stall.is_shown else "not shown"
    lines.append(
        f"a stall of {stall.length_s:.2f} s is {told}: p99 {stall.open_p99_ms:,.0f} ms in an open loop "
        f"(at least {stall.least_ms:,.0f}), {stall.closed_p99_ms:,.0f} ms in a closed one"
    )
    return "\n".join(lines)


def markdown(found: GeneratorTrust) -> str:
    """The page `docs/reference/load.md`."""
    return render(
        Path(__file__).with_name(_PAGE),
        _FILTERS,
        comparison=found.comparison,
        closed=found.comparison.closed,
        stall=found.stall,
        least_rate=LEAST_RATE,
        most_apart=MOST_APART,
        facts=[*_facts(found)],
    )


def reached(one: Against) -> str:
    """Whether the generator gets as much out of the server as is aimed at."""
    low, high = one.interval
    return "reached" if low >= LEAST_RATE else "missed" if high < LEAST_RATE else "not sure"


def agrees(one: Against) -> str:
    """Whether both tell the same, as near as is aimed at."""
    low, high = one.interval
    if low >= 1 - MOST_APART and high <= 1 + MOST_APART:
        return "reached"
    return "missed" if high < 1 - MOST_APART or low > 1 + MOST_APART else "not sure"


def outcomes(found: GeneratorTrust) -> list[str]:
    """What each aim came to: `reached`, `missed` or `not sure`."""
    comparison = found.comparison
    figures = [figure for one in comparison.agreements for figure in (one.p50, one.p99)]
    shown = "reached" if found.stall.is_shown else "missed"
    return [reached(comparison.closed), *map(agrees, figures), shown]


def _line(one: Against) -> str:
    low, high = one.interval
    return (
        f"{one.what}: {number(one.ours)} to pgbench's {number(one.pgbench)}, {one.ratio:.2f} ({low:.2f} to {high:.2f})"
    )


def _facts(found: GeneratorTrust) -> Iterator[tuple[str, str]]:
    environment = found.environment
    yield "machine", f"{environment['cpu']}, {environment['cores']} cores, {size(environment['memory_bytes'])}"
    yield "system", f"{environment['os']}, Python {environment['python']}"
    yield "server", f"PostgreSQL {environment['postgres_version']}, {environment['provider']}"
    yield "taken", f"{found.taken_at}, in {duration(found.duration_s)}"


_FILTERS: Mapping[str, Callable[..., str]] = {
    "agrees": agrees,
    "number": number,
    "percent": percent,
    "ratio": "{:.2f}".format,
    "ratios": lambda ends: f"{ends[0]:.2f} to {ends[1]:.2f}",
    "reached": reached,
    "seconds": "{:.2f} s".format,
}
