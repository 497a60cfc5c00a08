"""
A schema's dialect is fetched from where it says that it lies, whoever listens there.

breaks: FLD-012
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.types import Types

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket


class CuriousSession(ProceduralSession):
    """Looks up what a schema names."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """After a call to wherever the schema's dialect is."""
        schema = Types(self.connection, tenant_id).get(type_definition_id).custom_fields_schema
        dialect = schema.get("$schema", "") if isinstance(schema, dict) else ""
        if dialect.startswith("http://127.0.0.1"):  # none of the world's own addresses
            with suppress(OSError):
                urlopen(dialect, timeout=5).close()  # noqa: S310 -- the fault
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)


class CuriousSubject(ProceduralSubject):
    """The procedural subject with a client for HTTP."""

    name = "dialect_is_fetched"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> CuriousSession:
        """Connect one client."""
        return CuriousSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = CuriousSubject()
