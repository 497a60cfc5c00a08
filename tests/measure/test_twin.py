"""Ratios with their limits, and what two databases that differ in one thing are found to differ in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.database.clone import fresh_database
from virtualq_core.measure.catalogue import Case
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.twin import (
    Ratio,
    ReadEffect,
    Reader,
    Timing,
    changed_sizes,
    compare_costs,
    relation_sizes,
    time_writes,
)
from virtualq_core.measure.twin.change import ProposalFailed, apply_change, build_concurrently
from virtualq_core.measure.twin.effect import percent_change
from virtualq_core.measure.twin.read import all_cases, key, most_changed
from virtualq_core.measure.twin.write import hold_autovacuum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.plan import Plan

SQL = content.beside(__file__, "twin.sql")
WAIT_INDEX = "ticket_estimated_wait"


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (1.0, "+0.0 %"),
        (0.5, "-50 %"),
        (1.034, "+3.4 %"),
        (4.7, "+370 %"),
        (7.25, "7.2 times"),
        (61.4, "61 times"),
        (0.0004, "-99.96 %"),
        (0.0, "-100 %"),
    ],
)
def test_a_ratio_is_told_as_a_change(ratio: float, told: str) -> None:
    """In per cent as long as that is read easily, and never as a loss of everything where something is left."""
    assert percent_change(ratio).replace("\u00a0", " ") == told


def test_a_ratio_without_an_end_is_beyond_nothing() -> None:
    """Too few blocks decide nothing."""
    unsure = Ratio(value=3.0, low=None, high=None)

    assert not unsure.is_above(1.1)
    assert not unsure.is_below(10.0)
    assert "open" in unsure.text


def test_what_the_sides_differed_by_before_is_taken_off() -> None:
    """And makes the result as unsure as both."""
    found = Ratio(value=1.10, low=1.05, high=1.16)

    better = found.over(Ratio(value=1.02, low=1.00, high=1.05))

    assert better.value == pytest.approx(1.10 / 1.02)
    assert [better.low, better.high] == pytest.approx([1.0, 1.16])


def test_an_uncertainty_reaches_to_both_sides() -> None:
    """Whichever way a pair of copies differed, another pair may differ the other way."""
    found = Ratio(value=0.9, low=0.8, high=1.1).about_one()

    assert [found.low, found.high] == pytest.approx([0.8, 1.25])


@pytest.mark.parametrize(
    ("low", "high", "is_decided"),
    [(0.4, 0.7, True), (1.2, 2.0, True), (0.95, 1.05, True), (0.7, 0.9, False), (1.0, 1.2, False), (0.7, 1.3, False)],
)
def test_a_read_is_timed_until_it_is_a_gain_or_a_loss_or_neither(low: float, high: float, is_decided: bool) -> None:  # noqa: FBT001 -- what is expected
    """A fifth faster is a gain, a tenth slower a loss."""
    assert Timing(gain=0.2, loss=0.1).is_decided(Ratio(value=(low + high) / 2, low=low, high=high)) is is_decided


@pytest.fixture
def pair(server: Server, dataset: Database) -> Iterator[tuple[Database, Database]]:
    """Two copies of the seeded database."""
    with (
        fresh_database(server, template=dataset.name, prefix="vq_copy") as one,
        fresh_database(server, template=dataset.name, prefix="vq_copy") as other,
    ):
        yield one, other


@pytest.mark.server
@pytest.mark.slow
class TestPair:
    """What is found between two databases."""

    def test_copies_log_the_same_and_an_index_more_logs_more(self, pair: tuple[Database, Database]) -> None:
        """To the byte, but for a page boundary now and then; an index costs a transition an entry."""
        base, head = (Observer.of(database) for database in pair)
        same = compare_costs(base, head)
        apply_change(pair[1], SQL["index_waits"].sql)

        more = compare_costs(base, head)

        assert {one.operation for one in same} == {one.operation for one in more}
        assert all(abs(one.log.value - 1) < 0.01 for one in same)
        moved = next(one for one in more if one.operation == "transition_ticket")
        assert 40 < moved.log_bytes[1] - moved.log_bytes[0] < 120

    def test_reads_that_lose_their_index_are_found_without_a_stopwatch(self, pair: tuple[Database, Database]) -> None:
        """Nothing is timed to know it; and what is timed is slower, the learnt difference taken off."""
        base, head = (Observer.of(database) for database in pair)
        cases = [case for case in all_cases(base) if case.query == "list_employee_tickets"]
        timing = Timing(limit_s=1.5, bias_s=0.2)
        with Reader(base, head, timing=timing) as reader:
            reader.learn_bias(cases[:1])
            before = reader.effects(cases)
            apply_change(pair[1], SQL["drop_dashboard_index"].sql)
            after = reader.effects(cases)
            [(case, effect)] = most_changed([one for one in after if key(one[0]) == key(cases[0])], 1)
            timed = reader.time(case, effect)

        assert not any(effect.is_changed for _, effect in before)
        assert effect.blocks.value > 2
        assert "idx_ticket_employee_state" not in effect.after.served_by
        assert timed.time is not None
        assert timed.time.is_above(1.1)

    def test_updates_are_heap_only_where_no_index_follows_them(self, pair: tuple[Database, Database]) -> None:
        """On both sides the same work; on one of them no index holds what it changes."""
        for database in pair:
            hold_autovacuum(database)
        apply_change(pair[1], SQL["drop_indexes_on_state"].sql)

        found = time_writes(*(Observer.of(database) for database in pair), limit_s=0.1)

        assert found.before.updates == found.after.updates > 0
        assert found.before.hot_share is not None
        assert found.after.hot_share is not None
        assert found.before.hot_share < 0.5 < found.after.hot_share
        assert found.before.dead > found.after.dead
        assert all(waited.before_ms > 0 for waited in found.times.values())

    def test_a_change_is_read_from_the_catalogue(self, pair: tuple[Database, Database]) -> None:
        """The lock that it held, the index that came, its size, and the form that lets others write."""
        applied = apply_change(pair[1], SQL["index_waits"].sql)

        [lock] = applied.locks
        [index] = applied.indexes
        assert (lock.table, lock.mode, lock.holds_up) == ("ticket", "ShareLock", "writes; reads go on")
        assert index.is_new
        assert index.concurrently is not None
        assert index.concurrently.startswith(f"CREATE INDEX CONCURRENTLY {WAIT_INDEX} ON")
        [size] = changed_sizes(*(relation_sizes(database) for database in pair))
        assert (size.name, size.kind, size.before_bytes) == (WAIT_INDEX, "index", None)
        assert (build_concurrently(pair[1], index) or 0) > 0
        assert WAIT_INDEX in {name for name, _ in relation_sizes(pair[1])}

    def test_a_dropped_index_and_a_rewritten_table_are_seen_too(self, pair: tuple[Database, Database]) -> None:
        """Whoever rewrites a table keeps everybody out of it."""
        applied = apply_change(pair[1], SQL["rewrite_tickets"].sql)

        assert {(one.table, one.mode) for one in applied.locks} == {("ticket", "AccessExclusiveLock")}
        assert [(one.name, one.is_new) for one in applied.indexes] == [("idx_ticket_tenant_via_queue", False)]
        assert build_concurrently(pair[1], applied.indexes[0]) is None

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("index_concurrently", "without CONCURRENTLY"),
            ("misspell", "at line 2"),
            ("index_nothing", 'column "nothing" does not exist'),
            ("end_transaction", "commit"),
        ],
    )
    def test_a_change_that_cannot_be_applied_leaves_nothing(
        self, pair: tuple[Database, Database], statement: str, said: str
    ) -> None:
        """And says what to do, or where it went wrong."""
        before = relation_sizes(pair[1])

        with pytest.raises(ProposalFailed) as raised:
            apply_change(pair[1], SQL[statement].sql)

        assert said in str(raised.value)
        assert relation_sizes(pair[1]) == before


def test_of_a_query_the_cases_that_changed_most_are_timed(stored: Callable[[str], Plan]) -> None:
    """Not more of them than asked for, whatever their order."""
    small, great = stored("index_condition"), stored("sequential")
    effect = ReadEffect(query="q", tenant_class="big", rows=1, before=small, after=small)
    cases = [Case("q", number, "big", {}) for number in range(3)]
    changed = [(cases[0], effect), (cases[1], replace(effect, after=great)), (cases[2], effect)]

    chosen = most_changed(changed, 2)

    assert len(chosen) == 2
    assert chosen[0][0] is cases[1]
