"""
Plans of tables that are spread over nodes: Citus' custom scan, and in it the plan of the node that was asked.

The coordinator's node is a `Custom Scan` with `Distributed Query` in it: how many tasks the query became, one for each
part of the tables that is asked, and the plans of those that are shown (one of them, unless `citus.explain_all_tasks`
is on). A part of a table, and its indexes, bear the table's name and a number: `ticket_102041`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_QUERY = "Distributed Query"
_NUMBER = re.compile(r"_\d{6,}$")
_NAMED = ("Relation Name", "Index Name")


def task_count(plan: Mapping[str, Any]) -> int | None:
    """
    The most tasks that any part of a plan became, those of its sub-plans included; None where nothing is spread.

    One is a query that the tenant's node answers by itself.
    """
    counts = [
        int(found[name])
        for query in _queries(plan)
        for found in _objects(query)
        for name in ("Task Count", "Map Task Count")
        if name in found
    ]
    return max(counts, default=None)


def with_remote_plans(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    The plan as the tables' own: a custom scan of one task gives way to the plan of the node that it asks.

    Where there are several, the scan stays, and the plan that is shown for one of them stands below it.
    """
    children = [with_remote_plans(child) for child in plan.get("Plans", ())]
    if _QUERY not in plan:
        return {**plan, "Plans": children} if children else plan
    remote = [_renamed(shown) for shown in _shown(plan[_QUERY])]
    if task_count(plan) == 1 and len(remote) == 1 and not children:
        return remote[0]
    return {**plan, "Plans": [*children, *remote[:1]]}


def _queries(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if _QUERY in plan:
        yield plan[_QUERY]
    for child in plan.get("Plans", ()):
        yield from _queries(child)


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 -- whatever JSON holds
    """Every JSON object in a value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _shown(query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The plans of the tasks that are shown; each comes as a node's answer to EXPLAIN, in a list or two."""
    for task in query.get("Job", {}).get("Tasks", ()):
        answer = task.get("Remote Plan")
        while isinstance(answer, list) and answer:
            answer = answer[0]
        if isinstance(answer, dict) and isinstance(answer.get("Plan"), dict):
            yield answer["Plan"]


def _renamed(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan with the names of the tables and indexes instead of those of their parts."""
    renamed = dict(plan)
    for name in _NAMED:
        if name in plan:
            renamed[name] = _NUMBER.sub("", plan[name])
    if plan.get("Alias") == plan.get("Relation Name", ""):
        renamed["Alias"] = renamed["Relation Name"]
    if "Plans" in plan:
        renamed["Plans"] = [_renamed(child) for child in plan["Plans"]]
    return renamed
