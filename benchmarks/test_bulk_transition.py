"""Moving twenty tickets along an edge of their machine in one call, committed and recorded, by each implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.ground import BATCH, choose_ground
from virtualq_core.measure.observer import Observer
from virtualq_core.subjects import visible_connection
from virtualq_core.subjects.round_trip import count_round_trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="move many tickets")]


def test_many_tickets_are_moved_at_once(
    dataset_copy: Database, subject: Subject, benchmark: Callable[..., object], note_percentiles: Callable[[], None]
) -> None:
    """Each of them leaves one more row of history."""
    ground = choose_ground(Observer.of(dataset_copy))
    assert ground is not None
    transition = ground.path[0]
    with subject.open(dataset_copy.dsn) as session:
        moved: list[int] = []

        def fresh() -> tuple[tuple[list[int]], dict[str, object]]:
            moved[:] = [ground.create(session) for _ in range(BATCH)]
            return (list(moved),), {}

        benchmark.pedantic(  # type: ignore[attr-defined]
            lambda tickets: ground.move_many(session, tickets, transition), setup=fresh, rounds=100
        )

        note_percentiles()
        steps = [[step.transition_name for step in session.history(ground.tenant_id, one)][1:] for one in moved]
        assert steps == [[transition]] * BATCH
        (tickets,), _ = fresh()
        with count_round_trips(visible_connection(session)) as counted:
            ground.move_many(session, tickets, transition)
        benchmark.extra_info |= {"round_trips": counted.count, "tickets": BATCH}  # type: ignore[attr-defined]
