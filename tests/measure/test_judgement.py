"""Verdicts: what repeats gates without tolerance, what varies with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from virtualq_core.fix_dataset import percentiles
from virtualq_core.measure.catalogue import Case
from virtualq_core.measure.judgement import is_decided, judge_figures, judge_latency, plan_figure
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.result import worst
from virtualq_core.measure.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtualq_core.measure.budget import Budget

    Promise = Callable[..., Budget]


def case(tenant_id: int, *, tickets: int | None = None) -> Case:
    """A case of the queue's listing."""
    return Case("list_queue", tenant_id, "big", {}, tickets)


def sample(count: int, *, fast: float = 1.0, slow: float = 1.0, slow_count: int = 0) -> Sample:
    """So many latencies, the last of them slow."""
    return Sample([fast] * (count - slow_count) + [slow] * slow_count)


def test_a_figure_beyond_its_limit_fails_by_the_smallest_amount(promise: Promise) -> None:
    """Blocks repeat exactly; there is nothing to tolerate."""
    budget = promise(limits={"max_buffers": 100})

    assert judge_figures(budget, "max_buffers", [(case(1), 100)]).verdict == "passed"
    assert judge_figures(budget, "max_buffers", [(case(1), 101)]).verdict == "failed"


def test_the_verdict_is_the_worst_tenants(promise: Promise) -> None:
    """And it is named."""
    judged = judge_figures(promise(limits={"max_buffers": 100}), "max_buffers", [(case(1), 2), (case(7), 180)])

    assert (judged.verdict, judged.tenant, judged.observed) == ("failed", 7, 180)


def test_without_worst_tenant_the_verdict_is_the_means(promise: Promise) -> None:
    """A budget may ask for that in words."""
    budget = promise(limits={"max_buffers": 100}, worst_tenant=False)

    judged = judge_figures(budget, "max_buffers", [(case(1), 2), (case(7), 180)])

    assert (judged.verdict, judged.tenant, judged.observed) == ("passed", "mean", 91)


def test_nothing_to_measure_is_inconclusive(promise: Promise) -> None:
    """An empty database keeps no promise."""
    assert judge_figures(promise(limits={"max_buffers": 1}), "max_buffers", []).verdict == "inconclusive"
    assert judge_latency(promise(limits={"p99_ms": 1}), "p99_ms", []).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("taken", "verdict"),
    [
        (sample(400), "passed"),
        (sample(400, slow=900, slow_count=1), "inconclusive"),
        (sample(400, slow=900, slow_count=40), "failed"),
        (sample(100), "inconclusive"),
        (sample(3, fast=900), "failed"),
        (sample(100, fast=900), "failed"),
    ],
)
def test_a_percentile_is_judged_by_its_interval(promise: Promise, taken: Sample, verdict: str) -> None:
    """
    It passes where the interval's upper end keeps the limit, fails where the lower end does not.

    One slow request in 400 lies within the interval of the 99th percentile, 40 do not. A hundred samples have no upper
    end and can prove a failure only; for that three are enough, since one in a hundred was allowed.
    """
    judged = judge_latency(promise(limits={"p99_ms": 100}), "p99_ms", [(case(1), taken)])

    assert judged.verdict == verdict


def test_too_few_samples_say_how_many_are_needed(promise: Promise) -> None:
    """A number without its error is not given one."""
    judged = judge_latency(promise(limits={"p99_ms": 100}), "p99_ms", [(case(1), sample(100))])

    assert "368 are needed for p99" in judged.detail
    assert judged.interval is None
    assert judged.samples == 100


def test_the_worst_tenants_percentile_is_told(promise: Promise) -> None:
    """Of a passing and a failing tenant the failing one, though the other has more samples."""
    slow = sample(400, fast=150)

    judged = judge_latency(promise(limits={"p99_ms": 100}), "p99_ms", [(case(1), sample(4000)), (case(9), slow)])

    assert (judged.verdict, judged.tenant, judged.observed) == ("failed", 9, 150)


def test_a_deeper_queue_than_asked_for_proves_a_pass_only(promise: Promise) -> None:
    """1,200 tickets within the limit keep the promise for 1,000; beyond it they say nothing."""
    budget = promise(limits={"max_buffers": 100}, tickets_in_queue=1000)

    passing = judge_figures(budget, "max_buffers", [(case(1, tickets=1200), 100)])
    failing = judge_figures(budget, "max_buffers", [(case(1, tickets=1200), 101)])

    assert (passing.verdict, failing.verdict) == ("passed", "inconclusive")
    assert "1,200" in failing.detail


def test_a_shallower_queue_than_asked_for_proves_a_failure_only(promise: Promise) -> None:
    """30 tickets beyond the limit break the promise for 1,000; within it they say nothing."""
    budget = promise(limits={"p99_ms": 100}, tickets_in_queue=1000)

    passing = judge_latency(budget, "p99_ms", [(case(1, tickets=30), sample(400))])
    failing = judge_latency(budget, "p99_ms", [(case(1, tickets=30), sample(400, fast=101))])

    assert (passing.verdict, failing.verdict) == ("inconclusive", "failed")


def test_a_budget_that_is_not_enforced_has_no_verdict(promise: Promise) -> None:
    """It is measured and shown."""
    judged = judge_figures(promise(limits={"max_buffers": 1}, enforced=False), "max_buffers", [(case(1), 9)])

    assert (judged.verdict, judged.observed) == ("skipped", 9)


@pytest.mark.parametrize(
    ("metric", "kept", "broken"),
    [
        ("max_planning_buffers", {}, {"Planning": {"Shared Hit Blocks": 40, "Shared Read Blocks": 20}}),
        ("max_rows_removed_per_row", "index_condition", "filter"),
        ("max_q_error", "filter", "without_statistics"),
    ],
)
def test_the_shipped_limits_on_a_plan_are_broken_by_a_bad_one(
    budgets: Mapping[str, Budget], stored: Callable[[str], Plan], metric: str, kept: object, broken: object
) -> None:
    """Planning that reads sixty blocks, two rows thrown away for one returned, a thousand rows taken for one."""
    board = budgets["queue_monitoring"]
    good, bad = (
        stored(given)
        if isinstance(given, str)
        else Plan.parse({**stored("index_condition").document, **cast("dict[str, object]", given)})
        for given in (kept, broken)
    )

    verdicts = [
        judge_figures(board, metric, [(case(1, tickets=1000), plan_figure(metric, plan))]).verdict
        for plan in (good, bad)
    ]

    assert verdicts == ["passed", "failed"]


@pytest.mark.parametrize(
    ("taken", "verdict"),
    [
        (sample(40, fast=300), "passed"),
        (sample(40, fast=100), "failed"),
        (sample(40, fast=100, slow=300, slow_count=20), "inconclusive"),
        (sample(5, fast=300), "inconclusive"),
    ],
)
def test_what_must_be_reached_is_judged_by_the_other_end(promise: Promise, taken: Sample, verdict: str) -> None:
    """It passes where the interval's lower end reaches the limit; and of several cases the slowest is told."""
    budget = promise(limits={"min_rows_decoded_per_s": 200})

    judged = judge_latency(budget, "min_rows_decoded_per_s", [(case(1), taken), (case(2), sample(40, fast=900))])

    assert judged.verdict == verdict
    assert judged.tenant == 1


def test_the_highest_percentile_is_told_only_of_enough_samples() -> None:
    """In a benchmark's `extra_info`: of 3,687 samples p99.9 would be the slowest of all."""
    assert "p999_ms" not in percentiles(sample(3687))
    assert percentiles(sample(3688, slow=9, slow_count=8))["p999_ms"] == 9


def test_sampling_goes_on_until_every_percentile_is_decided(promise: Promise) -> None:
    """Decided for one limit and not for the other is not decided."""
    budget = promise(limits={"p50_ms": 100, "p99_ms": 100})

    assert is_decided([budget], sample(400))
    assert not is_decided([budget], sample(100))


def test_the_worst_of_many_verdicts() -> None:
    """A failure outranks an error, an error doubt; what was skipped has no say."""
    assert worst(["passed", "inconclusive", "error", "failed"]) == "failed"
    assert worst(["passed", "inconclusive", "error"]) == "error"
    assert worst(["passed", "skipped"]) == "passed"
    assert worst([]) == "skipped"
