"""
Every number goes through a double, which rounds the big ones.

breaks: FLD-011
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import CreatedTicket


class RoundingSession(ProceduralSession):
    """Reads numbers as JavaScript does."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """With its numbers rounded."""
        if details.get("custom_data"):
            details["custom_data"] = {name: _rounded(value) for name, value in details["custom_data"].items()}
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)


def _rounded(value: object) -> object:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**300
    return int(float(value)) if is_whole else value  # type: ignore[arg-type]


class RoundingSubject(ProceduralSubject):
    """The procedural subject with doubles for integers."""

    name = "numbers_are_doubles"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> RoundingSession:
        """Connect one client."""
        return RoundingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = RoundingSubject()
