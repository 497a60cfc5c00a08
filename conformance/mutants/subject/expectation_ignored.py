"""
What the client expects the ticket to be is not sent to the database.

breaks: TRN-009
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class BoldSession(ProceduralSession):
    """Acts on whatever is there."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Without the expectation."""
        details = {key: value for key, value in details.items() if not key.startswith("expected_")}
        return super().transition(tenant_id, ticket_id, name, **details)


class BoldSubject(ProceduralSubject):
    """The procedural subject without expectations."""

    name = "expectation_ignored"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> BoldSession:
        """Connect one client."""
        return BoldSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = BoldSubject()
