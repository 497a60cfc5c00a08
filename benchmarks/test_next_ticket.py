"""Who is next: a look at the queue's oldest waiting ticket, and its claim, which leases it, by each implementation."""

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
    from virtualq_core.fix_dataset import Benchmarked
    from virtualq_core.subjects import Subject

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="next ticket")]
CLAIMS = 300


def test_the_next_ticket_is_found(benchmark_query: Callable[..., Benchmarked]) -> None:
    """One row, by the index that has the queue in its order."""
    found = benchmark_query("next_ticket")

    assert found.rows == 1
    assert not found.failed
    assert not found.plan.problems


@pytest.mark.benchmark(group="claim the next ticket")
def test_the_next_ticket_is_claimed(
    dataset_copy: Database, subject: Subject, benchmark: Callable[..., object], note_percentiles: Callable[[], None]
) -> None:
    """Every claim leases another ticket."""
    ground = choose_ground(Observer.of(dataset_copy))
    assert ground is not None
    with subject.open(dataset_copy.dsn) as session:
        for _ in range(CLAIMS + WARM_UP + 1):
            ground.create(session)
        claimed: list[int | None] = []

        benchmark.pedantic(  # type: ignore[attr-defined]
            lambda: claimed.append(ground.claim(session)), rounds=CLAIMS, warmup_rounds=WARM_UP
        )

        note_percentiles()
        with count_round_trips(visible_connection(session)) as counted:
            claimed.append(ground.claim(session))
        benchmark.extra_info |= {"round_trips": counted.count}  # type: ignore[attr-defined]
    assert None not in claimed
    assert len(set(claimed)) == len(claimed)
