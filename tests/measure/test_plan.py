"""Plans read from EXPLAIN's JSON: fingerprints, the indexes that serve, and the noise-free figures."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.measure.partition import without_partitions
from virtualq_core.measure.plan import Plan, columns_of, wrapped_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    Stored = Callable[[str], Plan]

QUEUE_INDEX = "idx_ticket_queue_state_created"


def test_a_self_joins_sides_are_told_apart_by_alias(stored: Stored) -> None:
    """Two scans of one table are two entries of the fingerprint, each under its own alias."""
    mine, other = stored("self_join").root.children[0].children

    assert mine.fingerprint[1] == "ticket mine"
    assert other.fingerprint[1] == "ticket other"


def test_swapping_the_sides_of_a_self_join_changes_the_fingerprint(stored: Stored) -> None:
    """A map keyed by relation name would not see that the outer side has become the inner one."""
    plan = stored("self_join")
    swapped: dict[str, Any] = copy.deepcopy(dict(plan.document))
    sides = swapped["Plan"]["Plans"][0]["Plans"]
    sides[0]["Alias"], sides[1]["Alias"] = sides[1]["Alias"], sides[0]["Alias"]

    assert Plan.parse(swapped).fingerprint != plan.fingerprint


def test_a_predicate_that_slides_from_index_condition_to_filter_changes_the_fingerprint(stored: Stored) -> None:
    """The same index may still be read; what it answers for has changed."""
    plan = stored("index_condition")
    slid: dict[str, Any] = copy.deepcopy(dict(plan.document))
    slid["Plan"]["Index Cond"] = "(t.queue_id = 35)"
    slid["Plan"]["Filter"] = "(lower((t.current_state)::text) = 'received'::text)"

    assert Plan.parse(slid).served_by == plan.served_by
    assert Plan.parse(slid).digest != plan.digest
    assert Plan.parse(slid).root.index_columns == ("queue_id",)
    assert Plan.parse(slid).root.filter_columns == ("current_state",)


def test_a_bitmap_path_names_its_index_and_its_condition(stored: Stored) -> None:
    """The index below a bitmap heap scan serves the query; its condition's columns are its own."""
    plan = stored("bitmap")
    scan = plan.executed[-1]

    assert plan.served_by == (QUEUE_INDEX,)
    assert scan.kind == "Bitmap Index Scan"
    assert scan.index_columns == ("current_state", "queue_id")


def test_a_lost_bitmap_path_changes_the_fingerprint(stored: Stored) -> None:
    """Two indexes combined instead of one that answers all is another plan."""
    assert stored("bitmap").fingerprint != stored("bitmap_and").fingerprint
    assert stored("bitmap_and").served_by == ("idx_ticket_tenant_via_queue", "idx_ticket_employee_state")


def test_the_same_plan_has_the_same_fingerprint_on_every_version(stored: Stored) -> None:
    """Costs, counts, constants and what a version adds to EXPLAIN's output are no part of it."""
    assert stored("bitmap_15").digest == stored("bitmap").digest
    assert stored("bitmap_15").buffers != stored("bitmap").buffers


def test_constants_and_counts_are_no_part_of_the_fingerprint(stored: Stored) -> None:
    """Another queue of another depth, planned alike, is the same plan."""
    plan = stored("bitmap")
    other: dict[str, Any] = copy.deepcopy(dict(plan.document))
    scan = other["Plan"]["Plans"][0]["Plans"][0]
    scan["Index Cond"] = scan["Index Cond"].replace("35", "7").replace("received", "t.created_at = 3")
    scan["Actual Rows"] = 3

    assert Plan.parse(other).digest == plan.digest


def test_an_index_that_is_planned_but_never_executed_serves_nothing(stored: Stored) -> None:
    """Only what was read counts as having served."""
    plan = stored("never_executed")

    assert [node.index for node in plan.root.walk() if node.index] == ["ticket_pkey", "ticketitem_pkey"]
    assert plan.served_by == ("ticket_pkey",)


def test_blocks_are_those_of_the_whole_plan(stored: Stored) -> None:
    """The root's hits and reads include its children's; temporary blocks are no part of them."""
    plan = stored("self_join")
    scans = plan.root.children[0].children

    assert plan.buffers == 340
    assert sum(scan.buffers for scan in scans) == 340
    assert stored("spill").buffers == 553


def test_blocks_read_count_like_blocks_hit(stored: Stored) -> None:
    """What the cache happens to hold does not change the figure."""
    plan = stored("bitmap")
    cold: dict[str, Any] = copy.deepcopy(dict(plan.document))
    cold["Plan"]["Shared Read Blocks"] = cold["Plan"]["Shared Hit Blocks"]
    cold["Plan"]["Shared Hit Blocks"] = 0

    assert Plan.parse(cold).buffers == plan.buffers == 114


def test_planning_blocks_are_kept_apart(stored: Stored) -> None:
    """On a new connection most of them are catalogue, and would drown a query's own."""
    plan = stored("bitmap")
    planned: dict[str, Any] = copy.deepcopy(dict(plan.document)) | {
        "Planning": {"Shared Hit Blocks": 200, "Shared Read Blocks": 9}
    }

    assert Plan.parse(planned).planning_buffers == 209
    assert Plan.parse(planned).buffers == plan.buffers


def test_packing_does_not_count_where_each_fetched_row_counts_as_a_block(stored: Stored) -> None:
    """A thousand rows are a thousand blocks, however many share one; the index's blocks are counted as they are."""
    plan = stored("bitmap")
    scattered: dict[str, Any] = copy.deepcopy(dict(plan.document))
    for node in (scattered["Plan"], scattered["Plan"]["Plans"][0]):
        node["Shared Hit Blocks"] += 600

    assert plan.scattered_blocks == 7 + 1000
    assert Plan.parse(scattered).scattered_blocks == plan.scattered_blocks
    assert Plan.parse(scattered).buffers == plan.buffers + 600


def test_rows_that_are_fetched_and_thrown_away_count_as_blocks_too(stored: Stored) -> None:
    """They are what grows when an index is lost; a sequential scan counts its blocks."""
    assert stored("filter").scattered_blocks == 627 + 1425
    assert stored("sequential").scattered_blocks == stored("sequential").buffers


def test_a_sort_on_disk_is_a_spill(stored: Stored) -> None:
    """It shows in the temporary blocks that are written; a sort in memory writes none."""
    assert stored("spill").spilled_blocks > 0
    assert stored("bitmap").spilled_blocks == 0


def test_the_q_error_is_the_worst_nodes_either_way(stored: Stored) -> None:
    """47 estimated, 1,000 found: off by 21; estimating too much counts as much as too little."""
    plan = stored("bitmap")
    too_much: dict[str, Any] = copy.deepcopy(dict(plan.document))
    too_much["Plan"]["Plan Rows"] = 50_000

    assert plan.q_error == pytest.approx(1000 / 47)
    assert Plan.parse(too_much).q_error == pytest.approx(50)


def test_a_bitmap_ands_rows_are_not_counted_into_the_q_error(stored: Stored) -> None:
    """It hands over a bitmap and reports no rows, so that it would always look off by its estimate."""
    assert stored("bitmap_and").q_error == pytest.approx(1000 / 47)


def test_rows_thrown_away_are_counted_over_all_loops(stored: Stored) -> None:
    """EXPLAIN gives them for one loop."""
    plan = stored("filter")
    looped: dict[str, Any] = copy.deepcopy(dict(plan.document))
    looped["Plan"]["Plans"][0]["Actual Loops"] = 3

    assert plan.rows_removed == 1425
    assert Plan.parse(looped).rows_removed == 3 * 1425


def test_a_condition_within_an_expression_is_lost_to_the_index(stored: Stored) -> None:
    """`lower(current_state)` is tested on every row of the queue; a bare condition would not have been lost."""
    lost = stored("filter").lost_conditions(
        "idx_ticket_tenant_via_queue", ["queue_id", "current_state"], ["current_state"]
    )

    assert list(lost) == ["current_state"]
    assert "lower" in lost["current_state"]


def test_a_filter_above_a_bitmap_belongs_to_the_index_below_it(stored: Stored) -> None:
    """The bitmap heap scan tests on the rows that the index yields; bare conditions are the planner's choice."""
    plan = stored("bitmap")
    wrapped: dict[str, Any] = copy.deepcopy(dict(plan.document))
    wrapped["Plan"]["Plans"][0]["Filter"] = "((t.tenant_id + 0) = 5)"

    assert plan.lost_conditions(QUEUE_INDEX, ["tenant_id"]) == {}
    assert list(Plan.parse(wrapped).lost_conditions(QUEUE_INDEX, ["tenant_id"])) == ["tenant_id"]


@pytest.mark.parametrize(
    ("condition", "wrapped"),
    [
        ("(t.queue_id = 35)", ()),
        ("(35 = t.queue_id)", ()),
        ("((t.queue_id + 0) = 35)", ("queue_id",)),
        ("((t.current_state)::text = ANY ('{a,b}'::text[]))", ()),
        ("(lower((t.current_state)::text) = 'a'::text)", ("current_state",)),
        ("((t.extid)::text = 'a'::text)", ("extid",)),
        ("((t.created_at + '01:00:00'::interval) > now())", ("created_at",)),
        ("((t.queue_id = 3) AND ((t.queue_id + 1) = 4))", ()),
        ("(t.custom_data @> '{}'::jsonb)", ()),
        ("(t.queue_id = (other.queue_id + 1))", ()),
    ],
)
def test_bare_conditions_are_told_from_wrapped_ones(condition: str, wrapped: tuple[str, ...]) -> None:
    """Only `varchar` columns are bare under a cast to text; any other column's cast is an expression."""
    assert wrapped_columns(condition, "t", ["current_state"]) == wrapped


def test_a_sequential_scan_is_named_by_its_table(stored: Stored) -> None:
    """And an index scan is none."""
    assert stored("sequential").sequential_scans == ("ticket",)
    assert stored("bitmap").sequential_scans == ()


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("((t.queue_id = 35) AND ((t.current_state)::text = 'received'::text))", ("current_state", "queue_id")),
        ("(t.name = 'it''s t.queue_id'::text)", ("name",)),
        ('(t."Odd Name" = 1)', ("Odd Name",)),
        ("(t.queue_id = other.queue_id)", ("other.queue_id", "queue_id")),
        ("(virtualq.new_extid() = t.extid)", ("extid",)),
        ("(queue_id = 35)", ("queue_id",)),
        (
            "((created_at > '2025-01-01'::timestamp with time zone) AND (lower((a)::text) = 'x'::text))",
            ("a", "created_at"),
        ),
        ("(t.id = (InitPlan 1).col1)", ("id",)),
        (None, ()),
    ],
)
def test_columns_are_found_in_conditions(condition: str | None, columns: tuple[str, ...]) -> None:
    """Literals, casts, functions and subplans are not columns."""
    assert columns_of(condition, "t") == columns


@pytest.mark.parametrize("answer", [[], {}, {"Plan": 3}, "[]", [{"Plan": {}}, {"Plan": {}}]])
def test_what_is_not_a_plan_is_refused(answer: object) -> None:
    """An empty answer or two statements' plans are an error, not an empty plan."""
    with pytest.raises(ValueError, match="EXPLAIN"):
        Plan.parse(answer)


def _over_months(*months: dict[str, Any]) -> Plan:
    """A history read through these partitions, as EXPLAIN tells it, with the partitions told as their table."""
    children = [
        {"Node Type": "Index Scan", "Alias": f"h_{number}", "Index Cond": f"(h_{number}.ticket_id = 7)", **month}
        for number, month in enumerate(months, 1)
    ]
    document = {"Plan": {"Node Type": "Append", "Plans": children}}
    wholes = {f"history_2025_{month:02}": "history" for month in range(1, 13)}
    wholes |= {f"{name}_pkey": "history_pkey" for name in wholes}
    return Plan.parse(without_partitions(document, wholes))


def _scanned(month: int, **details: object) -> dict[str, Any]:
    name = f"history_2025_{month:02}"
    return {"Relation Name": name, "Index Name": f"{name}_pkey", "Shared Hit Blocks": 3, "Actual Loops": 1} | details


def test_partitions_are_told_as_the_table_and_the_index_that_they_are_of() -> None:
    """What is demanded of a plan names those; which month a tenant's rows lie in is no other plan."""
    plan = _over_months(_scanned(1), _scanned(2))

    assert plan.served_by == ("history_pkey",)
    assert [node.relation for node in plan.executed if node.relation] == ["history", "history"]
    assert [node.details["Partition"] for node in plan.root.children] == ["history_2025_01", "history_2025_02"]
    assert plan.fingerprint == _over_months(_scanned(3), _scanned(4), _scanned(5)).fingerprint
    assert plan.fingerprint != _over_months(_scanned(1), _scanned(2, **{"Index Cond": "(h_2.seq = 1)"})).fingerprint


def test_an_empty_partition_that_is_read_whole_is_no_sequential_scan() -> None:
    """A month that is made ahead has no block to read; one that has several is scanned indeed."""
    whole = {"Node Type": "Seq Scan", "Index Name": None, "Index Cond": None}
    ahead = _over_months(_scanned(1), _scanned(2, **whole, **{"Shared Hit Blocks": 0}))
    behind = _over_months(_scanned(1), _scanned(2, **whole, **{"Shared Hit Blocks": 40}))

    assert ahead.sequential_scans == ()
    assert ahead.fingerprint == _over_months(_scanned(1)).fingerprint
    assert behind.sequential_scans == ("history",)
    assert behind.fingerprint != ahead.fingerprint
