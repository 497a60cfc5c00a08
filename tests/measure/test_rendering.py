"""Plans as text, and two of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.measure.rendering import changed_line, shape, side_by_side, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.measure.plan import Plan

    Stored = Callable[[str], Plan]


def test_the_text_says_what_a_reader_of_explain_looks_for(stored: Stored) -> None:
    """Node, index, condition, estimated and actual rows, blocks."""
    told = text(stored("bitmap"))

    assert "Bitmap Index Scan using idx_ticket_queue_state_created" in told
    assert "Index Cond: ((t.queue_id = 35)" in told
    assert "estimated rows 112, rows 1,000, buffers 7" in told
    assert "Buffers: 114 executing" in told


def test_an_alias_that_is_not_the_tables_name_is_said(stored: Stored) -> None:
    """A self-join would be unreadable otherwise."""
    assert "on ticket other" in text(stored("self_join"))


def test_what_never_ran_is_said_to_have_never_run(stored: Stored) -> None:
    """Its rows are not zero, they are unknown."""
    assert "never executed" in text(stored("never_executed"))


def test_the_same_shape_has_no_changed_line(stored: Stored) -> None:
    """Figures are no part of the shape."""
    assert changed_line(stored("bitmap"), stored("bitmap_15")) is None
    assert shape(stored("bitmap")) == shape(stored("bitmap_15"))


def test_the_first_changed_line_is_named(stored: Stored) -> None:
    """It is what a reader should look at."""
    assert changed_line(stored("bitmap"), stored("bitmap_and")) == "BitmapAnd"


def test_side_by_side_marks_only_what_changed(stored: Stored) -> None:
    """Equal lines bear no mark; new ones do."""
    lines = side_by_side(stored("bitmap"), stored("bitmap_and"), width=60).splitlines()

    sort = next(line for line in lines if line.startswith("Sort "))
    new = next(line for line in lines if "idx_ticket_employee_state" in line)
    assert "|" not in sort
    assert ">" in new
    assert max(map(len, lines)) <= 2 * 60 + 3


def test_a_changed_constant_is_no_change(stored: Stored) -> None:
    """Another queue's plan of the same shape stands beside it unmarked."""
    before, after = stored("index_condition"), stored("index_condition")
    details = dict(after.document["Plan"]) | {
        "Index Cond": "((t.queue_id = 7) AND ((t.current_state)::text = 'x'::text))"
    }
    moved = type(after)({"Plan": details})

    assert changed_line(before, moved) is None
