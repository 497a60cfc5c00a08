"""
A history is given with its newest step first, as a screen shows it.

breaks: HIS-002
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import HistoryEntry


class BackwardSession(ProceduralSession):
    """Reads from the end."""

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """The last step first."""
        return super().history(tenant_id, ticket_id)[::-1]


class BackwardSubject(ProceduralSubject):
    """The procedural subject with its histories turned round."""

    name = "history_newest_first"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> BackwardSession:
        """Connect one client."""
        return BackwardSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = BackwardSubject()
