"""The cost of guarantees: what counts as a rate, what is refused as unfair, and that every part is told."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from virtualq_core.cli.guarantee import table
from virtualq_core.measure.guarantee import board, bulk, run, scene, writing
from virtualq_core.measure.guarantee.pgbench import BenchmarkBroke, Log
from virtualq_core.measure.guarantee.run import measure_guarantees, verdict
from virtualq_core.measure.result import GuaranteeResult
from virtualq_core.measure.sample import WARM_UP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from virtualq_core.database.server import Database

SEED = 7
TICKETS = 200


def log_of(*ends_ms: Sequence[int]) -> Log:
    """A log of as many clients as there are lists, with the ends of their transactions."""
    return Log(
        clients=np.repeat(np.arange(len(ends_ms)), [len(ends) for ends in ends_ms]),
        ends_us=np.concatenate([np.asarray(ends, dtype=np.int64) for ends in ends_ms]) * 1000,
        latencies_us=np.full(sum(map(len, ends_ms)), 900, dtype=np.int64),
    )


@pytest.mark.parametrize(
    ("interval", "at_least", "told"),
    [
        ((0.65, 0.70), True, "passed"),
        ((0.60, 0.64), True, "failed"),
        ((0.60, 0.66), True, "inconclusive"),
        ((1.5, 1.7), False, "passed"),
        ((1.71, 1.9), False, "failed"),
        ((1.6, 1.8), False, "inconclusive"),
        ((0.0, float("inf")), True, "inconclusive"),
    ],
)
def test_only_a_whole_interval_decides(interval: tuple[float, float], told: str, *, at_least: bool) -> None:
    """Passed where all of it keeps the target, failed where none of it does."""
    assert verdict(interval, 0.65 if at_least else 1.7, at_least=at_least) == told


def test_the_table_tells_misses_and_what_is_missing() -> None:
    """A ratio stands with its interval, its target and its verdict; what was skipped says why, in text and Markdown."""
    missed = GuaranteeResult(
        name="bare_update",
        reference="statement",
        unit="transitions/s",
        clients=8,
        value=9_870.0,
        reference_value=4_935.0,
        ratio=2.0,
        interval=(1.9, 2.1),
        target=2.5,
        verdict="failed",
    )
    skipped = GuaranteeResult(
        name="a", reference="b", unit="ms", clients=1, sense="at_most", verdict="skipped", detail="pgbench is not there"
    )

    _, first, second = table([missed, skipped]).splitlines()
    marked = table([missed, skipped], form="markdown").splitlines()

    assert "bare update" in first
    assert "9,870 / 4,935" in first
    assert "2.00 (1.90 to 2.10)" in first
    assert first.endswith("≥ 2.5     failed")
    assert second.endswith("pgbench is not there")
    assert (
        marked[2]
        == "| bare update | statement | 8 | 9,870 / 4,935 | transitions/s | 2.00 (1.90 to 2.10) | ≥ 2.5 | failed |"
    )


def test_a_rate_counts_while_all_clients_are_at_work() -> None:
    """Neither a late start nor a client that is left alone at the end is in it."""
    steady, late = range(1, 101), range(501, 701, 2)
    alone = log_of(range(1, 1001), range(1, 501))

    assert alone.rate == pytest.approx(2000, rel=0.01)
    with pytest.raises(BenchmarkBroke, match="never worked all at once"):
        _ = log_of(steady, late).rate
    assert len(alone.warm_ms) == len(alone) - 2 * WARM_UP


def test_a_slow_machine_has_shorter_turns() -> None:
    """As many blocks as are needed fit into the time; a turn is never too short to be warm."""
    assert writing.turn_size(1.0, 16.0) == writing.TRANSACTIONS
    assert writing.turn_size(4.0, 16.0) == writing.TRANSACTIONS // 2
    assert writing.turn_size(100.0, 16.0) == writing.LEAST_TRANSACTIONS


@pytest.mark.server
@pytest.mark.slow
def test_every_comparison_is_told(dataset_copy: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its medians, its ratio within its interval, and a verdict where something is aimed at."""
    _make_small(monkeypatch)

    found = measure_guarantees(dataset_copy, limit_s=0.1, seed=SEED)

    pairs = [(one.name, one.reference) for one in found]
    assert pairs == [*run.WRITING, ("procedural", "orm"), ("bulk", "loop"), *run.LISTING]
    for one in found:
        assert one.ratio is not None
        assert one.interval is not None
        assert one.interval[0] <= one.ratio <= one.interval[1]
        assert (one.verdict is None) == (one.target is None)
    assert sum(one.target is not None for one in found) == 5


@pytest.mark.server
@pytest.mark.slow
def test_what_needs_pgbench_is_skipped_by_name(dataset_copy: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program is missing the rest is measured all the same."""
    _make_small(monkeypatch)
    monkeypatch.setattr("virtualq_core.measure.guarantee.run.find_program", lambda _: None)

    found = measure_guarantees(dataset_copy, limit_s=0.1, seed=SEED)

    skipped = [(one.name, one.reference) for one in found if one.verdict == "skipped"]
    assert skipped == [*run.WRITING, *run.LISTING]
    assert {one.detail for one in found if one.verdict == "skipped"} == {"pgbench is not there"}
    assert [one.ratio is not None for one in found if one.verdict != "skipped"] == [True, True]


@pytest.mark.server
@pytest.mark.slow
def test_a_variant_that_does_not_do_the_work_has_no_time(
    dataset_copy: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Moves are counted in the rows, and so are the recorded steps."""
    _make_small(monkeypatch)
    place = scene.prepare(dataset_copy, tickets=TICKETS)
    honest = scene.script("statement").read_text(encoding="utf-8")
    monkeypatch.setattr(writing, "VARIANTS", (writing.STATEMENT,))
    broken = tmp_path / "statement.sql"
    monkeypatch.setattr(scene, "script", lambda _: broken)

    for planted in (honest.replace("from moved as m", "from moved as m where false"), "select :tenant_id;\n"):
        broken.write_text(planted, encoding="utf-8")
        with pytest.raises(BenchmarkBroke, match="did not do what it was timed for"):
            writing.measure_writing(place, limit_s=0, draw=random.Random(SEED))
    broken.write_text("select 1 / 0;\n", encoding="utf-8")
    with pytest.raises(BenchmarkBroke, match="division by zero"):
        writing.measure_writing(place, limit_s=0, draw=random.Random(SEED))


def _make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few transactions and tickets as show the rule."""
    monkeypatch.setattr(writing, "TRANSACTIONS", 60)
    monkeypatch.setattr(writing, "CLIENTS", 2)
    monkeypatch.setattr(scene, "TICKETS", TICKETS)
    for part in (writing, bulk, board):
        monkeypatch.setattr(part, "LEAST_BLOCKS", 6)
    monkeypatch.setattr(bulk, "TICKETS", {bulk.LOOP: 10, bulk.BULK: 50})
    monkeypatch.setattr(board, "_TIMES", 3)
