"""Ticket types: definitions, their machines and custom-field schemas, and their publication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.fields import FieldSchema
from virtualq_core.machine import Machine
from virtualq_core.refusal import translate
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.content import Statement

_SQL = content.beside(__file__, "types.sql")


@dataclass(frozen=True)
class TypeDefinition:
    """One ticket type as it is published now. `tenant_id` is None for a system-defined type."""

    id: int
    tenant_id: int | None
    type_code: str
    type_name: str
    revision: int
    fsm_schema: dict[str, Any]
    custom_fields_schema: dict[str, Any] | bool | None

    @property
    def machine(self) -> Machine:
        """The state machine; parsed once per content."""
        return Machine.parse(self.fsm_schema)

    @property
    def fields(self) -> FieldSchema:
        """The custom-field schema; compiled once per content."""
        return FieldSchema.compile(self.custom_fields_schema)


class Types:
    """The ticket types that one tenant can use: its own and the system-defined ones."""

    def __init__(self, connection: Connection[TupleRow], tenant_id: int) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def all(self) -> list[TypeDefinition]:
        """Every usable type, system-defined first, by code."""
        return self._select("list_types", {})

    def get(self, type_definition_id: int) -> TypeDefinition:
        """
        One type by its id.

        Raises:
            UsageError: the tenant has no such type.
        """
        found = self._select("find_type", {"id": type_definition_id})
        if not found:
            raise UsageError(f"the tenant has no ticket type {type_definition_id}")
        return found[0]

    def by_code(self, type_code: str) -> TypeDefinition:
        """
        One type by its code; the tenant's own hides a system-defined one of the same code.

        Raises:
            UsageError: the tenant has no such type; the message names those it has.
        """
        usable = self.all()
        for candidate in reversed(usable):
            if candidate.type_code == type_code:
                return candidate
        known = ", ".join(sorted({candidate.type_code for candidate in usable}))
        raise UsageError(f"the tenant has no ticket type '{type_code}'", expected=known or None)

    def define(
        self,
        type_code: str,
        type_name: str,
        fsm_schema: Mapping[str, Any],
        custom_fields_schema: Mapping[str, Any] | None = None,
    ) -> TypeDefinition:
        """
        Define a type of the tenant's own, as revision 1.

        Raises:
            InvalidMachine: the machine breaks a rule of the strict profile.
            InvalidFields: the schema is not one, or refers to something remote.
        """
        Machine.parse(dict(fsm_schema))
        FieldSchema.compile(custom_fields_schema)
        parameters = {
            "tenant_id": self._tenant_id,
            "type_code": type_code,
            "type_name": type_name,
            "fsm_schema": Jsonb(fsm_schema),
            "custom_fields_schema": _jsonb(custom_fields_schema),
        }
        try:
            with tenant_scope(self._connection, self._tenant_id) as connection:
                made = connection.execute(define_statement(connection).sql, parameters).fetchone()
        except psycopg.Error as error:
            raise translate(error) from error
        return self.get(made[0] if made else 0)

    def publish(
        self,
        type_definition_id: int,
        *,
        fsm_schema: Mapping[str, Any] | None = None,
        custom_fields_schema: Mapping[str, Any] | None = None,
        state_mapping: Mapping[str, str] | None = None,
    ) -> TypeDefinition:
        """
        Publish a new revision of a type; what is not given stays as it is.

        Tickets in a state that the new machine lacks are moved as `state_mapping` (`{old: new}`) says, in the same
        transaction, and their history names the revision.

        Raises:
            InvalidMachine, InvalidFields: as for `define`.
            OrphanedState: tickets would be left in a state that the new machine lacks; the error counts them.
            UsageError: the tenant owns no such type.
        """
        if fsm_schema is not None:
            Machine.parse(dict(fsm_schema))
        FieldSchema.compile(custom_fields_schema)
        parameters = {
            "id": type_definition_id,
            "fsm_schema": _jsonb(fsm_schema),
            "custom_fields_schema": _jsonb(custom_fields_schema),
            "state_mapping": _jsonb(state_mapping),
        }
        try:
            with tenant_scope(self._connection, self._tenant_id) as connection:
                published = connection.execute(_SQL["publish_type"].sql, parameters).fetchone()
        except psycopg.Error as error:
            raise translate(error) from error
        if published is None or published[0] is None:
            raise UsageError(f"the tenant owns no ticket type {type_definition_id}")
        return self.get(type_definition_id)

    def _select(self, statement: str, parameters: dict[str, Any]) -> list[TypeDefinition]:
        try:
            with (
                tenant_scope(self._connection, self._tenant_id) as connection,
                connection.cursor(row_factory=class_row(TypeDefinition)) as cursor,
            ):
                return cursor.execute(_SQL[statement].sql, parameters).fetchall()
        except psycopg.Error as error:
            raise translate(error) from error


def define_statement(connection: Connection[TupleRow]) -> Statement:
    """
    The statement that defines a type in this database and yields its id; it takes the columns that `Types.define` has.

    It is an INSERT, or a call of the function that stands in its place where the tables are spread over nodes.
    """
    has_function = connection.execute(_SQL["has_function"].sql).fetchone() == (True,)
    return _SQL["call_define_type" if has_function else "define_type"]


def _jsonb(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)
