"""What a seeded database holds looks like a live queue's, and obeys every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.seeding import verify
from virtualq_core.seeding.load import read_dataset

if TYPE_CHECKING:
    from tests.seeding.facts import Seeded

pytestmark = pytest.mark.server


def test_the_dataset_says_what_is_there(seeded: Seeded) -> None:
    """Its figures are the tables' own counts, and the marker remembers it."""
    (counts,) = seeded.ask("count_rows")
    document = seeded.dataset.to_json()
    assert {name: document[name] for name in counts} == counts
    assert counts["tickets"] == 20_000
    assert counts["tenants"] == 12
    with seeded.database.connect() as connection:
        assert read_dataset(connection) == seeded.dataset
    assert seeded.dataset.size_bytes > 10_000_000


def test_no_rule_is_broken(seeded: Seeded) -> None:
    """Neither in the history, nor by an identifier, nor in any ticket's custom data."""
    assert verify(seeded.database, sample=20_000) == []


def test_one_tenant_is_huge_and_one_is_empty(seeded: Seeded) -> None:
    """The largest has two tickets in five, the smallest none, and sizes fall in between."""
    counts = seeded.ask("count_tenant_tickets")
    sizes = [row["tickets"] for row in counts]
    assert counts[0]["tenant_id"] == seeded.dataset.largest_tenant_id
    assert 0.35 < sizes[0] / 20_000 < 0.45
    assert counts[-1]["tenant_id"] == seeded.dataset.smallest_tenant_id
    assert sizes[-1] == 0
    assert sizes[1] > 3 * sizes[8] > 0
    median = next(row["tickets"] for row in counts if row["tenant_id"] == seeded.dataset.median_tenant_id)
    assert sizes[1] > median > sizes[-1]


def test_one_queue_lists_exactly_a_thousand_open_tickets(seeded: Seeded) -> None:
    """All of one type, in the states that tickets wait in; closed ones lie between them."""
    dataset = seeded.dataset
    listed = seeded.ask("list_open_of_queue", queue_id=dataset.listed_queue_id)
    assert sum(row["tickets"] for row in listed) == dataset.listed_open == 1000
    assert {row["type_definition_id"] for row in listed} == {dataset.listed_type_id}
    assert {row["current_state"] for row in listed} == {"received", "in_progress", "ready"}
    (queue,) = [row for row in seeded.ask("count_queue_tickets") if row["queue_id"] == dataset.listed_queue_id]
    assert queue["tenant_id"] == dataset.listed_tenant_id
    assert queue["tickets"] > 1200


def test_depths_are_skewed_and_some_queues_are_empty(seeded: Seeded) -> None:
    """Queues without any ticket, queues without an open one, and deep ones."""
    queues = seeded.ask("count_queue_tickets")
    assert any(row["tickets"] == 0 for row in queues)
    assert any(row["tickets"] > 0 and row["open_tickets"] == 0 for row in queues)
    ordinary = sorted(row["open_tickets"] for row in queues if row["queue_id"] != seeded.dataset.listed_queue_id)
    assert ordinary[-1] > 20
    assert ordinary[-1] > 10 * ordinary[len(ordinary) // 2]


def test_most_tickets_are_closed(seeded: Seeded) -> None:
    """Of every type; and open ones stand in several states."""
    types = seeded.ask("count_types")
    assert len({row["type_code"] for row in types}) >= 5
    used = [row for row in types if row["tickets"]]
    assert {row["type_code"] for row in used} >= {"appointment", "order", "repair", "support", "walk_in"}
    for row in used:
        assert row["closed"] > 0.8 * row["tickets"], row
    assert any(row["tenant_id"] is not None for row in used)


def test_times_are_plausible(seeded: Seeded) -> None:
    """Steps rise from the creation on, end before now, and the last one closes."""
    assert seeded.ask("find_wrong_times", now=seeded.dataset.moment) == []


def test_times_to_live_agree_with_what_happened(seeded: Seeded) -> None:
    """Nobody expired early or without a time to live, nobody closed by hand after it; a few open ones are due."""
    assert seeded.ask("find_impossible_lives") == []
    (counts,) = seeded.ask("count_overdue", now=seeded.dataset.moment)
    assert 0 < counts["overdue"] < 0.1 * counts["can_expire"]
    assert counts["have_ttl"] > 100


def test_each_history_begins_as_its_machine_does(seeded: Seeded) -> None:
    """Also where a tenant's machine names its creation itself."""
    assert seeded.ask("find_wrong_starts") == []


def test_employees_act_on_their_own_tickets(seeded: Seeded) -> None:
    """An actor `employee:7` is the ticket's employee."""
    assert seeded.ask("find_strange_actors", now=seeded.dataset.moment) == []


def test_ids_follow_time(seeded: Seeded) -> None:
    """As in a table that has grown: the index on time and the heap agree."""
    assert seeded.ask("find_disorder") == []


def test_tickets_have_one_to_five_items(seeded: Seeded) -> None:
    """One most often."""
    counts = seeded.ask("count_items")
    assert [row["items"] for row in counts] == [1, 2, 3, 4, 5]
    assert [row["tickets"] for row in counts] == sorted((row["tickets"] for row in counts), reverse=True)


def test_waits_are_what_the_database_would_estimate(seeded: Seeded) -> None:
    """Position over rate, for open tickets only."""
    assert seeded.ask("find_wrong_waits") == []


def test_identifiers_occur_once(seeded: Seeded) -> None:
    """Over all tables."""
    (counts,) = seeded.ask("count_identifiers")
    assert counts["identifiers"] == counts["different"] > 100_000


def test_custom_data_is_varied(seeded: Seeded) -> None:
    """Two tickets in three have custom data of their own; a few have none."""
    (counts,) = seeded.ask("count_custom_data")
    assert 0.94 < counts["filled"] / counts["tickets"] < 0.99
    assert counts["different"] > 0.6 * counts["filled"]


def test_the_tables_are_vacuumed_and_analyzed(seeded: Seeded) -> None:
    """Plans measured right after the load are those of a settled database."""
    assert seeded.ask("find_unvacuumed") == []
