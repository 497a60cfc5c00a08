"""
Operations that write: their latency and their round trips, and the exact costs beside.

Each operation commits, so its time includes the flush. It is timed in a big, a median and a small tenant by turns. The
tickets that are made for it stay in the database.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable  # noqa: TC003 -- a field's type
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core import content
from virtualq_core.errors import VirtualQError
from virtualq_core.measure.budget import METRICS, OPERATIONS
from virtualq_core.measure.catalogue import Case
from virtualq_core.measure.expense import COSTS, judge_costs
from virtualq_core.measure.ground import choose_grounds
from virtualq_core.measure.judgement import is_decided, judge_latency, judge_number, unmeasured
from virtualq_core.measure.result import Problem
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.measure.spending import Looks, first_look
from virtualq_core.subjects import find_subject, visible_connection
from virtualq_core.subjects.round_trip import count_round_trips
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult, LatencyResult
    from virtualq_core.subjects import Subject, SubjectSession

_SQL = content.beside(__file__, "operation.sql")
_RUN = 20


@dataclass
class Cost:
    """
    What one operation costs its client.

    Latencies by the tenant that they were measured in, and round trips an operation (one call, also of a bulk).
    """

    samples: dict[int, Sample] = field(default_factory=dict)
    round_trips: float = 0.0

    @property
    def least(self) -> int:
        """The latencies of the tenant that has fewest; one in which the operation cannot be done is not waited for."""
        return min(map(len, self.taken), default=sys.maxsize)

    @property
    def taken(self) -> list[Sample]:
        """The tenants' latencies, those without any left out."""
        return [sample for sample in self.samples.values() if len(sample)]


@dataclass(frozen=True)
class Wanted:
    """
    How often an operation is timed in each tenant until the first look, and on which samples that is enough.

    With no samples it is never timed, and its round trips alone are counted.
    """

    samples: int = 0
    is_enough: Callable[[Sample], bool] = lambda _: True


def judge_operations(
    observer: Observer, budgets: Iterable[Budget], *, limit_s: float
) -> tuple[list[BudgetResult], list[LatencyResult]]:
    """
    Every limit of the budgets on operations. They are skipped where the harness may not write.

    The latencies of an operation are sampled until there is a verdict, for at most `limit_s`.
    """
    asked = [budget for budget in budgets if budget.operation is not None]
    grounds = [] if observer.is_read_only or not asked else choose_grounds(observer)
    if not grounds:
        why = "there is no queue, or no type whose tickets can move"
        if observer.is_read_only:
            why = "the harness may not write here"
        return [unmeasured(budget, metric, why, verdict="skipped") for budget in asked for metric in budget.limits], []
    results: list[BudgetResult] = []
    latencies: list[LatencyResult] = []
    exact = judge_costs(observer, grounds[0], asked)
    for subject in dict.fromkeys(budget.subject for budget in asked):
        own = [budget for budget in asked if budget.subject == subject]
        costs = _measured(observer, subject, grounds, _wanted(own, len(grounds)), limit_s)
        for budget in own:
            results += exact.get(budget.name, [])
            if _is_timed(budget):
                results += judge_cost(budget, costs, grounds)
        if not isinstance(costs, str):
            latencies += [
                one for name, cost in costs.items() for one in _latencies(f"{name} ({subject}", cost, grounds)
            ]
    return results, latencies


def _latencies(name: str, cost: Cost, grounds: Sequence[Ground]) -> list[LatencyResult]:
    """The distributions, with the tenant's class where there are several."""
    of = [(ground, sample) for ground in grounds if len(sample := cost.samples[ground.tenant_id])]
    classes = [f", {ground.tenant_class} tenant" if len(of) > 1 else "" for ground, _ in of]
    return [sample.result(f"{name}{told})") for told, (_, sample) in zip(classes, of, strict=True)]


def _wanted(budgets: Iterable[Budget], tenants: int) -> dict[str, Wanted]:
    """What the budgets of one subject want of each operation that they time in so many tenants."""
    by_operation: dict[str, list[Budget]] = {}
    for budget in filter(_is_timed, budgets):
        by_operation.setdefault(budget.operation or "", []).append(budget)
    wanted = {}
    for operation, own in by_operation.items():
        shares = [budget.share for budget in own if budget.share is not None]
        samples = max((first_look(share, tenants) for share in shares), default=0)
        wanted[operation] = Wanted(samples, partial(is_decided, own)) if samples else Wanted()
    return wanted


def _is_timed(budget: Budget) -> bool:
    return any(metric not in COSTS for metric in budget.limits)


def _measured(
    observer: Observer, subject: str, grounds: Sequence[Ground], wanted: Mapping[str, Wanted], limit_s: float
) -> dict[str, Cost] | str:
    """The costs, or why a subject's operation, which no rule should refuse, could not be measured."""
    if not wanted:
        return {}
    try:
        return measure_operations(observer, find_subject(subject), grounds, wanted, limit_s=limit_s)
    except (VirtualQError, psycopg.Error) as error:
        return f"{subject} could not do it: {error}"


def measure_operations(
    observer: Observer, subject: Subject, grounds: Sequence[Ground], wanted: Mapping[str, Wanted], *, limit_s: float
) -> dict[str, Cost]:
    """
    The costs of operations, each timed in the tenant of each ground by turns, after a warm-up.

    That ends when there is enough of everything, or after `limit_s` for each operation that is timed, but not before
    each has been timed a few times. Whether it is enough is asked look by look, as of queries (`spending`). Round trips
    are those in the first tenant. The tickets stay in the database.
    """
    costs = {name: Cost({ground.tenant_id: Sample() for ground in grounds}) for name in OPERATIONS if name in wanted}
    looks = {name: Looks(wanted[name].samples, len(grounds)) for name in costs if wanted[name].samples}
    with settled_heap(), subject.open(observer.database.dsn, role=observer.application) as session:
        for number in range(WARM_UP):
            grounds[number % len(grounds)].live(session)
        deadline = time.monotonic() + limit_s * len(looks)
        while looks:
            for ground in grounds:
                _run(observer, session, ground, {name: costs[name].samples[ground.tenant_id] for name in looks})
            is_late = time.monotonic() >= deadline
            for name in [name for name, look in looks.items() if is_late or costs[name].least >= look.samples]:
                for sample in costs[name].samples.values():
                    sample.errors = looks[name].errors(is_last=is_late)
                if is_late or all(map(wanted[name].is_enough, costs[name].taken)):
                    del looks[name]
                else:
                    looks[name].go_on()
        for name, trips in _count_round_trips(session, grounds[0], costs).items():
            costs[name].round_trips = trips
    observer.renew_statistics()
    return costs


def _run(observer: Observer, session: SubjectSession, ground: Ground, samples: Mapping[str, Sample]) -> None:
    """Time a run of each operation that lacks samples, on fresh tickets that end where their way ends."""

    def timed(name: str) -> Callable[..., Any]:
        return samples[name].time if name in samples else _plainly

    fresh = [timed("create_ticket")(ground.create, session) for _ in range(_RUN)]
    if "claim_next_ticket" in samples and ground.employee_id is not None:
        for _ in fresh:
            timed("claim_next_ticket")(ground.claim, session)
    if "update_wait" in samples:
        with observer.as_application() as connection:
            for ticket_id in fresh:
                with tenant_scope(connection, ground.tenant_id):
                    asked = {"tenant_id": ground.tenant_id, "ticket_id": ticket_id}
                    timed("update_wait")(connection.execute, _SQL["update_wait"].sql, asked)
    if "transition" in samples:
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


def judge_cost(budget: Budget, costs: Mapping[str, Cost] | str, grounds: Sequence[Ground]) -> list[BudgetResult]:
    """The limits on what was measured of a budget's operation; `costs` may be why nothing was."""
    results = []
    for metric in budget.limits:
        if metric in COSTS:
            continue
        if isinstance(costs, str):
            results.append(unmeasured(budget, metric, costs, verdict="error"))
            continue
        cost = costs[budget.operation or ""]
        if METRICS[metric].share is not None and cost.taken:
            results.append(judge_latency(budget, metric, _sampled(budget, cost, grounds)))
        elif metric == "max_round_trips" and cost.round_trips:
            results.append(_with_cause(budget, judge_number(budget, metric, cost.round_trips, samples=1)))
        else:
            results.append(unmeasured(budget, metric, "there is nobody to claim tickets", verdict="skipped"))
    return results


def _sampled(budget: Budget, cost: Cost, grounds: Sequence[Ground]) -> list[tuple[Case | None, Sample]]:
    """Each tenant's latencies under the case that they are of."""
    return [
        (Case(budget.operation or "", ground.tenant_id, ground.tenant_class, {}), sample)
        for ground in grounds
        if len(sample := cost.samples[ground.tenant_id])
    ]


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
