"""
A history is ordered by time, cut to whole seconds, and then by name: steps of one second change places.

breaks: HIS-002
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import HistoryEntry


class HastySession(ProceduralSession):
    """Takes a second for a moment."""

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """The steps by their time."""
        steps = super().history(tenant_id, ticket_id)
        return sorted(steps, key=lambda step: (step.occurred_at.replace(microsecond=0), step.transition_name or ""))


class HastySubject(ProceduralSubject):
    """The procedural subject with its histories ordered by time."""

    name = "history_by_time"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> HastySession:
        """Connect one client."""
        return HastySession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = HastySubject()
