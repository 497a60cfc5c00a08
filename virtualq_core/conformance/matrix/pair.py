"""Pairs of statements that differ in one thing: the first names another tenant's row, the second none that exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from virtualq_core.conformance.matrix import row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg.sql import Composed

    from virtualq_core.conformance.matrix.catalogue import Reference, Relation
    from virtualq_core.conformance.matrix.scene import Scene


@dataclass(frozen=True)
class Pair:
    """`theirs` and `absent` must be answered alike, but for the values that they name."""

    what: str
    theirs: Composed
    absent: Composed
    values: tuple[object, ...]


def pairs(scene: Scene) -> Iterator[Pair]:
    """Every way in which a statement of the application can name a row of another tenant's."""
    for table in scene.tables:
        yield from _conditions(scene, table)
        if "insert" in table.granted:
            yield from _inserts(scene, table)
        if "update" in table.granted:
            yield from _updates(scene, table)


def identifying(scene: Scene, reference: Reference) -> dict[str, str]:
    """Of a reference's columns, with those referred to, the ones that tell rows of one tenant apart."""
    owner = scene.catalogue.relations[reference.referred].owner
    return {column: referred for column, referred in reference.pairs.items() if referred != owner}


def named(scene: Scene, reference: Reference) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the columns of a reference hold that name another tenant's row, and a row that does not exist."""
    columns = scene.catalogue.relations[reference.relation].columns
    names = identifying(scene, reference)
    theirs = {column: scene.theirs.rows[reference.referred][referred] for column, referred in names.items()}
    return theirs, {column: row.missing(columns[column].type) for column in names}


def saying_whose(scene: Scene, table: Relation) -> list[str]:
    """The columns of a table that say whose a row is, or whose that which it refers to."""
    owners = {name: relation.owner for name, relation in scene.catalogue.relations.items()}
    found = {
        column
        for reference in table.references
        for column, referred in reference.pairs.items()
        if referred == owners[reference.referred]
    }
    return [name for name in table.columns if name == table.owner or name in found]


def _conditions(scene: Scene, table: Relation) -> Iterator[Pair]:
    theirs = scene.key_of(table, scene.theirs)
    absent = {name: row.missing(table.columns[name].type) for name in table.key}
    for what, one, other in (
        ("its key", theirs, absent),
        ("its key without the tenant", _without(theirs, table.owner), _without(absent, table.owner)),
    ):
        if not one:
            continue
        values = (*one.values(), *other.values())
        readable = table.granted_columns("select")
        if readable:
            asked = row.read(table, readable, one), row.read(table, readable, other)
            yield Pair(f"select by {what} in {table.name}", *asked, values)
            asked = row.read(table, readable, one, lock=True), row.read(table, readable, other, lock=True)
            yield Pair(f"lock by {what} in {table.name}", *asked, values)
        for column in table.granted_columns("update")[:1]:
            value = row.value_for(table.columns[column])
            asked = row.update(table, column, value, one), row.update(table, column, value, other)
            yield Pair(f"update by {what} in {table.name}", *asked, values)
        if "delete" in table.granted:
            yield Pair(f"delete by {what} in {table.name}", row.delete(table, one), row.delete(table, other), values)


def _inserts(scene: Scene, table: Relation) -> Iterator[Pair]:
    granted = table.granted_columns("insert")
    base = row.new_row(table, scene.ours.rows, granted)
    strangers = {name: scene.theirs.id for name in saying_whose(scene, table) if name in base}
    nobody = {name: row.missing("integer") for name in strangers}
    referring: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for what, theirs, absent in _changes(scene, table, granted):
        yield _insert(table, f"insert of {what} into {table.name}", {**base, **theirs}, {**base, **absent})
        if what.startswith("reference"):
            referring[0].update(theirs)
            referring[1].update(absent)
    if strangers:
        foreign = {**base, **strangers, **referring[0]}
        what = f"insert for another tenant into {table.name}"
        yield _insert(table, f"{what}, our references", {**base, **strangers}, {**base, **nobody})
        yield _insert(table, f"{what}, its references", foreign, {**foreign, **referring[1]})
        yield _insert(table, f"{what}, all of it", foreign, {**base, **nobody, **referring[1]})


def _insert(table: Relation, what: str, theirs: Mapping[str, Any], absent: Mapping[str, Any]) -> Pair:
    values = [each for name in theirs for each in (theirs[name], absent[name]) if theirs[name] != absent[name]]
    return Pair(what, row.insert(table, theirs), row.insert(table, absent), tuple(values))


def _updates(scene: Scene, table: Relation) -> Iterator[Pair]:
    granted = table.granted_columns("update")
    where = scene.key_of(table, scene.ours)
    for what, theirs, absent in _changes(scene, table, granted):
        for column, value in theirs.items():
            asked = row.update(table, column, value, where), row.update(table, column, absent[column], where)
            yield Pair(f"update to {what} in {table.name}", *asked, (value, absent[column]))


def _changes(
    scene: Scene, table: Relation, granted: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What may be written so that it names their row: a reference, a value that must be unique, any identifier."""
    for reference in scene.references:
        theirs, absent = named(scene, reference)
        if reference.relation == table.name and theirs.keys() <= set(granted):
            yield f"reference {', '.join(theirs)}", theirs, absent
    for name, key in table.keys.items():
        columns = [column for column in key if column != table.owner]
        if columns and set(columns) <= set(granted):
            theirs = {column: scene.theirs.rows[table.name][column] for column in columns}
            fresh = {column: row.missing(table.columns[column].type) for column in columns}
            yield f"key {name}", theirs, fresh
    identifiers = [value for held in scene.theirs.rows.values() for value in held.values() if isinstance(value, UUID)]
    for column in granted:
        if table.columns[column].type == "uuid":
            for identifier in identifiers:
                yield f"identifier {column}", {column: identifier}, {column: row.missing("uuid")}


def _without(values: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
