"""Moving a ticket along an edge of its machine, committed and recorded, by each implementation; and what each costs."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.comparison import compare_subjects
from virtualq_core.measure.ground import choose_ground
from virtualq_core.measure.observer import Observer
from virtualq_core.subjects import OrmSubject, ProceduralSubject, visible_connection
from virtualq_core.subjects.round_trip import count_round_trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="move a ticket")]


def test_a_ticket_is_moved(
    dataset_copy: Database, subject: Subject, benchmark: Callable[..., object], note_percentiles: Callable[[], None]
) -> None:
    """Every move leaves one more row of history; each ticket goes the longest way through its machine."""
    ground = choose_ground(Observer.of(dataset_copy))
    assert ground is not None
    with subject.open(dataset_copy.dsn) as session:
        names = cycle(ground.path)
        tickets: list[int] = []

        def next_move() -> tuple[tuple[int, str], dict[str, object]]:
            name = next(names)
            if name == ground.path[0]:
                tickets.append(ground.create(session))
            return (tickets[-1], name), {}

        benchmark.pedantic(  # type: ignore[attr-defined]
            lambda ticket_id, name: ground.move(session, ticket_id, name), setup=next_move, rounds=400
        )

        note_percentiles()
        whole = session.history(ground.tenant_id, tickets[0])
        assert [step.transition_name for step in whole][1:] == list(ground.path)
        ticket_id = ground.create(session)
        with count_round_trips(visible_connection(session)) as counted:
            ground.move(session, ticket_id, ground.path[0])
        benchmark.extra_info |= {"round_trips": counted.count}  # type: ignore[attr-defined]


@pytest.mark.benchmark(group="cost of implementations, in alternation")
def test_what_each_implementation_costs_over_the_procedural(
    dataset_copy: Database, benchmark: Callable[..., object]
) -> None:
    """In alternation on the same data; round trips repeat exactly, the ratio of rates comes with its interval."""
    subjects = (ProceduralSubject(), OrmSubject())

    procedural, orm = benchmark.pedantic(  # type: ignore[attr-defined]
        compare_subjects, args=(dataset_copy, subjects), kwargs={"limit_s": 4.0}, rounds=1
    )

    benchmark.extra_info |= {  # type: ignore[attr-defined]
        "transitions_per_s": {one.name: one.transitions_per_s for one in (procedural, orm)},
        "ratio_to_procedural": orm.ratio_to_procedural,
        "ratio_interval": orm.ratio_interval,
    }
    assert procedural.round_trips == 1
    assert orm.round_trips > procedural.round_trips
