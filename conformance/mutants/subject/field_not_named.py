"""
The refusal of custom data says that they do not fit, and not where.

breaks: FLD-003
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import InvalidFields
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket


class CurtSession(ProceduralSession):
    """Says no more than no."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Or a refusal without reasons."""
        try:
            return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)
        except InvalidFields:
            raise InvalidFields("the custom data do not fit") from None


class CurtSubject(ProceduralSubject):
    """The procedural subject with refusals that name no field."""

    name = "field_not_named"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> CurtSession:
        """Connect one client."""
        return CurtSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = CurtSubject()
