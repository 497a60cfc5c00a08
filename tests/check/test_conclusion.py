"""How a check's stages end: what the budgets' stage says about times."""

from __future__ import annotations

import pytest

from tests.calibrate.sample import calibration
from virtualq_core.check.conclusion import calibration as quoted
from virtualq_core.check.conclusion import conclude_budgets, unasked
from virtualq_core.check.ledger import OpenStage
from virtualq_core.check.profile import find_profile
from virtualq_core.measure.result import BudgetReport, BudgetResult

REPORT = BudgetReport(
    budgets=(BudgetResult(name="board", metric="p99_ms", verdict="passed", observed=12.0, limit=100),)
)


def test_the_budgets_are_told_with_what_times_are_worth() -> None:
    """As the calibration of this machine found out."""
    kept = calibration()
    stage = OpenStage("budgets")

    conclude_budgets(stage, REPORT, kept, 0.1)

    assert stage.verdict == "passed"
    told = "1 limits: 1 passed; a kept latency limit fails in at most 2.5 %; compare: "
    assert stage.summary == f"{told}{kept.line(0.1)}"


def test_a_machine_that_was_not_calibrated_is_told_how() -> None:
    """By the command."""
    stage = OpenStage("budgets")

    conclude_budgets(stage, REPORT, None, 0.1)

    assert stage.summary.endswith("not calibrated on this machine: virtualq calibrate")
    assert quoted(None, 0.1) is None


def test_readers_of_the_results_get_the_figures() -> None:
    """Of the first gate: both its errors, with the interval."""
    found = quoted(calibration(), 0.1)

    assert found is not None
    assert (found.trials, found.false_alarms, found.limit_s, found.smallest_change) == (300, 1, 10.0, 0.031)
    assert (found.tolerance, found.found_change) == (0.1, 0.1)
    assert found.false_alarm_interval == pytest.approx((0.0, 0.0184), abs=1e-3)


def test_what_a_profile_has_no_time_for_is_skipped_by_name() -> None:
    """Crashes, in the smallest profile; the requirements are there, and say how to ask for them."""
    skipped = unasked(find_profile("smoke"))

    assert {each.id[:3] for each in skipped} == {"DUR"}
    assert {each.verdict for each in skipped} == {"skipped"}
    assert all("virtualq conform --only DUR" in each.evidence for each in skipped)
    assert unasked(find_profile("standard")) == ()
