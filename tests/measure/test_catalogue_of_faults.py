"""Every fault of `benchmarks/faults/`: caught by its budget, named by its cause, and absent without the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.errors import UsageError
from virtualq_core.measure.fault import Trials, read_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.fault import Fault

HEADERS = "-- caught by: queue_monitoring must_be_served_by\n-- named as: missing-index\n"


@pytest.fixture(scope="module")
def trials(server: Server, dataset: Database) -> Iterator[Trials]:
    """One copy without a fault for all of them."""
    with Trials(server, dataset) as made:
        yield made


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("fault", read_faults(), ids=lambda fault: fault.path.stem)
def test_a_planted_fault_is_caught_and_named(trials: Trials, fault: Fault) -> None:
    """
    The same limit is kept without the fault, and fails with it, for the reason that was planted.

    What was observed tells the two apart: it is what the limit is about.
    """
    outcome = trials.run(fault)

    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.is_sound_before, f"fails without the fault: {outcome.observed_before}"
    assert outcome.verdict == "failed", outcome.observed_after
    assert outcome.named == fault.code, outcome.problem
    assert outcome.problem is not None
    assert outcome.problem.observed or outcome.problem.expected
    assert outcome.problem.next_step
    assert outcome.observed_before != outcome.observed_after
    assert max(map(len, (outcome.problem.comparison or "").splitlines()), default=0) <= 76


def test_every_regression_that_a_team_fears_is_in_the_catalogue() -> None:
    """By the codes that a report tells them apart with."""
    codes = {fault.code for fault in read_faults()}

    assert codes >= {
        "bloat",
        "generic-plan-flip",
        "invalid-index",
        "lost-hot",
        "lost-predicate",
        "missing-index",
        "missing-statistics",
        "other-index",
        "planner-settings",
        "round-trips",
        "row-security-barrier",
        "slow-trigger",
        "spill",
        "unexpected-index",
        "unexpected-trigger",
        "wrong-answer",
        "wrong-column-order",
        "wrong-sort-direction",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- named as: x\n", "does not say what it is"),
        ("-- A fault.\n", "is no budget"),
        ("-- A fault.\n-- caught by: queue_monitorin p99_ms\n-- named as: x\n", "is no budget"),
        ("-- A fault.\n-- caught by: queue_monitoring max_wal_bytes\n-- named as: x\n", "max_wal_bytes"),
        ("-- A fault.\n-- caught by: queue_monitoring max_buffers\n", "what its cause is named"),
    ],
)
def test_a_file_that_does_not_say_how_it_is_caught_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A fault that nobody has to catch would prove nothing."""
    (tmp_path / "odd.sql").write_text(text)

    with pytest.raises(UsageError, match=said):
        read_faults(tmp_path)


def test_a_fault_says_what_it_plants(tmp_path: Path) -> None:
    """What the owner runs, and the queries that stand in for the right ones."""
    text = f"-- The index\n-- is gone.\n{HEADERS}\n-- name: plant\ndrop index x;\n\n-- name: list_queue\nselect 1;\n"
    (tmp_path / "index_gone.sql").write_text(text)

    [fault] = read_faults(tmp_path)

    assert (fault.name, fault.sentence) == ("index gone", "The index is gone.")
    assert (fault.budget, fault.metric, fault.code) == ("queue_monitoring", "must_be_served_by", "missing-index")
    assert fault.sql == "drop index x"
    assert {name: one.sql for name, one in fault.queries.items()} == {"list_queue": "select 1"}
