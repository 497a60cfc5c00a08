"""What a server did is told by what it counted, from the load's begin to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.load.figure import Figures
from virtualq_core.load.observation import observe
from virtualq_core.load.processor import Usage
from virtualq_core.load.sampling import Counters, Reading
from virtualq_core.load.statement import Statement, mean_transition, statements_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

S = 1_000_000_000


class Seen:
    """A sampler that has finished, with these readings."""

    def __init__(self, *readings: Reading) -> None:
        self.readings: Sequence[Reading] = readings
        self.missing: Mapping[str, str] = {}
        self.statements = (
            {(1, 1): ("select 1 from virtualq.transition_ticket(x)", 10, 10.0, 100, 50)},
            {
                (1, 1): ("select 1 from virtualq.transition_ticket(x)", 110, 60.0, 1_100, 250),
                (1, 2): ("select 1 from virtualq.transition_tickets(x)", 1, 900.0, 10, 20),
                (1, 3): ("select 'unchanged'", 0, 0.0, 0, 0),
            },
        )


def figures(**given: Any) -> Figures:
    """Of ten seconds that began at the hundredth of the clock."""
    nothing: Any = None
    return Figures(
        **{
            "clients": 2,
            "duration_s": 10.0,
            "transitions": 100,
            "operations": {},
            "latency": nothing,
            "latencies": (),
            "timeline": (),
            "lag": nothing,
            "wire": nothing,
            "pool_wait": nothing,
            "driver_share": 0.0,
            "demanded": nothing,
            "begin_ns": 100 * S,
            "service_ms": 2.0,
            **given,
        }
    )


def reading(at_s: float, updates: int, *, wal: int | None = 0, dead: int = 0, **given: Any) -> Reading:
    """A reading with every second update a heap-only one."""
    return Reading(
        round(at_s * S), counters=Counters(0, updates, updates // 2, dead, 0, 0, 0, 0), wal_bytes=wal, **given
    )


def test_rates_are_those_since_the_look_before() -> None:
    """On the time axis of the load; what lies before its begin or after its end gives totals, but no sample."""
    seen = Seen(
        reading(99, 0, wal=0),
        reading(101, 100, wal=4_000, dead=10),
        reading(103, 300, wal=10_000, dead=30),
        reading(112, 400, wal=12_000, dead=25),
    )
    found = observe(seen, figures())  # type: ignore[arg-type]
    assert [(one.t_s, one.wal_bytes_per_s) for one in found.samples] == [(1.0, 2_000), (3.0, 3_000)]
    assert [one.hot_share for one in found.samples] == [0.5, 0.5]
    assert (found.wal_bytes, found.wal_bytes_per_transition, found.dead_tuples_growth) == (12_000, 120, 25)


def test_what_backends_tell_every_second_is_told_of_more_than_a_second() -> None:
    """They all told at the half second, and a look a moment later sees nothing new."""
    looks = [reading(100 + tenths / 10, updates) for tenths, updates in ((0, 0), (5, 100), (10, 100), (15, 200))]
    found = observe(Seen(*looks, reading(101.6, 200)), figures())  # type: ignore[arg-type]
    assert [one.hot_share for one in found.samples] == [0.5, 0.5, 0.5, 0.5]


def test_counters_that_begin_anew_after_a_crash_lose_nothing_that_was_seen() -> None:
    """A counter that is smaller than before has been set to nothing in between."""
    seen = Seen(*(reading(99 + place, 0, checkpoints=number) for place, number in enumerate((5, 7, 1, 2))))
    assert observe(seen, figures()).checkpoints == 2 + 1 + 1  # type: ignore[arg-type]


def test_waits_are_shares_of_the_time_that_is_not_idle() -> None:
    """Of all looks within the load together."""
    seen = Seen(
        reading(101, 0, waits={"idle": 7, "running": 1}),
        reading(102, 0, waits={"idle": 4, "running": 1, "Lock:tuple": 3}),
        reading(103, 0, waits={"running": 1, "Lock:tuple": 3}),
    )
    found = observe(seen, figures())  # type: ignore[arg-type]
    assert {one.name: one.share for one in found.waits} == {"Lock:tuple": 0.75, "running": 0.25}


@pytest.mark.parametrize(("server_s", "server_share", "other_share"), [(3.0, 0.3, 0.1), (None, None, 0.4)])
def test_processors_are_shared_between_the_load_the_server_and_others(
    server_s: float | None, server_share: float | None, other_share: float
) -> None:
    """Where the server's processes are not known they are others."""
    none = None if server_s is None else 0.0
    seen = Seen(reading(101, 0, usage=Usage(0, 0, 0, none)), reading(106, 0, usage=Usage(10, 6, 2, server_s)))
    found = observe(seen, figures())  # type: ignore[arg-type]
    assert (found.generator_share, found.server_share) == (0.2, server_share)
    assert found.other_share == pytest.approx(other_share)


def test_memory_that_grows_in_the_second_half_is_told() -> None:
    """The most that it was, and from the middle on by how much of it; growth while it warms up is none."""
    sizes = [60, 90, 100, 102, 105]
    looks = [reading(100 + place, 0, usage=Usage(place, 0, 0, None, size)) for place, size in enumerate([50, *sizes])]
    found = observe(Seen(*looks), figures())  # type: ignore[arg-type]
    assert found.generator_bytes == 105
    assert found.generator_growth == pytest.approx(0.05)


def test_what_could_not_be_read_is_none() -> None:
    """A sampler without a connection has times only."""
    found = observe(Seen(Reading(101 * S), Reading(102 * S)), figures())  # type: ignore[arg-type]
    assert (found.wal_bytes, found.hot_share, found.checkpoints, found.generator_share) == (None, None, None, None)
    assert len(found.samples) == 1


def test_the_share_of_the_execution_is_of_what_clients_saw() -> None:
    """Half a millisecond a call, of two that a client waited; a bulk call is not a transition's."""
    found = observe(Seen(reading(101, 0)), figures())  # type: ignore[arg-type]
    assert (found.execution_ms, found.execution_share) == (0.5, 0.25)
    assert [one.calls for one in found.statements] == [1, 100]


def test_statements_are_counted_anew_after_a_crash() -> None:
    """What is there then is all that there was since."""
    before = {(1, 1): ("virtualq.transition_ticket(", 1_000, 1_000.0, 10, 10)}
    after = {(1, 1): ("virtualq.transition_ticket(", 10, 5.0, 1, 1)}
    assert statements_between(before, after) == [Statement("virtualq.transition_ticket(", 10, 0.5, 1, 1)]


def test_statements_that_call_the_transition_in_two_ways_are_one() -> None:
    """Weighted by their calls."""
    two = [
        Statement("a virtualq.transition_ticket(", 1, 3.0, 1, 2),
        Statement("virtualq.transition_ticket(", 3, 1.0, 1, 2),
    ]
    both = mean_transition(two)
    assert both is not None
    assert (both.calls, both.mean_ms, both.wal_bytes, both.blocks) == (4, 1.5, 2, 4)
    assert mean_transition([]) is None
