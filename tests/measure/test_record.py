"""Plans kept in a file, and today's held against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.errors import UsageError
from virtualq_core.measure.record import compare_plans, save_plans
from virtualq_core.measure.result import PlanResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from virtualq_core.measure.plan import Plan

    Stored = Callable[[str], Plan]


BIG = {"tenant_class": "big"}
DEEP = {"tenant_class": "deep queue", "tenant_id": 3}


def result(plan: Plan, *, query: str = "list_queue", parameters: Mapping[str, object] = BIG) -> PlanResult:
    """A plan as the stage tells it."""
    return PlanResult(query=query, verdict="passed", parameters=parameters, plan=dict(plan.document))


def test_the_same_plans_have_no_changes(stored: Stored, tmp_path: Path) -> None:
    """Another server's figures for the same plan are no change."""
    file = tmp_path / "plans.json"

    assert save_plans([result(stored("bitmap"))], file) == 1
    assert compare_plans([result(stored("bitmap_15"))], file) == []


def test_a_changed_plan_is_told_with_its_query_its_tenant_and_both_plans(stored: Stored, tmp_path: Path) -> None:
    """And with the first line that differs."""
    file = tmp_path / "plans.json"
    save_plans([result(stored("bitmap"))], file)

    [change] = compare_plans([result(stored("bitmap_and"))], file)

    assert "list_queue, big tenant" in change.text
    assert "114 blocks before, 144 after; BitmapAnd" in change.text
    assert "idx_ticket_employee_state" in change.text


def test_new_and_vanished_plans_are_changes(stored: Stored, tmp_path: Path) -> None:
    """A query that is gone is no pass."""
    file = tmp_path / "plans.json"
    save_plans([result(stored("bitmap"), query="gone")], file)

    texts = [change.text for change in compare_plans([result(stored("bitmap"), query="fresh")], file)]

    assert texts == ["gone, big tenant: gone", "fresh, big tenant: new"]


def test_queues_of_one_class_are_kept_apart(stored: Stored, tmp_path: Path) -> None:
    """The deepest queue and the one of a thousand tickets are both deep; the change of either is told."""
    file = tmp_path / "plans.json"
    kept = [result(stored("bitmap"), parameters={**DEEP, "queue_id": queue}) for queue in (7, 8)]
    assert save_plans(kept, file) == 2

    today = [result(stored("bitmap_and"), parameters={**DEEP, "queue_id": 7}), kept[1]]

    assert [change.what for change in compare_plans(today, file)] == ["list_queue, deep queue 7 of tenant 3"]


def test_another_deepest_queue_takes_the_place_of_the_former(stored: Stored, tmp_path: Path) -> None:
    """In a database that is in use it is another from day to day, and its plan is compared all the same."""
    file = tmp_path / "plans.json"
    save_plans([result(stored("bitmap"), parameters={**DEEP, "queue_id": 7})], file)

    assert compare_plans([result(stored("bitmap"), parameters={**DEEP, "queue_id": 9})], file) == []
    [change] = compare_plans([result(stored("bitmap_and"), parameters={**DEEP, "queue_id": 9})], file)
    assert change.before is not None


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": "other", "plans": []}', '{"format": "virtualq-plans-1", "plans": 3}']
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    """With what was expected."""
    file = tmp_path / "plans.json"
    file.write_text(text)

    with pytest.raises(UsageError, match="saved plans"):
        compare_plans([], file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By name."""
    with pytest.raises(UsageError, match=r"nowhere\.json"):
        compare_plans([], tmp_path / "nowhere.json")
