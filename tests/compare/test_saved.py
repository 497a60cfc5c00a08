"""Saved results against each other: what repeats exactly always, times of like environments only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from virtualq_core.compare import compare_saved, result
from virtualq_core.compare.page import WIDTH, account

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.compare import Comparison
    from virtualq_core.measure.policy import ComparePolicy
    from virtualq_core.report.results import Results

    Saved = Callable[..., Results]

SCHEMA = json.loads(Path(result.__file__).with_name("compare.schema.json").read_text(encoding="utf-8"))


def compared(base: Results, head: Results, policy: ComparePolicy) -> Comparison:
    """The comparison, held to its schema and to the terminal's width."""
    found = compare_saved(base, head, policy, names=("results:base.json", "results:head.json"))
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert max(map(len, account(found).splitlines())) <= WIDTH or found.verdict == "failed"
    return found


def by_kind(found: Comparison) -> dict[str, str]:
    """The verdict of each kind of difference."""
    return {one.kind: one.verdict for one in found.differences}


def test_the_same_results_differ_in_nothing_that_fails(saved: Saved, policy: ComparePolicy) -> None:
    """Two runs of the same thing pass."""
    found = compared(saved(), saved(), policy)

    assert found.verdict == "passed"
    assert by_kind(found) == {"time": "passed"}


def test_more_blocks_fail_with_both_plans_and_the_cause(saved: Saved, policy: ComparePolicy) -> None:
    """Another plan that touches no more does not."""
    worse = compared(saved(), saved(plan="sequential", blocks=900), policy)
    other = compared(saved(), saved(plan="sequential", blocks=100), policy)

    [failed] = [one for one in worse.differences if one.verdict == "failed"]
    assert failed.kind == "plan"
    assert "likely cause" in failed.detail
    assert "likely cause" in account(worse)
    assert other.verdict == "passed"


def test_more_log_fails(saved: Saved, policy: ComparePolicy) -> None:
    """Less does not, nor does a hundredth more."""
    assert by_kind(compared(saved(), saved(log_bytes=1100.0), policy))["budget"] == "failed"
    assert by_kind(compared(saved(), saved(log_bytes=1010.0), policy))["budget"] == "passed"
    assert by_kind(compared(saved(), saved(log_bytes=900.0), policy))["budget"] == "passed"


@pytest.mark.parametrize(
    ("p99", "verdict"),
    [
        ((5.0, 5.1, 5.3), "passed"),
        ((2.0, 2.5, 3.0), "passed"),
        ((4.9, 5.1, 5.5), "inconclusive"),
        ((4.9, 8.0, 11.0), "inconclusive"),
        ((5.5, 8.0, 9.0), "inconclusive"),
        ((5.7, 8.0, 9.0), "failed"),
    ],
)
def test_times_are_judged_by_the_ends_of_their_intervals(
    saved: Saved, policy: ComparePolicy, p99: tuple[float, float, float], verdict: str
) -> None:
    """Against 4.9 to 5.1 ms and a tenth: passed up to 5.39 ms, failed from 5.61 ms on, and between nobody knows."""
    assert by_kind(compared(saved(), saved(p99=p99), policy))["time"] == verdict


def test_times_without_an_interval_prove_nothing(saved: Saved, policy: ComparePolicy) -> None:
    """Too few samples are no pass."""
    head = saved()
    budgets = tuple(replace(one, interval=None) for one in head.budgets)

    assert by_kind(compared(saved(), replace(head, budgets=budgets), policy))["time"] == "inconclusive"


@pytest.mark.parametrize(
    ("part", "missing"),
    [("plans", ["list_queue, big tenant"]), ("budgets", ["board max_wal_bytes", "board p99_ms"])],
)
def test_what_the_head_was_not_measured_in_is_named_and_does_not_pass(
    saved: Saved, policy: ComparePolicy, part: str, missing: list[str]
) -> None:
    """A plan or a budget that is gone may have become worse; one that is new may not."""
    less = replace(saved(), plans=()) if part == "plans" else replace(saved(), budgets=())

    gone = compared(saved(), less, policy)
    new = compared(less, saved(), policy)

    assert gone.verdict == "inconclusive"
    assert [one.what for one in gone.differences if one.change == "gone"] == missing
    assert new.verdict == "passed"


def test_a_plan_that_is_told_by_another_case_is_not_gone(saved: Saved, policy: ComparePolicy) -> None:
    """Results tell a plan once, by the first of the cases that get it."""
    both = saved()
    [big] = both.plans
    small = replace(big, parameters={"tenant_class": "small"})
    other = replace(saved(plan="sequential").plans[0], parameters={"tenant_class": "small"})

    assert compared(replace(both, plans=(big, small)), both, policy).verdict == "passed"
    assert compared(replace(both, plans=(big, other)), both, policy).verdict == "inconclusive"


@pytest.mark.parametrize(("change", "named"), [({"cpu": "other"}, "cpu"), ({"work_mem": "8MB"}, "work_mem")])
def test_times_of_unlike_environments_are_refused(
    saved: Saved, policy: ComparePolicy, change: dict[str, str], named: str
) -> None:
    """By name; plans, blocks and log are compared all the same."""
    found = compared(saved(), saved(log_bytes=1100.0, p99=(70.0, 80.0, 90.0), **change), policy)

    assert [one for one in found.refused if named in one]
    assert by_kind(found) == {"budget": "failed"}


def test_results_of_other_data_prove_nothing(saved: Saved, policy: ComparePolicy) -> None:
    """Neither a pass nor a failure."""
    found = compared(saved(), saved(data="b" * 64, blocks=900), policy)

    assert found.verdict == "inconclusive"
    assert "other data" in found.refused[0]
