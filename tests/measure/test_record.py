"""Plans kept in a file, and today's held against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.errors import UsageError
from virtualq_core.measure.record import compare_plans, save_plans
from virtualq_core.measure.result import PlanResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from virtualq_core.measure.plan import Plan

    Stored = Callable[[str], Plan]


def result(plan: Plan, *, query: str = "list_queue", tenant_class: str = "big") -> PlanResult:
    """A plan as the stage tells it."""
    parameters = {"tenant_class": tenant_class}
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
