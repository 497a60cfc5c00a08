"""
Results that were saved, compared without measuring anything again.

Plans, blocks and log repeat exactly wherever the data and PostgreSQL's major version are the same. Times do not: those
of unlike environments are refused, for two single runs differ by what the machine did meanwhile. Those of like ones
pass where even the ends of both runs' intervals that are farthest apart keep the policy, fail where the nearest ones do
not, and are inconclusive between. What the base was measured in and the head was not is named, and does not pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from virtualq_core.compare.judgement import judge_blocks
from virtualq_core.compare.result import Comparison, Difference
from virtualq_core.measure.budget import METRICS
from virtualq_core.measure.calibration import unlike
from virtualq_core.measure.record import Change, pair_plans, plans_by_case
from virtualq_core.measure.twin.effect import percent_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from virtualq_core.measure.plan import Plan
    from virtualq_core.measure.policy import ComparePolicy
    from virtualq_core.measure.record import PlanKey
    from virtualq_core.measure.result import BudgetResult, Verdict
    from virtualq_core.report.results import Results

    _Ends: TypeAlias = tuple[float | None, float | None]


def compare_saved(base: Results, head: Results, policy: ComparePolicy, *, names: tuple[str, str]) -> Comparison:
    """Plans, blocks, log and, of like environments, times of two saved results."""
    refused = []
    differences: list[Difference] = []
    is_same_data = base.dataset is not None and head.dataset is not None and base.dataset.hash == head.dataset.hash
    versions = [str(results.environment.get("postgres_version", "")).partition(".")[0] for results in (base, head)]
    if not is_same_data:
        refused.append("plans, blocks and log: the results are of other data (seed, number of tickets, or its making)")
    elif versions[0] != versions[1]:
        refused.append(f"plans, blocks and log: PostgreSQL {versions[0]} and {versions[1]} are meant to differ in them")
    else:
        differences += _plans(base, head, policy)
        differences += _budgets(base, head, policy)
        differences += _gone(base, head)
    others = unlike(base.environment, head.environment)
    if others:
        refused.append(f"times: the environments differ in {', '.join(others)}")
    elif is_same_data:
        differences += _times(base, head, policy)
    return Comparison(
        base=names[0],
        head=names[1],
        differences=tuple(differences),
        refused=tuple(refused),
        trust="times of two runs that were not taken together; for a verdict on time compare both sides now",
        environments=(base.environment, head.environment),
        tickets=None if head.dataset is None else head.dataset.tickets,
        seed=head.seed,
    )


def _plans(base: Results, head: Results, policy: ComparePolicy) -> Iterator[Difference]:
    before, after = plans_by_case(base.plans), plans_by_case(head.plans)
    for key, old, new in pair_plans(before, after):
        if old is None or new is None:
            yield from _alone(key, old, new, others=after if new is None else before)
        elif old.fingerprint != new.fingerprint or old.buffers != new.buffers:
            yield Difference(
                kind="plan" if old.fingerprint != new.fingerprint else "blocks",
                what=key.text,
                before=f"{old.buffers:,} blocks",
                after=f"{new.buffers:,} blocks",
                change=_change(old.buffers, new.buffers),
                verdict=judge_blocks(old.buffers, new.buffers, policy),
                detail=Change(key.query, key.text, old, new).text,
            )


def _alone(key: PlanKey, old: Plan | None, new: Plan | None, *, others: Mapping[PlanKey, Plan]) -> Iterator[Difference]:
    """
    A plan that only one side tells; nothing where the other has the same for another case of the query.

    Results tell a plan once, by the first of the cases that get it. Only that of a query that is new altogether passes.
    """
    known = {plan.fingerprint for other, plan in others.items() if other.query == key.query}
    if any(plan is not None and plan.fingerprint in known for plan in (old, new)):
        return
    yield Difference(
        kind="plan",
        what=key.text,
        before="none" if old is None else f"{old.buffers:,} blocks",
        after="none" if new is None else f"{new.buffers:,} blocks",
        change="new" if old is None else "gone",
        verdict="passed" if old is None and not known else "inconclusive",
    )


def _budgets(base: Results, head: Results, policy: ComparePolicy) -> Iterator[Difference]:
    """The figures that repeat exactly, but for those that the plans above have told."""
    for old, new in _paired(base, head):
        metric = METRICS[old.metric]
        if not metric.is_noise_free or metric.kind != "number" or old.observed == new.observed:
            continue
        before, after = float(old.observed or 0), float(new.observed or 0)
        if metric.unit == "blocks":
            verdict = judge_blocks(before, after, policy)
        else:
            growth = policy.largest_log_growth
            is_worse = after < before * (1 - growth) if old.sense == "at_least" else after > before * (1 + growth)
            verdict = "failed" if is_worse else "passed"
        yield Difference(
            kind="budget",
            what=f"{old.name} {old.metric}",
            before=f"{before:,.6g} {old.unit}".rstrip(),
            after=f"{after:,.6g} {old.unit}".rstrip(),
            change=_change(before, after),
            verdict=verdict,
        )


def _gone(base: Results, head: Results) -> Iterator[Difference]:
    """The limits that the base was judged by and for which the head has no figure."""
    paired = {(old.name, old.metric) for old, _ in _paired(base, head)}
    told = {(one.name, one.metric) for one in head.budgets if one.observed is not None}
    for old in base.budgets:
        is_number = isinstance(old.observed, int | float)
        if old.observed is not None and (old.name, old.metric) not in (paired if is_number else told):
            yield Difference(
                kind="budget",
                what=f"{old.name} {old.metric}",
                before=f"{old.observed:,.6g} {old.unit}".rstrip() if is_number else str(old.observed),
                after="none",
                change="gone",
                verdict="inconclusive",
            )


def _times(base: Results, head: Results, policy: ComparePolicy) -> Iterator[Difference]:
    for old, new in _paired(base, head):
        if METRICS[old.metric].share is None:
            continue
        before, after = float(old.observed or 0), float(new.observed or 0)
        verdict, detail = _judge_time(old.interval, new.interval, 1 + policy.largest_read_loss)
        yield Difference(
            kind="time",
            what=f"{old.name} {old.metric}",
            before=f"{before:.3g} ms",
            after=f"{after:.3g} ms",
            change=_change(before, after),
            verdict=verdict,
            detail=detail,
        )


def _judge_time(old: _Ends | None, new: _Ends | None, most: float) -> tuple[Verdict, str]:
    """Two runs' intervals of a percentile, of which the head's may be so many times the base's."""
    (lowest, highest), (low, high) = old or (None, None), new or (None, None)
    if low is not None and highest is not None and low > highest * most:
        return "failed", "two runs; even the nearest ends of their intervals are apart by more than the policy allows"
    if high is not None and lowest is not None and high <= lowest * most:
        return "passed", "two runs; even the farthest ends of their intervals are within what the policy allows"
    if None in (lowest, highest, low, high):
        return "inconclusive", "a run has too few samples for an interval"
    return "inconclusive", "two runs; their intervals are too wide to tell"


def _paired(base: Results, head: Results) -> Iterator[tuple[BudgetResult, BudgetResult]]:
    """The same limit on both sides, where both observed a number and this version knows the metric."""
    known = {(one.name, one.metric): one for one in base.budgets}
    for new in head.budgets:
        old = known.get((new.name, new.metric))
        if (
            old is not None
            and new.metric in METRICS
            and isinstance(old.observed, int | float)
            and isinstance(new.observed, int | float)
        ):
            yield old, new


def _change(before: float, after: float) -> str:
    return percent_change(after / before) if before else "from nothing" if after else "none"
