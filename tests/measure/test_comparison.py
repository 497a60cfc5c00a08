"""Subjects against each other, and operations against their budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from virtualq_core import content
from virtualq_core.measure.catalogue import count_tickets
from virtualq_core.measure.comparison import compare_subjects, ratio_of_rates
from virtualq_core.measure.cost import measure_costs
from virtualq_core.measure.ground import choose_ground, longest_path
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.operation import judge_operations
from virtualq_core.subjects import OrmSubject, ProceduralSubject
from virtualq_core.subjects.procedural import ProceduralSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.subjects import Subject
    from virtualq_core.tickets import Transition

SEED = 7
FAULTS = content.beside(__file__, "fault.sql")


class ChattySession(ProceduralSession):
    """Asks the server for nothing, five times, before every transition."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """As the protocol says, with five round trips more."""
        for _ in range(5):
            self.connection.execute(FAULTS["say_nothing"].sql)
        return super().transition(tenant_id, ticket_id, name, **details)


class ChattySubject(ProceduralSubject):
    """The procedural subject with a planted n+1."""

    name = "chatty"

    def open(self, dsn: str, *, role: str | None = "virtualq_app") -> ProceduralSession:
        """As the protocol says."""
        return ChattySession(super().open(dsn, role=role).connection)


def test_the_longest_way_visits_no_state_twice() -> None:
    """Loops and self-edges are not taken; of several ways the longest is."""
    compiled = {
        "none": {"init": "new"},
        "new": {"start": "busy", "drop": "gone"},
        "busy": {"pause": "idle", "again": "busy", "finish": "done"},
        "idle": {"resume": "busy", "finish": "done"},
    }

    assert longest_path(compiled, "new") == ("start", "pause", "finish")


def test_a_way_that_ends_is_preferred_to_a_longer_one_that_does_not() -> None:
    """Tickets that are left open would lengthen the listings that are measured."""
    compiled = {"new": {"loop": "a", "end": "done"}, "a": {"on": "b"}, "b": {"back": "a"}}

    assert longest_path(compiled, "new") == ("end",)


def test_a_state_without_edges_has_no_way() -> None:
    """A machine of one state cannot be timed."""
    assert longest_path({}, "only") == ()


def test_the_ratio_is_taken_within_blocks() -> None:
    """A machine that slows down for both leaves the ratio as it is, and its interval narrow."""
    draw = np.random.default_rng(SEED)
    weather = draw.uniform(0.2, 1.0, 20)

    ratio, (low, high) = ratio_of_rates(list(300 * weather), list(1000 * weather))

    assert ratio == pytest.approx(0.3)
    assert (low, high) == pytest.approx((0.3, 0.3))


def test_the_interval_of_a_ratio_holds_what_is_equal() -> None:
    """Of 300 pairs of subjects of the same cost about 95 % differ from 1 by noise only; 90 % at the very least."""
    draw = np.random.default_rng(SEED)
    held = 0
    for _ in range(300):
        _, (low, high) = ratio_of_rates(list(draw.normal(100, 5, 40)), list(draw.normal(100, 5, 40)))
        held += low < 1 < high

    assert held >= 270, f"seed {SEED}"


@pytest.mark.server
@pytest.mark.slow
def test_what_each_subject_costs_is_told(dataset_copy: Database) -> None:
    """Round trips repeat exactly; a planted n+1 shows in them and in the ratio."""
    subjects: list[Subject] = [ProceduralSubject(), OrmSubject(), ChattySubject()]

    procedural, orm, chatty = compare_subjects(dataset_copy, subjects, limit_s=0.1, seed=SEED)

    assert (procedural.round_trips, chatty.round_trips) == (1, 6)
    assert (orm.round_trips or 0) > 1
    assert (procedural.ratio_to_procedural, procedural.ratio_interval) == (1, (1, 1))
    assert orm.ratio_interval is not None
    assert orm.ratio_interval[0] <= (orm.ratio_to_procedural or 0) <= orm.ratio_interval[1]


@pytest.mark.server
@pytest.mark.slow
def test_operations_leave_the_listings_as_they_were(dataset_copy: Database, promise: Callable[..., Budget]) -> None:
    """They are timed in a queue without open tickets, and every ticket ends closed."""
    observer = Observer.of(dataset_copy)
    ground = choose_ground(observer)
    limits = {"max_round_trips": 1, "max_wal_bytes": 10**6, "p50_ms": 10**6}
    budget = promise(name="move", query=None, operation="transition", limits=limits)

    results, latencies = judge_operations(observer, [budget], limit_s=10)

    assert [result.verdict for result in results] == ["passed"] * 3
    observed = {result.metric: result.observed for result in results}
    assert observed["max_round_trips"] == 1
    assert 100 < float(observed["max_wal_bytes"] or 0) < 10**6
    classes = ("big", "median", "small")
    assert [one.name for one in latencies] == [f"transition (procedural, {of} tenant)" for of in classes]
    assert choose_ground(observer) == ground


@pytest.mark.server
@pytest.mark.slow
def test_a_planted_round_trip_breaks_its_budget(
    dataset_copy: Database, promise: Callable[..., Budget], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the exact number."""
    monkeypatch.setattr("virtualq_core.measure.operation.find_subject", lambda _: ChattySubject())
    budget = promise(name="move", query=None, operation="transition", subject="chatty", limits={"max_round_trips": 1})

    [result], _ = judge_operations(Observer.of(dataset_copy), [budget], limit_s=10)

    assert (result.verdict, result.observed) == ("failed", 6)


@pytest.mark.server
@pytest.mark.slow
def test_one_more_index_shows_in_the_log_of_every_write(dataset_copy: Database) -> None:
    """By the least of several runs, which repeats to within a record, and nothing of it is kept."""
    observer = Observer.of(dataset_copy)
    ground = choose_ground(observer)
    assert ground is not None
    tickets = count_tickets(observer)

    before, again = _log_bytes(observer, ground), _log_bytes(observer, ground)
    with dataset_copy.connect() as connection:
        connection.execute(FAULTS["add_useless_index"].sql)
    after = _log_bytes(observer, ground)

    assert again == pytest.approx(before, rel=0.05)
    assert after[0] > before[0] * 1.02
    assert after[1] > before[1] * 1.04
    assert count_tickets(observer) == tickets


def _log_bytes(observer: Observer, ground: Ground) -> tuple[float, float]:
    """Those of a creation and of a transition."""
    costs = measure_costs(observer, ground, ("create_ticket", "transition"))
    return costs["create_ticket"].wal_bytes, costs["transition"].wal_bytes
