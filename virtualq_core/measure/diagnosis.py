"""Why a plan is not served by an index that should serve it: the likely cause, from the catalogue and the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.measure.budget import nearest
from virtualq_core.measure.definition import Difference, declared_indexes
from virtualq_core.measure.explain import explain_after
from virtualq_core.measure.plan import wrapped_columns
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.plan import Plan

_SQL = content.beside(__file__, "diagnosis.sql")
_SCHEMA = "virtualq"
_STALE_SHARE = 0.2
_DIFFERENCES: Mapping[Difference, str] = {
    "wrong-column-order": "has its columns in another order than",
    "wrong-sort-direction": "sorts in another direction than",
    "other-index": "is not the one that",
}


@dataclass(frozen=True)
class Diagnosis:
    """
    A likely cause: a stable code, the cause in a sentence, and what to do.

    `better` is the plan with the cause removed, where that was tried.
    """

    code: str
    cause: str
    next_step: str
    better: Plan | None = None


def diagnose(observer: Observer, case: Case, plan: Plan, index: str, forced: Plan | None) -> Diagnosis:
    """
    Why `plan` is not served by `index`, which is sound.

    `forced` is the plan that the index serves when the planner has no other way, or none where it cannot.
    """
    if forced is None:
        return _barrier(observer, case, index) or _unanswerable(observer, plan, index)
    tables = relations_of(plan, forced)
    return (
        _settings(observer, case, plan, index)
        or _statistics(observer, case, index, tables)
        or _choice(plan, index, forced)
    )


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


def may_answer(observer: Observer, case: Case, plan: Plan, index: str) -> bool:
    """
    Whether the query has a condition on the index's first column in a form that it answers, and nothing bars the index.

    That is less than a proof, and all that can be had where the other indexes cannot be dropped for a trial.
    """
    with observer.as_overseer() as connection:
        columns = _key_columns(connection, index)
    if not columns or _barrier(observer, case, index) is not None:
        return False
    first, texts = next(iter(columns)), [name for name, is_text in columns.items() if is_text]
    for node in plan.root.walk():
        lost = wrapped_columns(node.details.get("Filter"), node.alias, texts)
        if first in node.index_columns or (first in node.filter_columns and first not in lost):
            return True
    return False


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
    declared = declared_indexes().get(index)
    if row is None:
        return _missing(connection, index)
    present, is_usable = row
    if not is_usable:
        return Diagnosis("invalid-index", f"the index {index} is there but invalid", f"reindex index {_SCHEMA}.{index}")
    if declared is not None and (difference := declared.difference(present)) is not None:
        return Diagnosis(
            difference,
            f"the index {index} {_DIFFERENCES[difference]} schema/indexes/{declared.file} declares: {present}",
            f"drop it and run: {declared.statement}",
        )
    return None


def _missing(connection: psycopg.Connection[Any], index: str) -> Diagnosis:
    declared = declared_indexes().get(index)
    if declared is not None:
        how = f"schema/indexes/{declared.file}: {declared.statement}"
        return Diagnosis("missing-index", f"the index {index} is missing", how)
    known = {*declared_indexes(), *(name for (name,) in connection.execute(_SQL["list_names"].sql))}
    cause = f"the index {index} is missing, and no file of schema/indexes declares one of that name"
    return Diagnosis("missing-index", cause, f"create it, or name another: '{nearest(index, sorted(known))}'?")


def as_declared(observer: Observer, case: Case, index: str) -> Plan | None:
    """
    The plan that the query would get if the index were as schema/indexes declares it: it is built, and rolled back.

    None where nothing is declared, where the harness may not write, or where it lasts too long.
    """
    declared = declared_indexes().get(index)
    if declared is None or observer.is_read_only:
        return None
    return explain_after(observer, case, [f"drop index if exists {_SCHEMA}.{index}", declared.statement])


def describe_staleness(connection: psycopg.Connection[Any], tables: Iterable[str]) -> Diagnosis | None:
    """The diagnosis where the planner's statistics of a table are missing, or are of another time."""
    for table in dict.fromkeys(tables):
        row = connection.execute(_SQL["describe_statistics"].sql, {"table": f"{_SCHEMA}.{table}"}).fetchone()
        if row is None:
            continue
        believed, changed, is_described = row
        if believed < 0 or not is_described:
            code, why = "missing-statistics", f"missing statistics: the table {table} has never been analysed"
        elif changed > _STALE_SHARE * max(believed, 1):
            code = "stale-statistics"
            why = (
                f"stale statistics: {changed:,} rows of {table} changed since it was last analysed, when it had "
                f"{believed:,.0f}"
            )
        else:
            continue
        return Diagnosis(code, why, f"analyze {_SCHEMA}.{table}")
    return None


def relations_of(*plans: Plan) -> list[str]:
    """The tables that the plans read, each once."""
    return list(dict.fromkeys(node.relation for plan in plans for node in plan.executed if node.relation))


def _statistics(observer: Observer, case: Case, index: str, tables: Sequence[str]) -> Diagnosis | None:
    """Statistics that are missing or stale; where the harness may write, only if new ones change the plan."""
    with observer.as_overseer() as connection:
        found = describe_staleness(connection, tables)
    if found is None or observer.is_read_only:
        return found
    renewed = explain_after(observer, case, [f"analyze {_SCHEMA}.{table}" for table in tables])
    return replace(found, better=renewed) if renewed is not None and index in renewed.served_by else None


def _settings(observer: Observer, case: Case, plan: Plan, index: str) -> Diagnosis | None:
    """The planner's setting that keeps it from the index: with its default, the index serves."""
    with observer.as_overseer() as connection:
        rows = connection.execute(_SQL["list_defaults"].sql, {"names": list(plan.settings)}).fetchall()
    for name, default in rows:
        better = explain_after(observer, case, settings={name: default})
        if better is not None and index in better.served_by:
            return Diagnosis(
                "planner-settings",
                f"{name} = {plan.settings[name]} keeps the planner from {index}, which serves with the default, "
                f"{default}",
                f"reset {name}, or set it to what the machine does",
                better,
            )
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
        forced,
    )
