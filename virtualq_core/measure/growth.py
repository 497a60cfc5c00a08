"""
Growth: how a query's blocks rise with the size of the database, other things being equal.

The same question (such as a queue of so many tickets) is asked of databases of several sizes, and a line is fitted to
log(blocks) over log(tickets): blocks grow as tickets^b. Blocks repeat exactly, so no error of measurement lies between
b and its limit. What can be in doubt is whether one line is a fair account of all sizes. So b stands with the range of
the slopes between neighbouring sizes, and each step from a size to the next is held to the limit by itself. The limit
is kept where all steps keep it; broken where the line breaks it and so does the last step, the one nearest to what
comes; and in doubt else. A step of a few blocks keeps any limit: a tree has grown by a level.

A thousand tickets of one queue share few blocks in a database of 20,000 and none in one of millions. That growth is the
packing's, ends at a block a row, and would hide the query's own; so each row fetched counts as a block at least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from virtualq_core.measure.catalogue import cases_of, count_tickets
from virtualq_core.measure.explain import explain
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.result import BudgetResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget

    SizedDatabase: TypeAlias = Callable[[int], AbstractContextManager[Database]]
    """Yields a database with about so many tickets, seeded like the one under test."""

METRIC = "max_growth_exponent"
LEAST_SIZES = 3
LEVELS = 4
"""So many blocks more from a size to the next are no growth: a level or two of a tree, and nothing else."""
_SMALLEST = 4_000
_DECADE = 10_000


@dataclass(frozen=True)
class Point:
    """The worst case in a database of so many tickets: the blocks it touched, and those if its rows shared none."""

    tickets: int
    touched: int
    blocks: int


@dataclass(frozen=True)
class Growth:
    """
    The fitted exponent, and the least and the greatest slope between neighbouring sizes.

    `packed` is the exponent of the blocks as they are touched, where rows of a small table share them.
    """

    exponent: float
    spread: tuple[float, float]
    packed: float
    points: tuple[Point, ...]

    def judge(self, limit: float) -> tuple[Verdict, str]:
        """Whether blocks grow no faster than tickets to the power of the limit, and where they do if they do."""
        steps = list(pairwise(self.points))
        broken = [not _keeps(*step, limit) for step in steps]
        if not any(broken):
            return "passed", ""
        beyond = ", ".join(
            f"from {one.tickets:,} to {other.tickets:,}"
            for (one, other), is_broken in zip(steps, broken, strict=True)
            if is_broken
        )
        if broken[-1] and self.exponent > limit:
            return "failed", f"grows faster {beyond} tickets"
        return "inconclusive", f"grows faster {beyond} tickets, and not over all sizes: one exponent is no fair account"


def sweep_sizes(tickets: int, *, sizes: int = LEAST_SIZES) -> list[int]:
    """
    Sizes below `tickets`: the powers of ten from 10,000 on, or else evenly spaced by ratio; the database is one more.

    A million are swept at 10,000 and 100,000. Evenly spaced, they make `sizes` in all. None where the database is too
    small for the sizes to differ. The smallest still holds a queue of a thousand open tickets.
    """
    decades = [_DECADE * 10**step for step in range(int(math.log10(max(tickets / _DECADE, 1))) + 1)]
    decades = [size for size in decades if size < tickets / 2]
    if len(decades) >= sizes - 1:
        return decades
    low = max(_SMALLEST, tickets // 100)
    if tickets < 2 * low:
        return []
    ratio = (tickets / low) ** (1 / (sizes - 1))
    return [round(low * ratio**step) for step in range(sizes - 1)]


def measure_points(observer: Observer, budgets: Sequence[Budget]) -> dict[str, Point]:
    """
    One point for each budget that can be measured in this database, by the budget's name.

    A database without a queue of just the depth that a budget asks for has no point: another depth is another question.
    """
    tickets = count_tickets(observer)
    points = {}
    for budget in budgets:
        cases = [case for case in cases_of(observer, budget) if case.tickets_in_queue == budget.tickets_in_queue]
        plans = [explain(observer, case) for case in cases]
        if plans:
            plan = max(plans, key=lambda plan: plan.scattered_blocks)
            points[budget.name] = Point(tickets, plan.buffers, plan.scattered_blocks)
    return points


def judge_growth(
    observer: Observer, budgets: Iterable[Budget], sized: SizedDatabase | None, *, sizes: Sequence[int] | None = None
) -> list[BudgetResult]:
    """
    The exponents of all budgets that limit them, over the given sizes and the database under test.

    Without a way to databases of other sizes, each is inconclusive.
    """
    limiting = [budget for budget in budgets if METRIC in budget.limits]
    if not limiting:
        return []
    if sized is None:
        why = "databases of several sizes are needed, and here is only this one"
        return [_result(budget, "inconclusive", None, why) for budget in limiting]
    if sizes is None:
        sizes = sweep_sizes(count_tickets(observer))
    found: dict[str, list[Point]] = {budget.name: [] for budget in limiting}
    for size in sizes:
        with sized(size) as database:
            _collect(found, measure_points(Observer.of(database, timeout_s=observer.timeout_s), limiting))
    _collect(found, measure_points(observer, limiting))
    return [_judge(budget, found[budget.name]) for budget in limiting]


def fit(points: Sequence[Point]) -> Growth:
    """
    The growth over points of different sizes.

    Raises:
        ValueError: there are fewer than two sizes.
    """
    ordered = sorted(points, key=lambda point: point.tickets)
    x = np.log([point.tickets for point in ordered])
    y = np.log([max(point.blocks, 1) for point in ordered])
    if len(set(x)) < 2:  # noqa: PLR2004 -- a line needs two
        raise ValueError("an exponent needs at least two sizes")
    slopes = np.diff(y) / np.diff(x)
    touched = np.log([max(point.touched, 1) for point in ordered])
    exponent, packed = (round(float(np.polyfit(x, of, 1)[0]), 6) + 0.0 for of in (y, touched))
    return Growth(exponent, (float(slopes.min()), float(slopes.max())), packed, tuple(ordered))


def _keeps(one: Point, other: Point, limit: float) -> bool:
    """Whether a step from one size to the next keeps the limit; blocks are whole, so a block's rounding is allowed."""
    allowed = max(one.blocks, 1) * math.pow(other.tickets / one.tickets, limit)
    return other.blocks <= max(math.ceil(allowed), one.blocks + LEVELS)


def _collect(found: dict[str, list[Point]], points: dict[str, Point]) -> None:
    for name, point in points.items():
        found[name].append(point)


def _judge(budget: Budget, points: Sequence[Point]) -> BudgetResult:
    if len({point.tickets for point in points}) < LEAST_SIZES:
        why = f"it could be measured in databases of {len(points)} sizes; {LEAST_SIZES} are needed"
        return _result(budget, "inconclusive", None, why)
    growth = fit(points)
    verdict, why = growth.judge(_limit(budget))
    measured = ", ".join(
        f"{point.blocks:,} blocks at {point.tickets:,} tickets ({point.touched:,} as packed)" for point in growth.points
    )
    packed = f"as packed the exponent is {growth.packed:.3f}"
    spread = "the range is that of the slopes between neighbouring sizes"
    return _result(budget, verdict, growth, "; ".join(filter(None, (why, measured, packed, spread))))


def _limit(budget: Budget) -> float:
    limit = budget.limits[METRIC]
    return float(limit) if isinstance(limit, int | float) else 0.0


def _result(budget: Budget, verdict: Verdict, growth: Growth | None, detail: str) -> BudgetResult:
    return BudgetResult(
        name=budget.name,
        metric=METRIC,
        verdict=verdict if budget.enforced else "skipped",
        observed=None if growth is None else growth.exponent,
        limit=_limit(budget),
        query=budget.query,
        samples=None if growth is None else len(growth.points),
        interval=None if growth is None else growth.spread,
        detail=detail,
    )
