"""
Operations that write: their latency and their round trips, and the exact costs beside.

Each operation commits, so its time includes the flush. The tickets that are made for it stay in the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core import content
from virtualq_core.errors import VirtualQError
from virtualq_core.measure.budget import METRICS, OPERATIONS
from virtualq_core.measure.expense import COSTS, judge_costs
from virtualq_core.measure.ground import choose_ground
from virtualq_core.measure.judgement import judge_latency, judge_number, unmeasured
from virtualq_core.measure.result import Problem
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.subjects import find_subject, visible_connection
from virtualq_core.subjects.round_trip import count_round_trips
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult, LatencyResult
    from virtualq_core.subjects import Subject, SubjectSession

_SQL = content.beside(__file__, "operation.sql")
_RUN = 20


@dataclass
class Cost:
    """What one operation costs its client: latencies, and round trips an operation (one call, also of a bulk)."""

    sample: Sample = field(default_factory=Sample)
    round_trips: float = 0.0


def judge_operations(
    observer: Observer, budgets: Iterable[Budget], *, operations: int
) -> tuple[list[BudgetResult], list[LatencyResult]]:
    """Every limit of the budgets on operations. They are skipped where the harness may not write."""
    asked = [budget for budget in budgets if budget.operation is not None]
    ground = None if observer.is_read_only or not asked else choose_ground(observer)
    if ground is None or not ground.path:
        why = "there is no queue, or no type whose tickets can move"
        if observer.is_read_only:
            why = "the harness may not write here"
        return [unmeasured(budget, metric, why, verdict="skipped") for budget in asked for metric in budget.limits], []
    results: list[BudgetResult] = []
    latencies: list[LatencyResult] = []
    exact = judge_costs(observer, ground, asked)
    for subject in dict.fromkeys(budget.subject for budget in asked):
        own = [budget for budget in asked if budget.subject == subject]
        wanted = {budget.operation or "" for budget in own if _is_timed(budget)}
        timed = {budget.operation or "" for budget in own if budget.share is not None}
        costs = _measured(observer, subject, ground, {name: operations * (name in timed) for name in wanted})
        for budget in own:
            results += exact.get(budget.name, [])
            if _is_timed(budget):
                results += _judge(budget, costs)
        if not isinstance(costs, str):
            latencies += [cost.sample.result(f"{name} ({subject})") for name, cost in costs.items() if len(cost.sample)]
    return results, latencies


def _is_timed(budget: Budget) -> bool:
    return any(metric not in COSTS for metric in budget.limits)


def _measured(observer: Observer, subject: str, ground: Ground, wanted: Mapping[str, int]) -> dict[str, Cost] | str:
    """The costs, or why a subject's operation, which no rule should refuse, could not be measured."""
    if not wanted:
        return {}
    try:
        return measure_operations(observer, find_subject(subject), ground, wanted)
    except (VirtualQError, psycopg.Error) as error:
        return f"{subject} could not do it: {error}"


def measure_operations(
    observer: Observer, subject: Subject, ground: Ground, wanted: Mapping[str, int]
) -> dict[str, Cost]:
    """
    The costs of operations, each timed at least as often as `wanted` says, after a warm-up.

    Where that is never, its round trips are counted alone. The tickets stay in the database.
    """
    costs = {name: Cost() for name in OPERATIONS if name in wanted}
    with settled_heap(), subject.open(observer.database.dsn, role=observer.application) as session:
        for _ in range(WARM_UP):
            ground.live(session)
        while lacking := {name: cost for name, cost in costs.items() if len(cost.sample) < wanted[name]}:
            _run(observer, session, ground, lacking)
        for name, trips in _count_round_trips(session, ground, costs).items():
            costs[name].round_trips = trips
    observer.renew_statistics()
    return costs


def _run(observer: Observer, session: SubjectSession, ground: Ground, costs: Mapping[str, Cost]) -> None:
    """Time a run of each operation that lacks samples, on fresh tickets that end where their way ends."""

    def timed(name: str) -> Callable[..., Any]:
        return costs[name].sample.time if name in costs else _plainly

    fresh = [timed("create_ticket")(ground.create, session) for _ in range(_RUN)]
    if "claim_next_ticket" in costs and ground.employee_id is not None:
        for _ in fresh:
            timed("claim_next_ticket")(ground.claim, session)
    if "update_wait" in costs:
        with observer.as_application() as connection:
            for ticket_id in fresh:
                with tenant_scope(connection, ground.tenant_id):
                    asked = {"tenant_id": ground.tenant_id, "ticket_id": ticket_id}
                    timed("update_wait")(connection.execute, _SQL["update_wait"].sql, asked)
    if "transition" in costs:
        for name in ground.path:
            for ticket_id in fresh:
                timed("transition")(ground.move, session, ticket_id, name)
        return
    for name in ground.path:
        timed("transition_tickets")(ground.move_many, session, fresh, name)


def _plainly(action: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 -- the action's own
    return action(*arguments)


def _count_round_trips(session: SubjectSession, ground: Ground, costs: Mapping[str, Cost]) -> dict[str, float]:
    """The mean number for each operation, over one ticket's life for each transition of the way."""
    counts: dict[str, list[int]] = {}

    def counted(name: str, action: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 -- the action's own
        with count_round_trips(visible_connection(session)) as trips:
            answer = action(*arguments)
        counts.setdefault(name, []).append(trips.count)
        return answer

    for _ in ground.path:
        ticket_id = counted("create_ticket", ground.create, session)
        if "claim_next_ticket" in costs and ground.employee_id is not None:
            counted("claim_next_ticket", ground.claim, session)
        for name in ground.path:
            counted("transition", ground.move, session, ticket_id, name)
        if "transition_tickets" in costs:
            fresh = [ground.create(session) for _ in range(_RUN)]
            for name in ground.path:
                counted("transition_tickets", ground.move_many, session, fresh, name)
    return {name: sum(found) / len(found) for name, found in counts.items() if name in costs}


def _judge(budget: Budget, costs: dict[str, Cost] | str) -> list[BudgetResult]:
    results = []
    for metric in budget.limits:
        if metric in COSTS:
            continue
        if isinstance(costs, str):
            results.append(unmeasured(budget, metric, costs, verdict="error"))
            continue
        cost = costs[budget.operation or ""]
        if METRICS[metric].share is not None and len(cost.sample):
            results.append(judge_latency(budget, metric, [(None, cost.sample)]))
        elif metric == "max_round_trips" and cost.round_trips:
            results.append(_with_cause(budget, judge_number(budget, metric, cost.round_trips, samples=1)))
        else:
            results.append(unmeasured(budget, metric, "there is nobody to claim tickets", verdict="skipped"))
    return results


def _with_cause(budget: Budget, result: BudgetResult) -> BudgetResult:
    """Too many round trips, with their likely cause."""
    if result.verdict != "failed":
        return result
    problem = Problem(
        code="round-trips",
        what=f"{budget.name}: {budget.operation} by {budget.subject} waits for the server {result.observed:.1f} times; "
        "likely cause: one statement for each item or step, where one could serve for all",
        observed=f"{result.observed:.1f} round trips in the mean",
        expected=f"at most {result.limit}",
        next_step="send the items in one statement (a function that takes them all, insert ... select from unnest, "
        "or a pipeline)",
    )
    return replace(result, problem=problem, detail=problem.what)
