"""
A transition whose answer was lost is sent again as another operation, though the first may have been done.

breaks: DUR-002, DUR-005
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.tickets import Transition


class StubbornSession(ProceduralSession):
    """Tries until somebody answers."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        super().__init__(connect())
        self._connect = connect

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Done at least once."""
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except psycopg.OperationalError:
            self.connection.close()
            self.connection = self._connect()
            self._tickets.clear()
            return super().transition(tenant_id, ticket_id, name, **{**details, "operation_id": uuid4()})


class StubbornSubject(ProceduralSubject):
    """The procedural subject with retries under new operation ids."""

    name = "retried_blindly"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> StubbornSession:
        """Connect one client."""
        return StubbornSession(lambda: psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = StubbornSubject()
