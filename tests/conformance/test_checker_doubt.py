"""The history checker is in doubt where nothing was put to the test, or where too much is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.operation import Outcome

Tale = Any  # the builder of conftest.py, which cannot be imported by name


@pytest.mark.parametrize("threshold", ["min_operations", "min_contended", "min_races"])
def test_too_little_contention_is_inconclusive(tale: Tale, threshold: str) -> None:
    """A clean recording in which nothing was put to the test is no pass; the threshold is named."""
    tale.move(1, "start", 0, 2)
    tale.refuse(2, "start", 1, 3)
    enough = {"min_operations": 2, "min_contended": 2, "min_races": 1}
    assert tale.judge(Thresholds(**enough)).verdict == "passed"
    judgement = tale.judge(Thresholds(**{**enough, threshold: enough[threshold] + 1}))
    assert judgement.verdict == "inconclusive"
    assert [doubt.threshold for doubt in judgement.doubts] == [threshold]


def test_one_clients_own_operations_are_no_contention(tale: Tale) -> None:
    """It takes two."""
    tale.old("start")
    tale.move(1, "note", 0, 2)
    tale.move(1, "note", 1, 3)
    assert tale.judge().tally.contended == 0


def test_too_many_unknown_outcomes_are_inconclusive(tale: Tale) -> None:
    """Whatever the history looks like."""
    tale.told(1, "start", 0, 1, outcome=Outcome.UNKNOWN)
    tale.move(2, "start", 2, 3)
    judgement = tale.judge()
    assert judgement.verdict == "inconclusive"
    assert [doubt.threshold for doubt in judgement.doubts] == ["max_unknown_share"]


def test_a_record_that_was_cut_short_is_inconclusive(tale: Tale) -> None:
    """What a killed process asked for is not held against the database, and is no pass either."""
    tale.move(1, "start", 0, 1)
    tale.operations.clear()
    judgement = tale.judge(is_complete=False)
    assert judgement.verdict == "inconclusive"
    assert judgement.violation_count == 0


def test_a_violation_outweighs_a_doubt(tale: Tale) -> None:
    """What was seen to be wrong stays wrong."""
    tale.told(1, "start", 0, 1, seq=2)
    assert tale.judge(Thresholds()).verdict == "failed"
