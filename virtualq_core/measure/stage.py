"""What the check runs: the stage of plans and the stage of budgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from virtualq_core.measure import bloat, decoding, generic
from virtualq_core.measure.budget import METRICS, load_budgets
from virtualq_core.measure.burden import judge_bloat, judge_plans
from virtualq_core.measure.catalogue import WrongAnswer, cases_of, check_answer, draw
from virtualq_core.measure.depth import fill_queues
from virtualq_core.measure.explain import explain
from virtualq_core.measure.growth import judge_growth
from virtualq_core.measure.judgement import (
    EXACT,
    Planned,
    is_decided,
    judge_figures,
    judge_latency,
    judge_shape,
    worst_shape,
)
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.operation import judge_operations
from virtualq_core.measure.record import whose
from virtualq_core.measure.rendering import text
from virtualq_core.measure.result import BudgetReport, BudgetResult, LatencyResult, PlanResult, Problem
from virtualq_core.measure.sample import round_trips, sample_cases
from virtualq_core.measure.spending import first_look

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.growth import SizedDatabase
    from virtualq_core.measure.result import Verdict
    from virtualq_core.measure.sample import Sample


@dataclass(frozen=True)
class Effort:
    """
    How much work to spend.

    `limit_s` bounds the latencies of one budget, and of one operation, in seconds; `sizes` are those of the databases
    that growth is swept over besides the one under test (by default its size decides).
    """

    limit_s: float = 30.0
    sizes: Sequence[int] | None = None


def measure_plans(
    database: Database,
    budgets: Mapping[str, Budget] | None = None,
    *,
    queries: Collection[str] | None = None,
    is_short: bool = True,
) -> list[PlanResult]:
    """
    Plan every query (or those named) for all cases that the catalogue draws, and for its budgets' cases.

    Each plan's answer is checked, and the limits that budgets set on the plan's shape are judged. Plans of one query
    that are the same plan are told once, the judged one first, unless `is_short` is false. Where the harness may write
    and no queue is as deep as a budget asks for, the deepest is filled up first.

    Raises:
        EnvironmentFault: there is no installed database, or its data cannot be seen.
    """
    observer = Observer.of(database)
    budgets = load_budgets() if budgets is None else budgets
    fill_queues(observer, budgets.values())
    wanted = None if queries is None else set(queries)
    asked: list[tuple[Case, Budget | None]] = []
    for budget in budgets.values():
        if budget.query is not None and (wanted is None or budget.query in wanted):
            asked += [(case, budget) for case in cases_of(observer, budget)]
    known = [case for case, _ in asked]
    asked += [(case, None) for case in draw(observer, queries=queries) if case not in known]
    results = [plan_case(observer, case, budget) for case, budget in asked]
    if not is_short:
        return results
    told: dict[tuple[str, str | None, bool], PlanResult] = {}
    for result in results:
        is_good = result.verdict == "passed"
        told.setdefault((result.query, result.fingerprint if is_good else str(result.parameters), is_good), result)
    return list(told.values())


def plan_case(observer: Observer, case: Case, budget: Budget | None) -> PlanResult:
    """The plan of one case, with its answer checked and the budget's limits on the plan's shape judged."""
    problems: list[Problem] = []
    try:
        check_answer(observer, case)
        plan = explain(observer, case)
        if budget is not None:
            findings = judge_shape(observer, budget, Planned(case, plan))
            problems = [finding.problem for finding in findings if finding.problem is not None]
    except WrongAnswer as error:
        return PlanResult(
            query=case.query, verdict="failed", parameters=case.plain_parameters, problems=(Problem.of(error),)
        )
    except psycopg.Error as error:
        problem = _problem(case.label, error)
        return PlanResult(query=case.query, verdict="error", parameters=case.plain_parameters, problems=(problem,))
    return PlanResult(
        query=case.query,
        verdict="failed" if problems else "passed",
        parameters=case.plain_parameters,
        fingerprint=plan.digest,
        served_by=plan.served_by,
        buffers=plan.buffers,
        planning_buffers=plan.planning_buffers,
        rows=plan.rows,
        execution_ms=plan.execution_ms,
        q_error=plan.q_error,
        plan=dict(plan.document),
        text=text(plan),
        problems=tuple(problems),
    )


def measure_budgets(
    database: Database,
    budgets: Mapping[str, Budget] | None = None,
    *,
    sized: SizedDatabase | None = None,
    effort: Effort | None = None,
) -> BudgetReport:
    """
    Judge every limit of every budget: plans and blocks first, then growth, operations and latencies.

    `sized` yields databases of other sizes for growth. Operations write tickets of their own, and are skipped where the
    harness may not write; where it may and no queue is as deep as a budget asks for, the deepest is filled up first.

    Raises:
        EnvironmentFault: there is no installed database, or its data cannot be seen.
    """
    observer = Observer.of(database)
    budgets = load_budgets() if budgets is None else budgets
    effort = effort or Effort()
    fill_queues(observer, budgets.values())
    report = _Collected()
    for budget in budgets.values():
        if budget.query is None:
            continue
        try:
            report.add(*_judge_query(observer, budget, effort))
        except (WrongAnswer, psycopg.Error) as error:
            report.problems.append(_problem(budget.name, error))
            verdict: Verdict = "failed" if isinstance(error, WrongAnswer) else "error"
            report.add([_unjudged(budget, metric, verdict, str(error)) for metric in budget.limits], [])
    report.add(judge_growth(observer, budgets.values(), sized, sizes=effort.sizes), [])
    report.add(*judge_operations(observer, budgets.values(), limit_s=effort.limit_s))
    order, metrics = list(budgets), list(METRICS)
    report.budgets.sort(key=lambda result: (order.index(result.name), metrics.index(result.metric)))
    return BudgetReport(
        budgets=tuple(report.budgets), latencies=tuple(report.latencies), problems=tuple(report.problems)
    )


@dataclass
class _Collected:
    budgets: list[BudgetResult] = field(default_factory=list)
    latencies: list[LatencyResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, budgets: Iterable[BudgetResult], latencies: Iterable[LatencyResult]) -> None:
        self.budgets += budgets
        self.latencies += latencies


def _judge_query(observer: Observer, budget: Budget, effort: Effort) -> tuple[list[BudgetResult], list[LatencyResult]]:
    """Every limit of a budget on a query but growth; the answer of each case is checked before anything counts."""
    cases = cases_of(observer, budget)
    for case in cases:
        check_answer(observer, case)
    planned = [Planned(case, explain(observer, case)) for case in cases]
    results = worst_shape([finding for one in planned for finding in judge_shape(observer, budget, one)])
    results += [judged for metric in budget.limits for judged in _judge_figure(observer, budget, metric, planned)]
    if budget.share is None:
        return results, []
    sampled = sample_cases(
        observer,
        cases,
        samples=first_look(budget.share, len(cases)),
        limit_s=effort.limit_s,
        is_enough=lambda samples: all(is_decided([budget], sample) for sample in samples),
    )
    timed = [(case, sample) for case, sample in zip(cases, sampled, strict=True) if len(sample)]
    for metric in budget.limits:
        if METRICS[metric].share is not None:
            results.append(judge_latency(budget, metric, timed))
    return results, [_latency(budget, case, sample, len(timed)) for case, sample in timed]


def _judge_figure(
    observer: Observer, budget: Budget, metric: str, planned: Sequence[Planned]
) -> Iterator[BudgetResult]:
    """The limit on a figure of the plans, of their tables or of the client; none where the metric is another."""
    cases = [one.case for one in planned]
    match metric:
        case _ if metric in EXACT:
            yield judge_plans(observer, budget, metric, planned)
        case bloat.METRIC:
            yield judge_bloat(observer, budget, planned)
        case generic.METRIC:
            yield generic.judge_generic(observer, budget, cases)
        case _ if metric in decoding.METRICS:
            yield decoding.judge_decoding(observer, budget, metric, cases)
        case "max_round_trips":
            yield judge_figures(budget, metric, [(case, round_trips(observer, case)) for case in cases])
        case _:
            pass


def _latency(budget: Budget, case: Case, sample: Sample, among: int) -> LatencyResult:
    """The distribution, under the query's name, and the tenant's class or the queue where there are several."""
    name = budget.query or budget.name
    told = whose(case.tenant_class, tenant_id=case.tenant_id, queue_id=case.parameters.get("queue_id"))
    return sample.result(name if among == 1 else f"{name} ({told})")


def _problem(name: str, error: WrongAnswer | psycopg.Error) -> Problem:
    if isinstance(error, WrongAnswer):
        return Problem.of(error)
    state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
    said = " ".join(str(error).split())
    is_late = isinstance(error, psycopg.errors.QueryCanceled)
    return Problem(
        code="server",
        what=f"{name}: the server refused a statement",
        observed=f"{said}{state}",
        expected="an answer" + (" within the statement timeout" if is_late else ""),
        next_step="virtualq plans --query shows how the server answers"
        if is_late
        else "look into the server's log; a schema of another version lacks what is asked for",
    )


def _unjudged(budget: Budget, metric: str, verdict: Verdict, why: str) -> BudgetResult:
    limit = budget.limits[metric]
    return BudgetResult(
        name=budget.name,
        metric=metric,
        verdict=verdict if budget.enforced else "skipped",
        observed=None,
        limit=limit if isinstance(limit, int | float) else ", ".join(limit),
        unit=METRICS[metric].unit,
        sense="equals" if METRICS[metric].kind != "number" else METRICS[metric].sense,
        query=budget.query,
        detail=why,
    )
