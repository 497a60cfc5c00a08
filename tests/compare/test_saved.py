"""Saved results against each other: what repeats exactly always, times of like environments only."""

from __future__ import annotations

import json
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


def test_times_fail_where_their_intervals_are_apart(saved: Saved, policy: ComparePolicy) -> None:
    """By more than the policy lets them be."""
    assert by_kind(compared(saved(), saved(p99=(7.0, 8.0, 9.0)), policy))["time"] == "failed"
    assert by_kind(compared(saved(), saved(p99=(6.2, 8.0, 9.0)), policy))["time"] == "passed"


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
