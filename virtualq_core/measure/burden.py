"""Budgets on a plan's figures and on the tables under it: a verdict for each, with its likely cause."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from virtualq_core.measure import bloat
from virtualq_core.measure.diagnosis import Diagnosis, describe_staleness, relations_of
from virtualq_core.measure.judgement import judge_figures, plan_figure
from virtualq_core.measure.result import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.judgement import Planned
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.plan import Plan
    from virtualq_core.measure.result import BudgetResult


def judge_plans(observer: Observer, budget: Budget, metric: str, planned: Sequence[Planned]) -> BudgetResult:
    """A limit on a figure that a single plan yields."""
    judged = judge_figures(budget, metric, [(one.case, plan_figure(metric, one.plan)) for one in planned])
    if judged.verdict != "failed":
        return judged
    worst = max(planned, key=lambda one: plan_figure(metric, one.plan))
    return _with_cause(budget, judged, _likely(observer, metric, worst.plan))


def judge_bloat(observer: Observer, budget: Budget, planned: Sequence[Planned]) -> BudgetResult:
    """The limit on the share of blocks that no live row fills, of the worst table that the query reads."""
    tables = bloat.measure_bloat(observer, relations_of(*(one.plan for one in planned)))
    worst = max(tables, key=lambda one: one.share, default=None)
    figures = [] if worst is None else [(planned[0].case, worst.share)]
    judged = replace(judge_figures(replace(budget, tickets_in_queue=None), bloat.METRIC, figures), tenant=None)
    if worst is None or judged.verdict != "failed":
        return judged
    return _with_cause(budget, judged, worst.diagnosis)


def _likely(observer: Observer, metric: str, plan: Plan) -> Diagnosis | None:
    """Why so much is touched, or so much is estimated wrongly."""
    tables = relations_of(plan)
    if metric != "max_q_error":
        worst = max(bloat.measure_bloat(observer, tables), key=lambda one: one.share, default=None)
        if worst is not None and worst.share >= bloat.BLOATED:
            return worst.diagnosis
        if plan.sequential_scans:
            scanned = ", ".join(plan.sequential_scans)
            return Diagnosis(
                "sequential-scan", f"{scanned} is read from end to end", "an index on the columns of the scan's filter"
            )
    with observer.as_overseer() as connection:
        found = describe_staleness(connection, tables)
    if found is None and metric == "max_q_error":
        return Diagnosis(
            "estimates-off",
            "the statistics are fresh, and do not tell how these conditions belong together",
            "create statistics on the columns of the misjudged node, or raise their statistics target",
        )
    return found


def _with_cause(budget: Budget, judged: BudgetResult, found: Diagnosis | None) -> BudgetResult:
    if found is None:
        return judged
    problem = Problem(
        code=found.code,
        what=f"{budget.name} {judged.metric}: not kept by {budget.query}; likely cause: {found.cause}",
        observed=f"{judged.observed:,.4g} {judged.unit}".rstrip(),
        expected=f"at most {judged.limit:,.4g} {judged.unit}".rstrip(),
        next_step=found.next_step,
    )
    return replace(judged, problem=problem, detail=problem.what)
