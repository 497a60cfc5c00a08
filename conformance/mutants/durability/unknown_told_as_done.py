"""
A transition whose answer was lost is reported as done, though it may not have been.

breaks: DUR-001, DUR-002
"""

from __future__ import annotations

from typing import Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import Transition


class SanguineSession(ProceduralSession):
    """Takes silence for a yes."""

    _last: Transition | None = None

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Or what it would have been."""
        try:
            self._last = super().transition(tenant_id, ticket_id, name, **details)
        except psycopg.OperationalError:
            if self._last is None:
                raise
            last = self._last
            return Transition(last.seq + 1, last.to_state, last.to_state, last.revision, replayed=False)
        return self._last


class SanguineSubject(ProceduralSubject):
    """The procedural subject that hopes for the best."""

    name = "unknown_told_as_done"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> SanguineSession:
        """Connect one client."""
        return SanguineSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = SanguineSubject()
