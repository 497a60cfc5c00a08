"""
Budgets against what was measured: a verdict for each limit, with the number, its error and whose number it is.

What repeats exactly gates without tolerance. A percentile passes when the upper end of its confidence interval is
within the limit, fails when the lower end is beyond it, and is inconclusive between, or where there are too few samples
for an upper end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from virtualq_core.measure.budget import METRICS, Budget
from virtualq_core.measure.definition import SLIPS
from virtualq_core.measure.diagnosis import as_declared, diagnose, index_fault, lost_predicate, may_answer
from virtualq_core.measure.explain import explain_after, explain_with
from virtualq_core.measure.rendering import difference
from virtualq_core.measure.result import BudgetResult, Problem, Verdict, worst
from virtualq_core.measure.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.diagnosis import Diagnosis
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.plan import Plan
    from virtualq_core.measure.result import Sense

# How much worse than with the index another plan may do, in blocks, before its choice is held against it. Plans this
# near to each other take turns from one ANALYZE to the next.
TIE_SHARE = 1.1
TIE_BLOCKS = 10
_MEDIAN = 0.5
_AMPLE_MEMORY = "1GB"


def grows(before: float, after: float, share: float) -> bool:
    """Whether blocks grow by more than a share of what they were, and by more than a handful."""
    return after > before * (1 + share) and after - before > TIE_BLOCKS


EXACT = ("max_buffers", "max_planning_buffers", "max_buffers_per_row", "max_rows_removed_per_row", "max_q_error")
"""The numeric metrics that a single plan yields."""


@dataclass(frozen=True)
class Planned:
    """A case and the plan that it got."""

    case: Case
    plan: Plan


@dataclass(frozen=True)
class Finding:
    """One limit's result, and the problem to report where it is not kept."""

    result: BudgetResult
    problem: Problem | None = None


def judge_shape(observer: Observer, budget: Budget, planned: Planned) -> list[Finding]:
    """
    The limits on the plan itself: the indexes that serve it, the tables that it scans, whether it spills.

    Where the tables are spread over nodes, also that one node answers, whether or not the budget says so.
    """
    findings = []
    if planned.plan.task_count is not None or "must_stay_on_one_node" in budget.limits:
        findings.append(_on_one_node(budget, planned))
    findings += [_served(observer, budget, planned, index) for index in budget.names("must_be_served_by")]
    findings += [_servable(observer, budget, planned, index) for index in budget.names("can_be_served_by")]
    findings += [_not_scanned(budget, planned, table) for table in budget.names("must_not_scan")]
    if "must_not_spill" in budget.limits:
        findings.append(_not_spilled(observer, budget, planned))
    return findings


def _served(observer: Observer, budget: Budget, planned: Planned, index: str) -> Finding:
    case, plan = planned.case, planned.plan
    found, forced = _fault(observer, plan, index), None
    if found is None:
        if index in plan.served_by:
            return _text_finding(budget, "must_be_served_by", planned, index)
        if plan.buffers <= TIE_BLOCKS:
            detail = f"{plan.buffers:,} blocks in all, which no index can better by much"
            return _text_finding(budget, "must_be_served_by", planned, index, detail=detail)
        forced = _supported(observer, case, index)
        if forced is not None and plan.buffers <= max(forced.buffers * TIE_SHARE, forced.buffers + TIE_BLOCKS):
            detail = (
                f"the planner does no worse by another way: {plan.buffers:,} blocks, {forced.buffers:,} by {index}; "
                "that it could use the index was shown with other ways forbidden"
            )
            return _text_finding(budget, "must_be_served_by", planned, index, detail=detail)
        found = diagnose(observer, case, plan, index, forced)
    better = found.better or forced or as_declared(observer, case, index)
    problem = Problem(
        code=found.code,
        what=f"{budget.name}: {case.query} is not served by {index}; likely cause: {found.cause}",
        observed=f"served by {_served_by(plan)}, {plan.buffers:,} blocks (tenant {case.tenant_id})",
        expected=f"served by {index}" + (f", {better.buffers:,} blocks" if better else ""),
        next_step=found.next_step,
        comparison=compared(better, plan),
    )
    return _text_finding(budget, "must_be_served_by", planned, index, problem=problem)


def _servable(observer: Observer, budget: Budget, planned: Planned, index: str) -> Finding:
    case, plan = planned.case, planned.plan
    found = _fault(observer, plan, index)
    if found is None:
        if index in plan.served_by:
            return _text_finding(budget, "can_be_served_by", planned, index, detail="used today")
        forced = _supported(observer, case, index)
        if forced is not None:
            detail = (
                f"{forced.buffers:,} blocks if it has to be used; today {_served_by(plan)}, {plan.buffers:,} blocks"
            )
            return _text_finding(budget, "can_be_served_by", planned, index, detail=detail)
        if observer.is_read_only and may_answer(observer, case, plan, index):
            detail = "by its conditions; other ways cannot be forbidden for a trial where the harness only reads"
            return _text_finding(budget, "can_be_served_by", planned, index, detail=detail)
        found = diagnose(observer, case, plan, index, None)
    problem = Problem(
        code=found.code,
        what=f"{budget.name}: {case.query} cannot be served by {index}; likely cause: {found.cause}",
        observed=f"served by {_served_by(plan)} (tenant {case.tenant_id})",
        expected=f"{index} where it has to be used",
        next_step=found.next_step,
        comparison=compared(as_declared(observer, case, index), plan),
    )
    return _text_finding(budget, "can_be_served_by", planned, index, problem=problem)


def compared(demanded: Plan | None, found: Plan) -> str | None:
    """The plan as it should be and as it is, side by side, under the first line that differs; none where none does."""
    return None if demanded is None else difference(demanded, found, names=("as demanded", "today"))


def _fault(observer: Observer, plan: Plan, index: str) -> Diagnosis | None:
    """
    What is wrong apart from the planner's choice: with the index where it is not used, with its use where it is.

    One that is used and differs from the declared one by more than a slip is judged by what it does.
    """
    found = index_fault(observer, index)
    if index not in plan.served_by or (found is not None and found.code in SLIPS):
        return found
    return lost_predicate(observer, plan, index)


def _supported(observer: Observer, case: Case, index: str) -> Plan | None:
    """The plan that the index serves in full when other ways are forbidden; none where it cannot."""
    forced = explain_with(observer, case, index)
    return None if forced is None or lost_predicate(observer, forced, index) else forced


def _not_scanned(budget: Budget, planned: Planned, table: str) -> Finding:
    problem = None
    if table in planned.plan.sequential_scans:
        problem = Problem(
            code="sequential-scan",
            what=f"{budget.name}: {planned.case.query} reads the table {table} from end to end",
            observed=f"{planned.plan.buffers:,} blocks, {planned.plan.rows:,} rows (tenant {planned.case.tenant_id})",
            expected="no sequential scan of it",
            next_step="an index on the columns of the scan's filter",
        )
    limit = f"no sequential scan of {table}"
    return _text_finding(budget, "must_not_scan", planned, limit, problem=problem)


def _on_one_node(budget: Budget, planned: Planned) -> Finding:
    tasks = planned.plan.task_count or 1
    problem = None
    if tasks > 1:
        problem = Problem(
            code="fanned-out",
            what=f"{budget.name}: {planned.case.query} is asked of every part of the tables, not the tenant's alone",
            observed=f"{tasks:,} tasks (tenant {planned.case.tenant_id})",
            expected="1 task",
            next_step="name tenant_id in the conditions of every table that is spread, or equate it with one that does",
        )
    return _text_finding(budget, "must_stay_on_one_node", planned, "1 task", problem=problem)


def _not_spilled(observer: Observer, budget: Budget, planned: Planned) -> Finding:
    problem = None
    if planned.plan.spilled_blocks:
        present = planned.plan.settings.get("work_mem", "the default")
        ample = explain_after(observer, planned.case, settings={"work_mem": _AMPLE_MEMORY})
        problem = Problem(
            code="spill",
            what=f"{budget.name}: {planned.case.query} writes temporary files; likely cause: work_mem ({present}) is "
            "too small",
            observed=f"{planned.plan.spilled_blocks:,} blocks (tenant {planned.case.tenant_id})",
            expected="sorts and hashes that fit into work_mem"
            + (f"; they take {ample.memory_kb:,} kB" if ample is not None and ample.memory_kb else ""),
            next_step="raise work_mem, or let an index yield the order",
            comparison=compared(ample, planned.plan),
        )
    return _text_finding(budget, "must_not_spill", planned, "no temporary file", problem=problem)


def _served_by(plan: Plan) -> str:
    scans = [f"a sequential scan of {table}" for table in plan.sequential_scans]
    return ", ".join([*plan.served_by, *scans]) or "no index"


def _observed(metric: str, plan: Plan) -> str:
    match metric:
        case "must_not_spill":
            return f"{plan.spilled_blocks:,} blocks"
        case "must_stay_on_one_node":
            tasks = plan.task_count or 1
            return f"{tasks:,} task" + ("s" if tasks > 1 else "")
        case _:
            return _served_by(plan)


def _text_finding(
    budget: Budget,
    metric: str,
    planned: Planned,
    limit: str,
    *,
    problem: Problem | None = None,
    detail: str = "",
) -> Finding:
    reached: Verdict = "passed" if problem is None else "failed"
    result = BudgetResult(
        name=budget.name,
        metric=metric,
        verdict=reached if budget.enforced else "skipped",
        observed=_observed(metric, planned.plan),
        limit=limit,
        sense="equals",
        query=budget.query,
        tenant=planned.case.tenant_id,
        detail=detail or (problem.what if problem else ""),
        problem=replace(problem, comparison=None) if problem and budget.enforced else None,
    )
    return Finding(result, problem if budget.enforced else None)


def worst_shape(findings: Sequence[Finding]) -> list[BudgetResult]:
    """One result for each metric and name, the worst over the cases."""
    groups: dict[tuple[str, float | str], list[BudgetResult]] = {}
    for finding in findings:
        groups.setdefault((finding.result.metric, finding.result.limit), []).append(finding.result)
    chosen = []
    for group in groups.values():
        verdict = worst(result.verdict for result in group)
        chosen.append(next(result for result in group if result.verdict == verdict))
    return chosen


def plan_figure(metric: str, plan: Plan) -> float:
    """The plan's figure for a numeric metric."""
    rows = max(plan.rows, 1)
    figures: dict[str, float] = {
        "max_buffers": plan.buffers,
        "max_planning_buffers": plan.planning_buffers,
        "max_buffers_per_row": plan.buffers / rows,
        "max_rows_removed_per_row": plan.rows_removed / rows,
        "max_q_error": plan.q_error,
    }
    return figures[metric]


def judge_figures(
    budget: Budget, metric: str, figures: Sequence[tuple[Case, float]], *, told: str = ""
) -> BudgetResult:
    """A limit on what repeats exactly, without tolerance: the worst case's figure, or the mean over the cases."""
    limit = _number(budget, metric)
    if not figures:
        return unmeasured(budget, metric, "there is no tenant or queue to measure it on")
    case, observed = max(figures, key=lambda one: one[1])
    tenant: int | str = case.tenant_id
    if not budget.worst_tenant:
        observed, tenant = sum(figure for _, figure in figures) / len(figures), "mean"
    verdict, detail = _allow_for_depth(budget, case, "passed" if observed <= limit else "failed")
    detail = "; ".join(part for part in (detail, told) if part)
    return _number_result(budget, metric, verdict, observed, tenant=tenant, samples=len(figures), detail=detail)


def judge_latency(
    budget: Budget, metric: str, sampled: Sequence[tuple[Case | None, Sample]], *, told: str = ""
) -> BudgetResult:
    """A limit on a percentile (the median, where the metric is none): of the worst case, or of all cases' samples."""
    share, limit, sense = METRICS[metric].share or _MEDIAN, _number(budget, metric), METRICS[metric].sense
    if not sampled:
        return unmeasured(budget, metric, "there is no tenant or queue to measure it on")
    if not budget.worst_tenant and len(sampled) > 1:
        sampled = [(None, Sample.pooled([sample for _, sample in sampled]))]
    judged = [(*_judge_percentile(sample, share, limit, sense), case, sample) for case, sample in sampled]
    verdict = worst(one[0] for one in judged)
    extreme = min if sense == "at_least" else max
    _, detail, case, sample = extreme(
        (one for one in judged if one[0] == verdict), key=lambda one: one[3].percentile(share)
    )
    observed = sample.percentile(share)
    low, high = sample.interval(share)
    if case is not None:
        verdict, depth = _allow_for_depth(budget, case, verdict)
        detail = "; ".join(part for part in (detail, depth) if part)
    detail = "; ".join(part for part in (detail, told) if part)
    return _number_result(
        budget,
        metric,
        verdict,
        observed,
        tenant=case.tenant_id if case is not None else None,
        samples=len(sample),
        interval=(min(sample.durations_ms) if low is None else low, high) if high is not None else None,
        detail=detail,
    )


def _judge_percentile(sample: Sample, share: float, limit: float, sense: Sense = "at_most") -> tuple[Verdict, str]:
    low, high = sample.interval(share)
    is_least = sense == "at_least"
    # The end that is nearest to the good side, and the one that is farthest from it.
    best, far = (high, low) if is_least else (low, high)
    if best is not None and (best < limit if is_least else best > limit):
        return "failed", ""
    if far is None:
        return "inconclusive", f"{len(sample):,} samples; {sample.needed(share):,} are needed for p{share * 100:g}"
    if far >= limit if is_least else far <= limit:
        return "passed", ""
    return "inconclusive", "the limit lies within the percentile's confidence interval"


def is_decided(budgets: Sequence[Budget], sample: Sample) -> bool:
    """Whether every latency limit of the budgets has a verdict on this sample, for or against."""
    return all(
        _judge_percentile(sample, share, _number(budget, metric))[0] != "inconclusive"
        for budget in budgets
        for metric in budget.limits
        if (share := METRICS[metric].share) is not None
    )


def _allow_for_depth(budget: Budget, case: Case, verdict: Verdict) -> tuple[Verdict, str]:
    """What a queue of another depth than was asked for can prove: a deeper one a pass, a shallower one a failure."""
    asked, found = budget.tickets_in_queue, case.tickets_in_queue
    if asked is None or found is None or asked == found:
        return verdict, ""
    proven = "passed" if found > asked else "failed"
    detail = f"measured on a queue with {found:,} open tickets; there is none with {asked:,}"
    return (verdict if verdict == proven else "inconclusive"), detail


def _number(budget: Budget, metric: str) -> float:
    limit = budget.limits[metric]
    return float(limit) if isinstance(limit, int | float) else 0.0


def judge_number(
    budget: Budget, metric: str, observed: float, *, samples: int | None = None, detail: str = ""
) -> BudgetResult:
    """A limit on a number that is nobody's in particular."""
    limit = _number(budget, metric)
    is_kept = observed >= limit if METRICS[metric].sense == "at_least" else observed <= limit
    return _number_result(budget, metric, "passed" if is_kept else "failed", observed, samples=samples, detail=detail)


def unmeasured(budget: Budget, metric: str, why: str, *, verdict: Verdict = "inconclusive") -> BudgetResult:
    """The result of a limit that nothing was measured against."""
    return _number_result(budget, metric, verdict, None, detail=why)


def _number_result(
    budget: Budget,
    metric: str,
    verdict: Verdict,
    observed: float | None,
    *,
    tenant: int | str | None = None,
    samples: int | None = None,
    interval: tuple[float, float] | None = None,
    detail: str = "",
) -> BudgetResult:
    return BudgetResult(
        name=budget.name,
        metric=metric,
        verdict=verdict if budget.enforced else "skipped",
        observed=observed,
        limit=_number(budget, metric),
        unit=METRICS[metric].unit,
        sense=METRICS[metric].sense,
        query=budget.query or budget.operation,
        tenant=tenant,
        samples=samples,
        interval=interval,
        detail=detail,
    )
