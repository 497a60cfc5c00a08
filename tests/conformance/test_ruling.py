"""What a test makes of a judgement: a pass with its counts, a disappointment, or nothing that can be relied on."""

from __future__ import annotations

from typing import Any

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.expectation import Inconclusive, NotAsRequired
from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.ruling import require_truth

Tale = Any  # the builder of conftest.py, which cannot be imported by name

RACED = Thresholds(min_operations=2, min_contended=2, min_races=1)


@pytest.fixture
def told() -> list[str]:
    """The evidence."""
    return []


@pytest.fixture
def raced(tale: Tale) -> Tale:
    """Two clients at one edge."""
    tale.move(1, "start", 0, 2)
    tale.refuse(2, "start", 1, 3)
    return tale


def test_a_clean_recording_passes_with_its_counts(raced: Tale, told: list[str]) -> None:
    """They are the evidence."""
    require_truth(raced.judge(RACED), told.append, failures={})
    counts = "2 writes on 1 tickets: 1 acknowledged, 1 refused, 0 unknown; 2 contended, 1 lost a race; 0 reads"
    assert told == [counts]


def test_a_broken_invariant_is_told_by_name_with_the_operation(raced: Tale, told: list[str]) -> None:
    """It outweighs that too little happened."""
    raced.told(3, "complete", 4, 5, seq=3)
    with pytest.raises(NotAsRequired) as caught:
        require_truth(raced.judge(Thresholds()), told.append)
    assert "1 violations (acknowledged-exactly-once)" in caught.value.observed
    assert "client 3: transition 'complete'" in caught.value.observed
    assert caught.value.expected.startswith("what was acknowledged is in the history once")
    assert told == []


def test_an_operation_that_failed_counts_only_where_none_should(raced: Tale, told: list[str]) -> None:
    """After a crash one may; in a race a deadlock, say, is a disappointment."""
    raced.told(3, "complete", 4, 5, outcome=Outcome.FAILED, reason="40P01")
    require_truth(raced.judge(RACED), told.append)
    with pytest.raises(NotAsRequired, match="1 operations that failed: 40P01: deadlock detected"):
        require_truth(raced.judge(RACED), told.append, failures={"40P01": "deadlock detected"})


def test_low_contention_is_never_a_pass(tale: Tale, told: list[str]) -> None:
    """However clean the history is; both figures are told."""
    tale.move(1, "start", 0, 1)
    with pytest.raises(Inconclusive, match=r"too few operations lost a race.*: 0; expected .*at least 1") as caught:
        require_truth(tale.judge(RACED), told.append)
    assert "too few operations were tried: 1" in caught.value.observed
    assert told == []


def test_many_unknowns_are_never_a_pass(raced: Tale, told: list[str]) -> None:
    """Whatever the history looks like."""
    raced.told(3, "complete", 4, 5, outcome=Outcome.UNKNOWN)
    with pytest.raises(Inconclusive, match=r"unknown outcome: 33.33% \(1\); expected at most 1.00%"):
        require_truth(raced.judge(RACED), told.append)
