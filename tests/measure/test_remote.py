"""Plans of tables that are spread over nodes: one node's plan is judged as the query's, and a query of all is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.measure.conftest import PLANS
from virtualq_core.measure.catalogue import Case
from virtualq_core.measure.judgement import Planned, judge_shape
from virtualq_core.measure.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.observer import Observer

    Stored = Callable[[str], Plan]

QUEUE_INDEX = "idx_ticket_queue_state_created"
_COORDINATOR: dict[str, Any] = {
    "Node Type": "Custom Scan",
    "Custom Plan Provider": "Citus Adaptive",
    "Parallel Aware": False,
    "Startup Cost": 0.0,
    "Total Cost": 0.0,
    "Plan Rows": 0,
    "Actual Rows": 1.0,
    "Actual Loops": 1,
    "Shared Hit Blocks": 0,
}


def _of_part(plan: dict[str, Any], number: int) -> dict[str, Any]:
    """A plan as a node tells it: of a part of the table, whose number is in every name."""
    part = dict(plan)
    for name in ("Relation Name", "Index Name"):
        if name in part:
            part[name] = f"{part[name]}_{number}"
    part["Plans"] = [_of_part(child, number) for child in plan.get("Plans", ())]
    return part


def _spread(name: str, *, tasks: int = 1, shown: str | None = None, **query: Any) -> Plan:
    """A stored plan as the coordinator of a cluster tells it, for a query that becomes so many tasks."""
    stored = json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))
    answer = {"Plan": _of_part(stored[0]["Plan"], 102041), "Triggers": [], "Execution Time": 0.1}
    job = {
        "Task Count": tasks,
        "Tuple data received from nodes": "128 bytes",
        "Tasks Shown": shown or ("All" if tasks == 1 else f"One of {tasks}"),
        "Tasks": [{"Node": "host=node-1 port=5432 dbname=virtualq", "Remote Plan": [[answer]]}],
    }
    scan = {**_COORDINATOR, "Distributed Query": {"Job": job, **query}}
    return Plan.parse([{"Plan": scan, "Planning Time": 0.2, "Execution Time": 1.0}])


@pytest.mark.parametrize("name", ["next", "bitmap", "sequential", "self_join", "index_condition"])
def test_a_query_that_one_node_answers_has_that_nodes_plan(stored: Stored, name: str) -> None:
    """With the tables' and indexes' own names: every limit that judges a plan judges it unchanged."""
    there, here = _spread(name), stored(name)

    assert there.fingerprint == here.fingerprint
    assert (there.served_by, there.buffers, there.rows) == (here.served_by, here.buffers, here.rows)
    assert there.sequential_scans == here.sequential_scans
    assert (there.task_count, here.task_count) == (1, None)


def test_a_query_of_every_part_is_known_by_its_tasks() -> None:
    """One of them is shown, and what it reads stands below the coordinator's scan."""
    plan = _spread("sequential", tasks=32)

    assert plan.task_count == 32
    assert plan.root.kind == "Custom Scan"
    assert plan.sequential_scans == ("ticket",)


def test_a_scan_below_the_coordinators_sort_is_found() -> None:
    """What the coordinator does with the answers of several nodes stands above its scan."""
    inner = dict(_spread("sequential", tasks=32).document["Plan"])
    plan = Plan.parse({"Plan": {"Node Type": "Sort", "Plans": [inner]}})

    assert plan.task_count == 32
    assert [node.kind for node in plan.root.walk()][:2] == ["Sort", "Custom Scan"]


def test_a_part_that_is_fetched_first_counts_too() -> None:
    """A common table expression may be asked of all nodes while the query itself goes to one."""
    planned = [[{"Plan": dict(_spread("sequential", tasks=8).document["Plan"])}]]

    plan = _spread("next", Subplans=[{"Intermediate Data Size": "0 bytes", "PlannedStmt": planned}])

    assert plan.task_count == 8


def test_tasks_that_are_not_shown_count_too() -> None:
    """Tables that are joined by another column than the tenant are spread anew, in tasks of which none is shown."""
    job = {"Task Count": 1, "Tasks Shown": "None, not supported for re-partition queries"}
    dependent = {"Dependent Jobs": [{"Map Task Count": 32, "Merge Task Count": 1}]}

    plan = Plan.parse({"Plan": {**_COORDINATOR, "Distributed Query": {"Job": job | dependent}}})

    assert plan.task_count == 32
    assert plan.root.kind == "Custom Scan"


def _judged(budget: Budget, plan: Plan) -> dict[str, tuple[str, str | None]]:
    """The verdict on each metric of the plan's shape, and the code of its problem."""
    case = Case("list_queue", 7, "big", {})
    findings = judge_shape(cast("Observer", None), budget, Planned(case, plan))
    return {one.result.metric: (one.result.verdict, one.problem.code if one.problem else None) for one in findings}


def test_a_query_that_stays_on_its_node_passes_and_its_plan_is_judged(promise: Callable[..., Budget]) -> None:
    """The same limit as on one server."""
    budget = promise(limits={"must_not_scan": ("ticket",)})

    assert _judged(budget, _spread("next")) == {
        "must_stay_on_one_node": ("passed", None),
        "must_not_scan": ("passed", None),
    }
    assert _judged(budget, _spread("sequential"))["must_not_scan"] == ("failed", "sequential-scan")


def test_a_query_that_is_asked_of_all_parts_fails_by_name(promise: Callable[..., Budget]) -> None:
    """Whatever else the budget limits: its work grows with the cluster, and so does its tail."""
    budget = promise(limits={"must_not_scan": ("queue",)})

    findings = judge_shape(
        cast("Observer", None), budget, Planned(Case("list_queue", 7, "big", {}), _spread("next", tasks=32))
    )

    assert findings[0].problem is not None
    assert findings[0].problem.code == "fanned-out"
    assert "list_queue is asked of every part" in findings[0].problem.what
    assert findings[0].problem.observed == "32 tasks (tenant 7)"


def test_on_one_server_the_limit_is_kept_where_it_is_set_and_not_mentioned_elsewhere(
    stored: Stored, promise: Callable[..., Budget]
) -> None:
    """Its plans have no tasks."""
    plan = stored("next")

    assert _judged(promise(limits={"must_stay_on_one_node": True}), plan) == {"must_stay_on_one_node": ("passed", None)}
    assert _judged(promise(limits={"must_not_scan": ("ticket",)}), plan) == {"must_not_scan": ("passed", None)}
