"""
A connection serves the tenant that it was first used for, whatever tenant the caller names later.

breaks: TEN-006
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Transition


class FaithfulSession(ProceduralSession):
    """Looks its tenant up once."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        self._first: int | None = None

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """In the first tenant."""
        self._first = tenant_id if self._first is None else self._first
        return super().transition(self._first, ticket_id, name, **details)


class FaithfulSubject(ProceduralSubject):
    """The procedural subject with a tenant to each connection."""

    name = "tenant_of_the_first_call"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> FaithfulSession:
        """Connect one client."""
        return FaithfulSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = FaithfulSubject()
