"""The plans of cases: as the planner takes them today, and as it would if it had to take an index."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.adapt import PyFormat, Transformer

from virtualq_core import content
from virtualq_core.measure.partition import list_partitions, without_partitions
from virtualq_core.measure.plan import Plan
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from virtualq_core.content import Statement
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer

_SQL = content.beside(__file__, "explain.sql")
_SCHEMA = "virtualq"
# PostgreSQL makes five plans for the parameters before it compares their costs with a generic plan's.
_USES = 7
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)s|(?P<sign>%))")
_CALLED = re.compile(r"\bvirtualq\.(?P<function>\w+)\(")


def explained(case: Case) -> Statement:
    """The statement whose plan is the case's: its own, or the one within the function that it calls."""
    return _inner().get(case.query, case.statement)


def explain(observer: Observer, case: Case) -> Plan:
    """
    The plan that the application gets for the case, executed.

    It is taken the second time, so that catalogue look-ups and hint bits are not counted as the query's buffers.
    """
    with _scope(observer, case) as connection:
        _explain(connection, case)
        return _explain(connection, case)


def explain_with(observer: Observer, case: Case, index: str) -> Plan | None:
    """
    The plan that uses the index, executed, or none where the index cannot serve the query.

    The planner is asked with sequential scans forbidden and random reads at no premium, and where it then prefers
    another index and the harness may write, once more with the other indexes dropped. All of that is rolled back.
    """
    with _scope(observer, case) as connection:
        connection.execute(_SQL["favour_indexes"].sql)
        _explain(connection, case)
        plan = _explain(connection, case)
    if index in plan.served_by:
        return plan
    if observer.is_read_only:
        return None
    with _scope(observer, case, only_index=index) as connection:
        connection.execute(_SQL["favour_indexes"].sql)
        _explain(connection, case)
        plan = _explain(connection, case)
    return plan if index in plan.served_by else None


@dataclass(frozen=True)
class Modes:
    """
    A case's plan for its own parameters and the one for any, both executed with its own.

    `is_flipped` says that PostgreSQL takes the latter by itself once a statement has been used some times with these
    parameters.
    """

    case: Case
    custom: Plan
    generic: Plan
    is_flipped: bool


def explain_modes(observer: Observer, case: Case) -> Modes:
    """
    The plans that an application gets from a statement that its driver has prepared.

    PostgreSQL plans it for the parameters five times, and then for any, where that seems no dearer.
    """
    with _scope(observer, case) as connection:
        names = _prepare(connection, case)
        values = sql.SQL(", ").join(sql.Literal(case.parameters[name]) for name in names)
        execute = sql.SQL(_SQL["execute_statement"].sql).format(values=values)
        for _ in range(_USES):
            last = _explained(connection, execute)
        plans = []
        for mode in ("force_custom_plan", "force_generic_plan"):
            connection.execute(_SQL["choose_plan_mode"].sql, {"mode": mode})
            _explained(connection, execute)
            plans.append(_explained(connection, execute))
        connection.execute(_SQL["forget_statement"].sql)
    return Modes(case, plans[0], plans[1], last.is_generic)


def explain_after(
    observer: Observer, case: Case, changes: Sequence[str] = (), settings: Mapping[str, str] | None = None
) -> Plan | None:
    """
    The plan as it would be after these statements of the owner and with these settings; all of it is rolled back.

    None where a change is refused, or lasts longer than the observer waits. Changes need the right to write.
    """
    try:
        with _scope(observer, case, changes=changes) as connection:
            for name, value in (settings or {}).items():
                connection.execute(_SQL["choose_setting"].sql, {"name": name, "value": value})
            _explain(connection, case)
            return _explain(connection, case)
    except psycopg.Error:
        return None


@contextmanager
def _scope(
    observer: Observer, case: Case, *, only_index: str | None = None, changes: Sequence[str] = ()
) -> Iterator[psycopg.Connection[Any]]:
    """The case's tenant, as the role that runs the explained statement, in a transaction that is rolled back."""
    with observer.as_owner() as connection, connection.transaction(force_rollback=True):
        role = observer.maintainer if _runs_as_owner(connection, case) else observer.application
        if only_index is not None or changes:
            connection.execute(_SQL["limit_lock_wait"].sql)
        if only_index is not None:
            _drop_rivals(connection, only_index)
        for change in changes:
            connection.execute(change.encode())
        if role is not None:
            connection.execute(sql.SQL(_SQL["become_role"].sql).format(role=sql.Identifier(role)))
        connection.execute(enter_statement(case.tenant_id))
        yield connection


def _runs_as_owner(connection: psycopg.Connection[Any], case: Case) -> bool:
    """Whether the explained statement stands in a function that runs with its owner's rights."""
    if case.query not in _inner() or (called := _CALLED.search(case.statement.sql)) is None:
        return False
    row = connection.execute(_SQL["describe_function"].sql, {"function": f"{_SCHEMA}.{called['function']}"}).fetchone()
    return row is not None and bool(row[0])


def _prepare(connection: psycopg.Connection[Any], case: Case) -> list[str]:
    """
    Prepare the case's statement, and return the names of its parameters in the order in which it takes them.

    The parameters have the types that the driver sends; by itself the server takes `$1 - interval` for an interval.
    """
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match["sign"]:
            return "%"
        if match["name"] not in names:
            names.append(match["name"])
        return f"${names.index(match['name']) + 1}"

    text = _PLACEHOLDER.sub(numbered, explained(case).sql)
    adapting = Transformer(connection)
    oids = [adapting.get_dumper(case.parameters[name], PyFormat.AUTO).oid for name in names]
    row = connection.execute(_SQL["name_types"].sql, {"oids": oids}).fetchone()
    types = f"({', '.join(row[0])})" if row and row[0] else ""
    connection.execute(_SQL["prepare_statement"].sql.replace("{types}", types).encode() + b"\n" + text.encode())
    return names


def _drop_rivals(connection: psycopg.Connection[Any], index: str) -> None:
    rivals = connection.execute(_SQL["list_rivals"].sql, {"index": f"{_SCHEMA}.{index}"}).fetchall()
    for schema, table, rival, constraint in rivals:
        names = {"schema": schema, "table": table, "index": rival, "constraint": constraint or rival}
        statement = _SQL["drop_rival" if constraint is None else "drop_rival_constraint"]
        identifiers = {key: sql.Identifier(name) for key, name in names.items()}
        connection.execute(sql.SQL(statement.sql).format(**identifiers))


def _explain(connection: psycopg.Connection[Any], case: Case) -> Plan:
    statement = sql.SQL(_SQL["explain_query"].sql) + sql.SQL(" ") + sql.SQL(explained(case).sql)
    return _plan(connection, connection.execute(statement, dict(case.parameters), prepare=False).fetchone())


def _explained(connection: psycopg.Connection[Any], statement: sql.Composed) -> Plan:
    answer = connection.execute(sql.SQL(_SQL["explain_query"].sql) + sql.SQL(" ") + statement).fetchone()
    return _plan(connection, answer)


def _plan(connection: psycopg.Connection[Any], row: tuple[Any, ...] | None) -> Plan:
    if row is None:
        raise psycopg.DataError("EXPLAIN answered nothing")
    return Plan.parse(without_partitions(row[0], list_partitions(connection)))


def _inner() -> dict[str, Statement]:
    return content.statements(content.folder("benchmarks") / "inner.sql")
