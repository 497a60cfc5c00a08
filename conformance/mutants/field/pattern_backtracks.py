"""
Patterns run on an engine that backtracks: some texts take it twice as long for each letter more.

breaks: FLD-013
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import InvalidFields
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.types import Types

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket


class BacktrackingSession(ProceduralSession):
    """Matches the texts of the first level itself."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Unless a text does not match its pattern."""
        schema = Types(self.connection, tenant_id).get(type_definition_id).custom_fields_schema
        fields = schema.get("properties", {}) if isinstance(schema, dict) else {}
        for name, value in (details.get("custom_data") or {}).items():
            pattern = fields.get(name, {}).get("pattern")
            if pattern and isinstance(value, str) and re.search(pattern, value) is None:
                raise InvalidFields(f"custom_data.{name}: does not match", observed=value)
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)


class BacktrackingSubject(ProceduralSubject):
    """The procedural subject with Python's regular expressions."""

    name = "pattern_backtracks"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> BacktrackingSession:
        """Connect one client."""
        return BacktrackingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = BacktrackingSubject()
