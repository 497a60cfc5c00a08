"""What the schema consists of, and what of it is the application's, as the server's own catalogue says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtualq_core.conformance.world import Actor

_SQL = content.beside(__file__, "catalogue.sql")
_INPUT_MODES = frozenset("ibv")
ROOT = "tenant"
"""The table of the tenants: a reference to it says whose a row is, and refers to no tenant's row."""
ORDINARY = frozenset({"select", "insert", "update", "delete"})
"""The rights that row security governs; the others pass it by."""


@dataclass(frozen=True)
class Column:
    """A column; `granted` is what the application may do with it, `is_drawn` that an identity numbers it."""

    name: str
    type: str
    length: int | None
    is_mandatory: bool
    has_default: bool
    is_generated: bool
    is_drawn: bool
    granted: frozenset[str]

    @property
    def must_be_given(self) -> bool:
        """Does a new row need a value for it?"""
        return self.is_mandatory and not self.has_default


@dataclass(frozen=True)
class Reference:
    """A foreign key; `columns` and `referred_columns` run parallel."""

    name: str
    relation: str
    columns: tuple[str, ...]
    referred: str
    referred_columns: tuple[str, ...]

    @property
    def pairs(self) -> dict[str, str]:
        """The referring columns with those that they refer to."""
        return dict(zip(self.columns, self.referred_columns, strict=True))


@dataclass(frozen=True)
class Relation:
    """
    A table or a view.

    `owner` is the column that says whose a row is; none where no tenant owns rows of it. `granted` are the
    application's rights to it or to one of its columns. Of a table's partitions the application needs none.
    """

    name: str
    kind: str
    is_partition: bool
    owner: str | None
    is_secured: bool
    is_forced: bool
    writable: int
    is_overseen: bool
    granted: frozenset[str]
    columns: Mapping[str, Column]
    references: tuple[Reference, ...]
    keys: Mapping[str, tuple[str, ...]]

    @property
    def is_table(self) -> bool:
        """Is it a table, rather than a view?"""
        return self.kind in {"r", "p"}

    @property
    def overseer(self) -> str:
        """The role that sees all tenants' rows of it; empty for the login's own, where the maintainer may not."""
        return MAINTAINER_ROLE if self.is_overseen else ""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of its primary key."""
        return next(iter(self.keys.values()), ())

    def granted_columns(self, right: str) -> list[str]:
        """The columns to which the application has that right."""
        return [column.name for column in self.columns.values() if right in column.granted]

    def may_be_written(self, command: str) -> bool:
        """Could anybody do that to it? A view that is no simple one is not written to."""
        bit = {"insert": 8, "update": 4, "delete": 16}[command]
        return bool(self.writable & bit)


@dataclass(frozen=True)
class Argument:
    """An argument that a caller gives."""

    name: str
    type: str
    is_optional: bool


@dataclass(frozen=True)
class Function:
    """A function that the application may call."""

    name: str
    signature: str
    kind: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Catalogue:
    """The schema, by name."""

    relations: Mapping[str, Relation]
    functions: tuple[Function, ...]
    legible_sequences: tuple[str, ...]
    grants_to_everybody: tuple[str, ...]

    @cached_property
    def tables(self) -> list[Relation]:
        """The tables that tenants own rows of; each after those that it refers to, where there is such an order."""
        owned = {
            each.name: each
            for each in self.relations.values()
            if each.is_table and not each.is_partition and each.owner is not None
        }
        needs = {
            name: {each.referred for each in table.references if each.referred in owned and each.referred != name}
            for name, table in owned.items()
        }
        try:
            return [owned[name] for name in TopologicalSorter(needs).static_order()]
        except CycleError:
            return list(owned.values())

    @property
    def partitions(self) -> list[Relation]:
        """The tables that are parts of others; rows are read and written through those."""
        return [each for each in self.relations.values() if each.is_partition]

    @cached_property
    def references(self) -> list[Reference]:
        """The foreign keys between rows that tenants own."""
        owned = {table.name for table in self.tables} - {ROOT}
        return [reference for table in self.tables for reference in table.references if reference.referred in owned]


def read(actor: Actor) -> Catalogue:
    """The catalogue of the database that somebody is connected to."""
    roles = {"application": APPLICATION_ROLE, "overseer": MAINTAINER_ROLE}
    columns = actor.run(_SQL["list_columns"], **roles)
    references = [
        Reference(row.name, row.relation, tuple(row.columns), row.referred, tuple(row.referred_columns))
        for row in actor.run(_SQL["list_references"])
    ]
    keys = actor.run(_SQL["list_keys"])
    relations = {
        row.name: Relation(
            **{**row._asdict(), "granted": frozenset(row.granted)},
            columns={column.name: _column(column) for column in columns if column.relation == row.name},
            references=tuple(reference for reference in references if reference.relation == row.name),
            keys={key.name: tuple(key.columns) for key in keys if key.relation == row.name},
        )
        for row in actor.run(_SQL["list_relations"], **roles)
    }
    return Catalogue(
        relations,
        tuple(_function(row) for row in actor.run(_SQL["list_functions"], **roles)),
        tuple(row.name for row in actor.run(_SQL["list_sequences"], **roles)),
        tuple(f"{row.privilege.lower()} on {row.name}" for row in actor.run(_SQL["list_grants_to_everybody"])),
    )


def _column(row: Any) -> Column:  # noqa: ANN401 -- a row of list_columns
    given = row._asdict()
    del given["relation"]
    return Column(**{**given, "granted": frozenset(row.granted)})


def _function(row: Any) -> Function:  # noqa: ANN401 -- a row of list_functions
    names = row.names or [""] * len(row.types)
    if row.modes is not None:
        names = [name for name, mode in zip(names, row.modes, strict=True) if mode in _INPUT_MODES]
    first_optional = len(row.types) - row.defaults
    arguments = tuple(
        Argument(name, type_, place >= first_optional)
        for place, (name, type_) in enumerate(zip(names, row.types, strict=True))
    )
    return Function(row.name, row.signature, row.kind, arguments)
