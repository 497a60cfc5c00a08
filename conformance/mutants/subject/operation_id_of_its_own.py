"""
Each call draws an operation id of its own, so that the caller's retry is another operation.

breaks: TRN-010, TRN-011, CON-004, HIS-004
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket, Transition


class WilfulSession(ProceduralSession):
    """Knows better than its caller."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Under an id of its own."""
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **{**details, "operation_id": uuid4()})

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Under an id of its own."""
        return super().transition(tenant_id, ticket_id, name, **{**details, "operation_id": uuid4()})


class WilfulSubject(ProceduralSubject):
    """The procedural subject, each of whose calls is an operation."""

    name = "operation_id_of_its_own"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> WilfulSession:
        """Connect one client."""
        return WilfulSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = WilfulSubject()
