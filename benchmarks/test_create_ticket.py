"""Creating a ticket with custom data and two items, committed, by each implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.ground import choose_ground
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.sample import WARM_UP
from virtualq_core.subjects import visible_connection
from virtualq_core.subjects.round_trip import count_round_trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="create a ticket")]


def test_a_ticket_is_created(
    dataset_copy: Database, subject: Subject, benchmark: Callable[..., object], note_percentiles: Callable[[], None]
) -> None:
    """Every creation leaves a ticket in its initial state with one row of history."""
    ground = choose_ground(Observer.of(dataset_copy))
    assert ground is not None
    with subject.open(dataset_copy.dsn) as session:
        created = [ground.create(session)]
        history = session.history(ground.tenant_id, created[0])
        assert [step.seq for step in history] == [1]

        benchmark.pedantic(  # type: ignore[attr-defined]
            lambda: created.append(ground.create(session)), rounds=300, warmup_rounds=WARM_UP
        )

        note_percentiles()
        with count_round_trips(visible_connection(session)) as counted:
            ground.create(session)
        benchmark.extra_info |= {"round_trips": counted.count}  # type: ignore[attr-defined]
    assert len(set(created)) == len(created)
