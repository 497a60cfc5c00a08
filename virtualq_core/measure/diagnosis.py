"""Why a plan is not served by an index that should serve it: the likely cause, from the catalogue and the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.measure.plan import wrapped_columns
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.plan import Plan

_SQL = content.beside(__file__, "diagnosis.sql")
_SCHEMA = "virtualq"
_CREATE = re.compile(r"create\s+(?:unique\s+)?index\s+(?P<name>\w+)\s+on\s[^;]+", re.IGNORECASE)
_STALE_SHARE = 0.2


@dataclass(frozen=True)
class Diagnosis:
    """A likely cause: a stable code, the cause in a sentence, and what to do."""

    code: str
    cause: str
    next_step: str


def diagnose(observer: Observer, case: Case, plan: Plan, index: str, forced: Plan | None) -> Diagnosis:
    """
    Why `plan` is not served by `index`, which is sound.

    `forced` is the plan that the index serves when the planner has no other way, or none where it cannot.
    """
    if forced is None:
        return _barrier(observer, case, index) or _unanswerable(observer, plan, index)
    with observer.as_overseer() as connection:
        return _statistics(connection, plan, forced) or _choice(plan, index, forced)


def index_fault(observer: Observer, index: str) -> Diagnosis | None:
    """What is wrong with the index itself: missing, invalid, or not the one that schema/indexes declares."""
    with observer.as_overseer() as connection:
        return _index(connection, index)


def lost_predicate(observer: Observer, plan: Plan, index: str) -> Diagnosis | None:
    """The diagnosis where a plan reads by the index and tests one of its columns in a form that it cannot answer."""
    with observer.as_overseer() as connection:
        columns = _key_columns(connection, index)
    lost = plan.lost_conditions(index, columns, [name for name, is_text in columns.items() if is_text])
    return _lost(index, lost) if lost else None


def _barrier(observer: Observer, case: Case, index: str) -> Diagnosis | None:
    with observer.as_application() as connection, tenant_scope(connection, case.tenant_id):
        row = connection.execute(_SQL["count_leakproof_operators"].sql, {"index": f"{_SCHEMA}.{index}"}).fetchone()
    if row is None or row[0] > 0 or not row[1]:
        return None
    return Diagnosis(
        "row-security-barrier",
        f"row security keeps every condition that {index} could answer from being tested before its own, because "
        "none of the index's operators is declared leakproof",
        "ask through a function that names the tenant and runs as virtualq_maintainer, like virtualq.search_tickets()",
    )


def _index(connection: psycopg.Connection[Any], index: str) -> Diagnosis | None:
    row = connection.execute(_SQL["describe_index"].sql, {"index": f"{_SCHEMA}.{index}"}).fetchone()
    declared = _declared().get(index)
    if row is None:
        file, definition = declared or (None, None)
        how = f"schema/indexes/{file}: {definition}" if file else f"create the index {index}"
        return Diagnosis("missing-index", f"the index {index} is missing", how)
    present, is_usable = row
    if not is_usable:
        return Diagnosis("invalid-index", f"the index {index} is there but invalid", f"reindex index {_SCHEMA}.{index}")
    if declared is not None and _normal(present) != _normal(declared[1]):
        return Diagnosis(
            "other-index",
            f"the index {index} is not the one that schema/indexes/{declared[0]} declares: {present}",
            f"drop it and run: {declared[1]}",
        )
    return None


def _statistics(connection: psycopg.Connection[Any], plan: Plan, forced: Plan) -> Diagnosis | None:
    for table in dict.fromkeys(node.relation for node in (*plan.executed, *forced.executed) if node.relation):
        row = connection.execute(_SQL["describe_statistics"].sql, {"table": f"{_SCHEMA}.{table}"}).fetchone()
        if row is None:
            continue
        believed, changed, is_described = row
        if believed < 0 or not is_described:
            why = f"the table {table} has never been analysed"
        elif changed > _STALE_SHARE * max(believed, 1):
            why = f"{changed:,} rows of {table} changed since it was last analysed, when it had {believed:,.0f}"
        else:
            continue
        return Diagnosis("stale-statistics", f"stale statistics: {why}", f"analyze {_SCHEMA}.{table}")
    return None


def _unanswerable(observer: Observer, plan: Plan, index: str) -> Diagnosis:
    """Why an index that is sound and not barred cannot serve: the conditions on its columns, or that there are none."""
    with observer.as_overseer() as connection:
        columns = _key_columns(connection, index)
    texts = [name for name, is_text in columns.items() if is_text]
    lost = {
        column: str(node.details["Filter"])
        for node in plan.executed
        for column in wrapped_columns(node.details.get("Filter"), node.alias, texts)
        if column in columns
    }
    if lost:
        return _lost(index, lost)
    return Diagnosis(
        "lost-predicate",
        f"the query has no condition that {index} could answer; its columns are {', '.join(columns)}",
        "look at the query's where clause",
    )


def _lost(index: str, conditions: Mapping[str, str]) -> Diagnosis:
    named = " and ".join(conditions)
    return Diagnosis(
        "lost-predicate",
        f"the condition on {named}, a column of {index}, is not in a form that an index can answer: "
        f"{'; '.join(dict.fromkeys(conditions.values()))}",
        "compare the bare column with a value of its own type",
    )


def _key_columns(connection: psycopg.Connection[Any], index: str) -> dict[str, bool]:
    """The index's columns, and of each whether its conditions are written with a cast to text."""
    return dict(connection.execute(_SQL["list_key_columns"].sql, {"index": f"{_SCHEMA}.{index}"}).fetchall())


def _choice(plan: Plan, index: str, forced: Plan) -> Diagnosis:
    changed = ", ".join(f"{name} = {value}" for name, value in plan.settings.items())
    settings = f"; planner settings that are not the default: {changed}" if changed else ""
    return Diagnosis(
        "index-not-chosen",
        f"the planner could use {index} (cost {forced.cost:,.0f}, {forced.buffers:,} blocks) and takes another way "
        f"that it believes cheaper (cost {plan.cost:,.0f}) and that touches {plan.buffers:,} blocks; its worst "
        f"estimate of a number of rows is off by a factor of {plan.q_error:,.0f}{settings}",
        "compare the estimated rows in the plan with those found, and the planner's settings with the machine",
    )


@cache
def _declared() -> dict[str, tuple[str, str]]:
    """Each index that a file of schema/indexes creates, with the first file that does and its statement."""
    found: dict[str, tuple[str, str]] = {}
    folder = content.folder("schema") / "indexes"
    files = sorted(folder.glob("*.sql"), key=lambda path: (path.stem != "seed", path.stem))
    for path in files:
        for match in _CREATE.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match["name"], (path.name, " ".join(match[0].split())))
    return found


def _normal(definition: str) -> str:
    """A definition without what may be written in several ways: case, blanks, the default method."""
    text = " ".join(definition.lower().replace(" using btree", "").split())
    return re.sub(r"\s*([(),])\s*", r"\1", text)
