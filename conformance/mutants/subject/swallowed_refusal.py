"""
A refusal is logged somewhere and answered with the ticket's last step, as if it were the one that was asked for.

breaks: TRN-006, TRN-007
"""

from __future__ import annotations

from typing import Any

import psycopg

from virtualq_core.errors import IllegalTransition
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import Transition


class SmilingSession(ProceduralSession):
    """Never says no."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Also where nothing moved."""
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except IllegalTransition:
            last = self.history(tenant_id, ticket_id)[-1]
            return Transition(last.seq, last.from_state, last.to_state, last.revision, replayed=False)


class SmilingSubject(ProceduralSubject):
    """The procedural subject without refusals."""

    name = "swallowed_refusal"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> SmilingSession:
        """Connect one client."""
        return SmilingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = SmilingSubject()
