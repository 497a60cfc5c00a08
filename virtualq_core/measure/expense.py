"""Budgets on what an operation costs exactly, and on its triggers: a verdict for each, with its likely cause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg

from virtualq_core import content
from virtualq_core.measure.cost import LIVES, TABLES, Exact, Triggers, measure_costs, measure_triggers
from virtualq_core.measure.definition import declared_indexes
from virtualq_core.measure.judgement import judge_latency, judge_number, unmeasured
from virtualq_core.measure.result import Problem
from virtualq_core.measure.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult

_SQL = content.beside(__file__, "cost.sql")
_EXACT = ("max_buffers", "max_wal_bytes", "min_hot_share")
_RATIO = "max_trigger_ratio"
_FIRED = ("max_unknown_triggers", _RATIO)
_PATIENCE = 4
"""How many times as many tickets are moved where the first do not tell how much of the time is the triggers'."""
COSTS = (*_EXACT, *_FIRED)
"""The metrics of an operation that need no stopwatch of ours: those of the database's own functions."""
_WRITES: Mapping[str, tuple[str, ...]] = {
    "transition": ("current_state", "version", "closed_at"),
    "transition_tickets": ("current_state", "version", "closed_at"),
    "claim_next_ticket": ("employee_id", "leased_until"),
    "update_wait": ("estimated_wait_minutes",),
}
"""The columns that an operation's update of a ticket changes."""


@dataclass(frozen=True)
class _Found:
    costs: Mapping[str, Exact]
    triggers: Triggers


def judge_costs(observer: Observer, ground: Ground, budgets: Iterable[Budget]) -> dict[str, list[BudgetResult]]:
    """The results of the budgets' limits on costs, by the budget's name."""
    asked = [(budget, [metric for metric in COSTS if metric in budget.limits]) for budget in budgets]
    asked = [(budget, metrics) for budget, metrics in asked if metrics]
    if not asked:
        return {}
    wanted = {budget.operation or "" for budget, metrics in asked if not set(metrics).isdisjoint(_EXACT)}
    is_fired = any(not set(metrics).isdisjoint(_FIRED) for _, metrics in asked)
    try:
        found = _Found(
            measure_costs(observer, ground, wanted),
            _measure_triggers(observer, ground, [budget for budget, metrics in asked if _RATIO in metrics])
            if is_fired
            else measure_triggers(observer, ground, lives=0),
        )
    except psycopg.Error as error:
        why = f"the database could not do it: {' '.join(str(error).split())}"
        return {
            budget.name: [unmeasured(budget, metric, why, verdict="error") for metric in metrics]
            for budget, metrics in asked
        }
    return {budget.name: [_judge(observer, budget, metric, found) for metric in metrics] for budget, metrics in asked}


def _measure_triggers(observer: Observer, ground: Ground, budgets: Iterable[Budget]) -> Triggers:
    """The triggers, timed on more tickets where the first leave a budget on their time undecided."""
    found = measure_triggers(observer, ground)
    if all(judge_triggers(budget, found).verdict != "inconclusive" for budget in budgets):
        return found
    return measure_triggers(observer, ground, lives=_PATIENCE * LIVES)


def _judge(observer: Observer, budget: Budget, metric: str, found: _Found) -> BudgetResult:
    operation = budget.operation or ""
    exact = found.costs.get(operation)
    observed: float | None
    match metric:
        case "max_unknown_triggers":
            observed = len(found.triggers.unknown)
        case _ if metric == _RATIO:
            return _with_cause(observer, found, budget, judge_triggers(budget, found.triggers))
        case "max_buffers":
            observed = exact.buffers if exact else None
        case "max_wal_bytes":
            observed = exact.wal_bytes if exact else None
        case _:
            observed = exact.hot_share if exact else None
    if observed is None:
        why = f"{operation} updates no ticket" if exact else "there is nobody to claim tickets"
        return unmeasured(budget, metric, why, verdict="skipped")
    return _with_cause(observer, found, budget, judge_number(budget, metric, observed, samples=LIVES))


def judge_triggers(budget: Budget, triggers: Triggers) -> BudgetResult:
    """The limit on the median ratio, which is one of times: by its interval, and inconclusive where that holds both."""
    sampled = [(None, Sample(list(triggers.ratios)))] if triggers.ratios else []
    return judge_latency(budget, _RATIO, sampled)


def _with_cause(observer: Observer, found: _Found, budget: Budget, result: BudgetResult) -> BudgetResult:
    if result.verdict != "failed":
        return result
    if result.metric == "min_hot_share":
        problem: Problem | None = _lost_hot(observer, budget, result)
    else:
        problem = _trigger(budget, result, found) or _indexes(observer, budget, result)
    return result if problem is None else replace(result, problem=problem, detail=problem.what)


def _lost_hot(observer: Observer, budget: Budget, result: BudgetResult) -> Problem:
    """Updates that indexes follow: those that hold a column which the operation changes."""
    columns = _WRITES.get(budget.operation or "", ())
    with observer.as_overseer() as connection:
        rows = connection.execute(_SQL["list_covering_indexes"].sql, {"columns": list(columns)}).fetchall()
    holding = "; ".join(f"{index} holds {held}" for index, held in rows)
    return Problem(
        code="lost-hot",
        what=f"{budget.name}: every index of the table follows the updates of {budget.operation}; likely cause: "
        + (f"an index on a column that it changes: {holding}" if holding else "no room left in the row's own block"),
        observed=f"{result.observed:.0%} of them are heap-only",
        expected=f"at least {result.limit:.0%}",
        next_step="leave the column out of the index" if holding else "a lower fillfactor for virtualq.ticket",
    )


def _trigger(budget: Budget, result: BudgetResult, found: _Found) -> Problem | None:
    """A trigger that costs too much, or that is not ours; none where triggers are not to blame."""
    triggers = found.triggers
    if not triggers.unknown and result.metric not in _FIRED:
        return None
    unknown = "; ".join(triggers.unknown)
    slowest = triggers.fired[0] if triggers.fired else None
    dearest = "" if slowest is None else f"{slowest.name} on {slowest.table} takes {slowest.share:.0%} of their time"
    limit = f"at most {result.limit:,.4g} {result.unit}".rstrip()
    if triggers.unknown:
        return Problem(
            code="unexpected-trigger",
            what=f"{budget.name}: {budget.operation} fires triggers that schema/install does not declare: {unknown}"
            + (f"; {dearest}" if dearest else ""),
            observed=f"{result.observed:,.4g} {result.unit}".rstrip(),
            expected=limit,
            next_step="drop it, or do its work where it does not hold up every transition",
        )
    return Problem(
        code="slow-trigger",
        what=f"{budget.name}: the triggers of {budget.operation} take {result.observed:,.3g} times as long as the rest "
        f"of the statement; likely cause: {dearest}",
        observed=f"{result.observed:,.3g} times the rest of the statement",
        expected=limit,
        next_step="look into the trigger's function (auto_explain.log_nested_statements shows its statements)",
    )


def _indexes(observer: Observer, budget: Budget, result: BudgetResult) -> Problem | None:
    """Indexes that nobody declared, each of which the operation has to write; none where there are none."""
    with observer.as_overseer() as connection:
        rows = connection.execute(_SQL["list_indexes"].sql, {"tables": list(TABLES)}).fetchall()
    unknown = [f"{index} on {table}" for table, index in rows if index not in declared_indexes()]
    if not unknown:
        return None
    return Problem(
        code="unexpected-index",
        what=f"{budget.name} {result.metric}: not kept by {budget.operation}; likely cause: indexes that "
        f"schema/indexes does not declare, and that it writes as well: {'; '.join(unknown)}",
        observed=f"{result.observed:,.4g} {result.unit}".rstrip(),
        expected=f"at most {result.limit:,.4g} {result.unit}".rstrip(),
        next_step="drop those that no query needs (pg_stat_user_indexes.idx_scan)",
    )
