"""
A whole number is one only if it is written without a point: `3.0` is refused where an integer is asked for.

breaks: FLD-002
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import InvalidFields
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.types import Types

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket


class PedanticSession(ProceduralSession):
    """Asks for Python's type instead of JSON's."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Unless a float stands for an integer."""
        schema = Types(self.connection, tenant_id).get(type_definition_id).custom_fields_schema
        fields = schema.get("properties", {}) if isinstance(schema, dict) else {}
        for name, value in (details.get("custom_data") or {}).items():
            if isinstance(value, float) and fields.get(name, {}).get("type") == "integer":
                raise InvalidFields(f"custom_data.{name}: is not an integer", observed=value)
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)


class PedanticSubject(ProceduralSubject):
    """The procedural subject with integers of its own."""

    name = "whole_float_refused"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> PedanticSession:
        """Connect one client."""
        return PedanticSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = PedanticSubject()
