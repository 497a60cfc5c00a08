"""
An illegal transition is reported as a mistake of the caller's, which no caller can tell from a missing queue.

breaks: TRN-006
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import IllegalTransition, UsageError
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class VagueSession(ProceduralSession):
    """Has one error for everything."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Or a UsageError."""
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except IllegalTransition as error:
            raise UsageError(error.what) from error


class VagueSubject(ProceduralSubject):
    """The procedural subject with one error class."""

    name = "wrong_error_class"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> VagueSession:
        """Connect one client."""
        return VagueSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = VagueSubject()
