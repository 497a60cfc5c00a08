"""Growth: the exponent of a fit, and what it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.growth import Point, fit, judge_growth, sweep_sizes
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.place import seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.budget import Budget

    Promise = Callable[..., Budget]


@pytest.mark.parametrize("exponent", [0.0, 0.1, 0.5, 1.0])
def test_the_exponent_of_a_power_law_is_found(exponent: float) -> None:
    """Blocks that grow as tickets to the power of b yield b, within the rounding to whole blocks."""
    points = [Point(tickets, 1, round(100 * tickets**exponent)) for tickets in (4_000, 9_000, 20_000, 100_000)]

    growth = fit(points)

    assert growth.exponent == pytest.approx(exponent, abs=0.001)
    assert growth.spread[0] - 0.001 <= growth.exponent <= growth.spread[1] + 0.001


def test_the_spread_shows_where_a_line_is_a_poor_account() -> None:
    """Flat, and then all at once: the middle exponent alone would hide the jump."""
    growth = fit([Point(10_000, 1, 100), Point(100_000, 1, 100), Point(1_000_000, 1, 1000)])

    assert growth.exponent == pytest.approx(0.5)
    assert growth.spread == pytest.approx((0, 1))


def test_one_size_has_no_exponent() -> None:
    """A line needs two points."""
    with pytest.raises(ValueError, match="two sizes"):
        fit([Point(10, 1, 1), Point(10, 1, 2)])


@pytest.mark.parametrize(
    ("tickets", "sizes"),
    [(1_000_000, [10_000, 100_000]), (10_000_000, [10_000, 100_000, 1_000_000]), (250_000, [10_000, 100_000])],
)
def test_a_large_database_is_swept_by_powers_of_ten(tickets: int, sizes: list[int]) -> None:
    """From ten thousand on, up to its own size."""
    assert sweep_sizes(tickets) == sizes


@pytest.mark.parametrize("tickets", [20_000, 100_000, 150_000])
def test_sizes_are_spread_evenly_by_ratio_below_the_databases_own(tickets: int) -> None:
    """So that each has the same weight, and the smallest still has a queue of a thousand open tickets."""
    low, middle = sweep_sizes(tickets)

    assert 4_000 <= low < middle < tickets
    assert middle / low == pytest.approx(tickets / middle, rel=0.01)


def test_a_small_database_has_no_sizes_below_it() -> None:
    """They would not differ enough."""
    assert sweep_sizes(5_000) == []


@pytest.mark.parametrize(
    ("blocks", "verdict"),
    [
        ((1000, 1000, 1000), "passed"),
        ((1000, 1100, 1200), "passed"),
        ((3, 5, 7), "passed"),
        ((1000, 900, 1000), "passed"),
        ((1000, 1130, 1280), "failed"),
        ((1000, 1000, 3000), "failed"),
        ((5, 50, 500), "failed"),
        ((1000, 1300, 1300), "inconclusive"),
        ((1000, 700, 900), "inconclusive"),
    ],
)
def test_each_step_is_held_to_the_limit(blocks: tuple[int, ...], verdict: str) -> None:
    """
    Against an exponent of 0.05, which is 12 % more blocks for ten times the tickets.

    Blocks are exact: three sizes that agree are a verdict, and a tree's level is no growth. Where one step grows and
    the last or the whole does not, a single exponent says nothing.
    """
    points = [Point(10_000 * 10**place, 1, count) for place, count in enumerate(blocks)]

    assert fit(points).judge(0.05)[0] == verdict


@pytest.mark.server
def test_growth_is_inconclusive_without_other_databases(dataset: Database, promise: Promise) -> None:
    """One size has no slope."""
    budget = promise(limits={"max_growth_exponent": 0.1}, tickets_in_queue=1000)

    [judged] = judge_growth(Observer.of(dataset), [budget], None)

    assert (judged.verdict, judged.observed) == ("inconclusive", None)


@pytest.mark.server
@pytest.mark.slow
def test_a_lost_index_shows_in_the_growth(server: Server, dataset: Database, promise: Promise) -> None:
    """
    The board's blocks do not grow with the database as shipped; without any index on the queue they do.

    The indexes are dropped in the copies of smaller sizes too, so that only the size differs.
    """
    budget = promise(limits={"max_growth_exponent": 0.1}, tickets_in_queue=1000)

    @contextmanager
    def bare(tickets: int) -> Iterator[Database]:
        with seeded(server, tickets=tickets) as database:
            with database.connect() as connection:
                connection.execute("drop index virtualq.idx_ticket_queue_state_created")
                connection.execute("drop index virtualq.idx_ticket_tenant_via_queue")
                connection.execute("drop index virtualq.idx_ticket_employee_state")
            yield database

    [kept] = judge_growth(Observer.of(dataset), [budget], lambda tickets: seeded(server, tickets=tickets))
    with bare(20_000) as whole:
        [lost] = judge_growth(Observer.of(whole), [budget], bare)

    assert kept.verdict == "passed", kept.detail
    assert lost.verdict == "failed", lost.detail
    assert kept.samples == lost.samples == 3
