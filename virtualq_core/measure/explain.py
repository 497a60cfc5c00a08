"""The plans of cases: as the planner takes them today, and as it would if it had to take an index."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from virtualq_core import content
from virtualq_core.measure.plan import Plan
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.content import Statement
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer

_SQL = content.beside(__file__, "explain.sql")
_SCHEMA = "virtualq"


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


@contextmanager
def _scope(observer: Observer, case: Case, *, only_index: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """The case's tenant, as the role that runs the explained statement, in a transaction that is rolled back."""
    role = observer.maintainer if case.query in _inner() else observer.application
    with observer.as_owner() as connection, connection.transaction(force_rollback=True):
        if only_index is not None:
            _drop_rivals(connection, only_index)
        if role is not None:
            connection.execute(sql.SQL(_SQL["become_role"].sql).format(role=sql.Identifier(role)))
        connection.execute(enter_statement(case.tenant_id))
        yield connection


def _drop_rivals(connection: psycopg.Connection[Any], index: str) -> None:
    connection.execute(_SQL["limit_lock_wait"].sql)
    rivals = connection.execute(_SQL["list_rivals"].sql, {"index": f"{_SCHEMA}.{index}"}).fetchall()
    for schema, table, rival, constraint in rivals:
        names = {"schema": schema, "table": table, "index": rival, "constraint": constraint or rival}
        statement = _SQL["drop_rival" if constraint is None else "drop_rival_constraint"]
        identifiers = {key: sql.Identifier(name) for key, name in names.items()}
        connection.execute(sql.SQL(statement.sql).format(**identifiers))


def _explain(connection: psycopg.Connection[Any], case: Case) -> Plan:
    statement = sql.SQL(_SQL["explain_query"].sql) + sql.SQL(" ") + sql.SQL(explained(case).sql)
    row = connection.execute(statement, dict(case.parameters), prepare=False).fetchone()
    if row is None:
        raise psycopg.DataError("EXPLAIN answered nothing")
    return Plan.parse(row[0])


def _inner() -> dict[str, Statement]:
    return content.statements(content.folder("benchmarks") / "inner.sql")
