"""Rows and statements made up from the catalogue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from psycopg import sql
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from psycopg.sql import Composable, Composed

    from virtualq_core.conformance.matrix.catalogue import Column, Reference, Relation

_SQL = content.beside(__file__, "row.sql")
_FIRST_MISSING = {"smallint": 30_001, "integer": 1 << 30, "bigint": 1 << 40}
_NO_TIME = datetime(9000, 1, 1, tzinfo=UTC)
_numbers = count()

MACHINE: Mapping[str, Any] = {"init": "received", "transitions": [{"name": "start", "from": "received", "to": "done"}]}
_BY_NAME: Mapping[str, Any] = {"fsm_schema": Jsonb(MACHINE), "current_state": "received", "time_zone": "UTC"}


def missing(type_name: str) -> Any:  # noqa: ANN401 -- of the column's type
    """
    An identifier of that type that no row has, another one at each call.

    Raises:
        UsageError: nothing is known that identifies a row and is of that type.
    """
    if type_name == "uuid":
        return uuid4()
    if type_name in _FIRST_MISSING:
        return _FIRST_MISSING[type_name] + next(_numbers)
    if type_name in {"text", "character varying"}:
        return f"missing-{next(_numbers)}"
    if type_name == "timestamp with time zone":
        return _NO_TIME + timedelta(seconds=next(_numbers))
    raise UsageError(f"the matrix does not know what identifies a row by a {type_name}")


def value_for(column: Column) -> Any:  # noqa: ANN401 -- of the column's type
    """
    Something to put into a column that must have a value.

    Raises:
        UsageError: nothing is known of the column's type.
    """
    if column.name in _BY_NAME:
        return _BY_NAME[column.name]
    if column.type in {"text", "character varying"}:
        return f"matrix {next(_numbers)}"[-column.length if column.length else 0 :]
    if column.type in _FIRST_MISSING:
        return missing(column.type)
    plain: dict[str, Any] = {
        "boolean": False,
        "date": datetime.now(UTC).date(),
        "double precision": 1.0,
        "json": Jsonb({}),
        "jsonb": Jsonb({}),
        "numeric": 1,
        "text[]": [],
        "timestamp with time zone": datetime.now(UTC),
        "uuid": uuid4(),
    }
    if column.type not in plain:
        raise UsageError(f"the matrix does not know what to put into the column {column.name}, a {column.type}")
    return plain[column.type]


def new_row(
    relation: Relation, rows: Mapping[str, Mapping[str, Any]], columns: Collection[str] | None = None
) -> dict[str, Any]:
    """
    A row like those of the tenant that `rows` are of, one for each table: it refers to them where it can.

    Of the relation's columns only those among `columns` are given, where there is a choice.

    Raises:
        UsageError: nothing is known that would fit into a column.
    """
    row: dict[str, Any] = {}
    for name, column in relation.columns.items():
        if column.is_generated or column.is_drawn or (columns is not None and name not in columns):
            continue
        reference = _reference_of(relation, name)
        if name == relation.owner:
            row[name] = rows[relation.name][name]
        elif reference is not None and reference.referred in rows:
            row[name] = rows[reference.referred][reference.pairs[name]]
        elif column.must_be_given:
            row[name] = value_for(column)
    return row


def _reference_of(relation: Relation, column: str) -> Reference | None:
    return next((each for each in relation.references if column in each.columns), None)


def insert(relation: Relation, row: Mapping[str, Any]) -> Composed:
    """Insert a row."""
    if not row:
        return of(relation, "insert_nothing")
    return of(relation, "insert_row", columns=names(row), values=sql.SQL(", ").join(map(literal, row.values())))


def update(relation: Relation, column: str, value: object, where: Mapping[str, Any] | None) -> Composed:
    """Change a column of the rows with these values; of all, without a condition, where there are none."""
    parts = {"column": sql.Identifier(column), "value": literal(value)}
    if where is None:
        return of(relation, "update_blindly", **parts)
    return of(relation, "update_row", **parts, condition=condition(where))


def delete(relation: Relation, where: Mapping[str, Any] | None) -> Composed:
    """Delete the rows with these values; all, without a condition, where there are none."""
    if where is None:
        return of(relation, "delete_blindly")
    return of(relation, "delete_row", condition=condition(where))


def writes(relation: Relation, where: Mapping[str, Any] | None) -> Iterator[tuple[str, Composed]]:
    """Every UPDATE and DELETE that the application has a right to, of these rows; of all, if there is no condition."""
    which = "every" if where is None else "one"
    for name in relation.granted_columns("update"):
        try:
            value = value_for(relation.columns[name])
        except UsageError:
            value = None
        yield f"update of {which} {relation.name}.{name}", update(relation, name, value, where)
    if "delete" in relation.granted:
        yield f"delete of {which} {relation.name}", delete(relation, where)


def read(relation: Relation, columns: Iterable[str], where: Mapping[str, Any], *, lock: bool = False) -> Composed:
    """Read the rows with these values."""
    statement = "lock_row" if lock else "read_row"
    return of(relation, statement, columns=names(columns), condition=condition(where))


def condition(values: Mapping[str, Any]) -> Composable:
    """That a row has these values."""
    if not values:
        return sql.SQL(_SQL["equals_anything"].sql)
    each = sql.SQL(_SQL["equals"].sql)
    return sql.SQL(" and ").join(
        each.format(column=sql.Identifier(name), value=literal(value)) for name, value in values.items()
    )


def of(relation: Relation, statement: str, **parts: Composable) -> Composed:
    """One of the statements of `row.sql` about a relation."""
    return sql.SQL(_SQL[statement].sql).format(table=sql.Identifier(relation.name), **parts)


def names(columns: Iterable[str]) -> Composed:
    """A list of columns."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def literal(value: object) -> Composable:
    """A value within a statement."""
    return sql.Literal(Jsonb(value) if isinstance(value, dict | list) and not _is_array(value) else value)


def _is_array(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(each, dict | list) for each in value)
