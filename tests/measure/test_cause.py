"""The likely cause of a changed plan, told from stored plans alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.measure.cause import likely_cause
from virtualq_core.measure.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    Stored = Callable[[str], Plan]


def altered(plan: Plan, **details: Any) -> Plan:
    """The plan with other details in its topmost node; a detail that is None is left out."""
    top = {name: value for name, value in (plan.document["Plan"] | details).items() if value is not None}
    return Plan({"Plan": top})


def only_one_more(plan: Plan) -> Plan:
    """The plan of two indexes, with the queue's own as one of them."""
    text = json.dumps(plan.document).replace("idx_ticket_tenant_via_queue", "idx_ticket_queue_state_created")
    return Plan.parse(text.replace("idx_ticket_employee_state", "ticket_pkey"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("bitmap", "scanned_queue", "ticket is read from end to end instead of by idx_ticket_queue_state_created"),
        (
            "bitmap",
            "without_statistics",
            "serve instead of idx_ticket_queue_state_created, and the condition on current_state is tested row by row",
        ),
        ("bitmap", "wrapped", "the condition on queue_id moved from the index into a filter"),
        ("bitmap", "spilled_queue", "a sort or a hash spills: it writes 27 blocks"),
        ("next", "next_generic", "a generic one, made for any parameters"),
        ("bitmap", "bitmap_15", "the same plan with about the same work"),
    ],
)
def test_the_cause_is_told_in_a_sentence(stored: Stored, before: str, after: str, said: str) -> None:
    """With the indexes, the tables and the columns by name."""
    cause = likely_cause(stored(before), stored(after))

    assert said in cause
    assert not cause.endswith(".")


def test_an_index_that_is_read_no_more_is_named(stored: Stored) -> None:
    """One of two that were combined is gone."""
    assert likely_cause(stored("without_statistics"), stored("bitmap")).startswith(
        "idx_ticket_queue_state_created serves"
    )
    assert "ticket_pkey is read as well now" in likely_cause(stored("bitmap"), only_one_more(stored("bitmap_and")))
    assert "is not read any more" in likely_cause(only_one_more(stored("bitmap_and")), stored("bitmap"))


def test_a_sort_that_the_index_made_unnecessary_is_told(stored: Stored) -> None:
    """The rows come from the same index, and are sorted now."""
    sorted_ = stored("bitmap")
    [unsorted] = sorted_.root.details["Plans"]

    assert likely_cause(Plan({"Plan": unsorted}), sorted_).startswith("a sort appeared")


def test_a_sort_over_all_rows_instead_of_within_groups_is_told(stored: Stored) -> None:
    """The index yields no part of the order any more."""
    incremental = altered(stored("bitmap"), **{"Node Type": "Incremental Sort"})

    assert likely_cause(incremental, stored("bitmap")).startswith("all rows are sorted at once now")


def test_a_lost_bitmap_is_told(stored: Stored) -> None:
    """The same index is read, one row after the other."""
    [scan] = [node for node in stored("bitmap").root.walk() if node.kind == "Bitmap Heap Scan"]
    bitmap, plain = (
        Plan({"Plan": scan.details}),
        altered(
            Plan({"Plan": scan.details}),
            **{
                "Node Type": "Index Scan",
                "Index Name": "idx_ticket_queue_state_created",
                "Index Cond": scan.details["Recheck Cond"],
                "Recheck Cond": None,
                "Plans": None,
            },
        ),
    )

    assert likely_cause(bitmap, plain).startswith("the bitmap is lost")
    assert "by way of a bitmap now" in likely_cause(plain, bitmap)


def test_worse_estimates_are_told_where_the_form_is_the_same(stored: Stored) -> None:
    """The next plan may be another one."""
    before = stored("bitmap")

    assert "off by a factor of 1,000" in likely_cause(before, altered(before, **{"Plan Rows": 1}))


@pytest.mark.parametrize(
    ("rows", "blocks", "said"),
    [
        (1000, 300, "the same plan touches 300 blocks instead of 114 for as many rows: bloat"),
        (3000, 300, "for 3,000 rows instead of 1,000: the data grew"),
        (1000, 20, "the same plan touches 20 blocks instead of 114"),
    ],
)
def test_more_blocks_by_the_same_plan_are_bloat_or_data(stored: Stored, rows: int, blocks: int, said: str) -> None:
    """Which of the two, the number of rows tells."""
    before = stored("bitmap")

    assert said in likely_cause(before, altered(before, **{"Actual Rows": rows, "Shared Hit Blocks": blocks}))


def test_other_steps_are_named(stored: Stored) -> None:
    """Where nothing more is known."""
    top = stored("bitmap")
    limited = Plan({"Plan": {"Node Type": "Limit", "Plans": [top.document["Plan"]], "Plan Rows": 1000}})

    assert likely_cause(top, limited) == "the steps are others: Limit instead of fewer"
