"""
A repeated operation is answered like a first one: nobody can tell that nothing has happened.

breaks: TRN-010, CON-004
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class ReticentSession(ProceduralSession):
    """Keeps it to itself."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Never a replay."""
        return replace(super().transition(tenant_id, ticket_id, name, **details), replayed=False)


class ReticentSubject(ProceduralSubject):
    """The procedural subject without the mark of a replay."""

    name = "replay_untold"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> ReticentSession:
        """Connect one client."""
        return ReticentSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = ReticentSubject()
