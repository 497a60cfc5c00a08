"""
A transition whose answer was lost is reported as refused, though it may have been done.

breaks: DUR-002, DUR-005
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import IllegalTransition
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class GloomySession(ProceduralSession):
    """Takes silence for a no."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Or a refusal."""
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except psycopg.OperationalError as error:
            raise IllegalTransition(f"ticket {ticket_id} cannot {name}: the server did not answer") from error


class GloomySubject(ProceduralSubject):
    """The procedural subject that knows yes and no only."""

    name = "unknown_told_as_refused"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> GloomySession:
        """Connect one client."""
        return GloomySession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = GloomySubject()
