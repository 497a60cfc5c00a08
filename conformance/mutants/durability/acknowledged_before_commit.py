"""
An operation is acknowledged when it is done, and committed when the next one begins.

breaks: TRN-006
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class EagerSession(ProceduralSession):
    """Promises what it has not written."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Not yet for ever."""
        self.connection.commit()
        return super().transition(tenant_id, ticket_id, name, **details)


class EagerSubject(ProceduralSubject):
    """The procedural subject with its commits one operation late."""

    name = "acknowledged_before_commit"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> EagerSession:
        """Connect one client."""
        return EagerSession(psycopg.connect(dsn_as(dsn, role)))


subject = EagerSubject()
