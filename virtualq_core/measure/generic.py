"""
The plan for any parameters against the plan for the given ones.

psycopg prepares a statement at its sixth use, and PostgreSQL may go over to a generic plan five uses later: a plan that
no first look shows, and that suits the average tenant. Blocks of both repeat exactly.

Each row that is fetched counts as a block of its own. A bitmap touches a block once however many of the rows lie in it,
and an index scan once for each row; in a small table the one then seems to do half the work of the other, and both
fetch the same rows from memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from virtualq_core.measure.catalogue import draw
from virtualq_core.measure.explain import explain_modes
from virtualq_core.measure.judgement import judge_figures, unmeasured
from virtualq_core.measure.rendering import changed_line, difference
from virtualq_core.measure.result import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.explain import Modes
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult

METRIC = "max_generic_plan_ratio"
LEAST_BLOCKS = 50
"""Fewer blocks than these count as these: eight blocks against sixty harm nobody."""


def ratio(modes: Modes) -> float:
    """Blocks of the generic plan over those of the custom one, a block for each row, either at least `LEAST_BLOCKS`."""
    return max(modes.generic.scattered_blocks, LEAST_BLOCKS) / max(modes.custom.scattered_blocks, LEAST_BLOCKS)


def judge_generic(observer: Observer, budget: Budget, cases: Sequence[Case]) -> BudgetResult:
    """
    The limit on the ratio, for the budget's own cases and for every class of tenant; the worst decides.

    Where PostgreSQL takes the generic plan after the parameters of any of them, all of them may get it, because a
    pooled connection serves one tenant after the other. Where it does so after none, the ratio is one.
    """
    others = draw(observer, queries=[budget.query or ""]) if budget.tickets_in_queue is not None else []
    seen = [explain_modes(observer, case) for case in (*cases, *others)]
    flipped = [modes.case.tenant_class for modes in seen if modes.is_flipped]
    worst = max(seen, key=ratio, default=None)
    if worst is None:
        return unmeasured(budget, METRIC, "there is no tenant or queue to measure it on")
    told = f"after the parameters of {', '.join(flipped)}" if flipped else ""
    if not flipped:
        blocks = f"{worst.generic.scattered_blocks:,} blocks"
        told = f"PostgreSQL keeps to plans for the parameters; one for any would touch {blocks}"
    figures = [(modes.case, ratio(modes) if flipped else 1.0) for modes in seen]
    judged = judge_figures(replace(budget, tickets_in_queue=None), METRIC, figures, told=told)
    if judged.verdict != "failed":
        return judged
    line = changed_line(worst.custom, worst.generic) or "the same shape, with other estimates"
    problem = Problem(
        code="generic-plan-flip",
        what=f"{budget.name}: {worst.case.query} ({worst.case.tenant_class}) gets a plan that does not suit it "
        f"once the driver has prepared the statement; likely cause: a generic plan, for the average: {line}; "
        f"PostgreSQL takes it {told}",
        observed=f"{worst.generic.scattered_blocks:,} blocks by the generic plan (tenant {worst.case.tenant_id})",
        expected=f"{worst.custom.scattered_blocks:,} blocks, as by the plan for its own parameters",
        next_step="set plan_cache_mode = force_custom_plan for the application's role, or mend the statistics that the "
        "average comes from (n_distinct, statistics targets)",
        comparison=difference(worst.custom, worst.generic, names=("for its parameters", "for any")),
    )
    return replace(judged, problem=problem, detail=problem.what)
