"""
The layer that makes retries harmless keeps refusals too: an operation id that was refused once is refused for ever.

breaks: TRN-007
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import TicketError
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from uuid import UUID

    from virtualq_core.tickets import Transition


class GrudgingSession(ProceduralSession):
    """Answers a repeated operation with what the first one was told, whatever it was."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        self._refused: dict[UUID, TicketError] = {}

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """The first answer to this operation id."""
        operation_id = details.get("operation_id")
        if operation_id in self._refused:
            raise self._refused[operation_id]
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except TicketError as error:
            if operation_id is not None:
                self._refused[operation_id] = error
            raise


class GrudgingSubject(ProceduralSubject):
    """The procedural subject behind a cache of answers."""

    name = "refusal_remembered"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> GrudgingSession:
        """Connect one client."""
        return GrudgingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = GrudgingSubject()
