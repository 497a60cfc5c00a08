"""
A ticket's items are written one by one, each with a round trip of its own.

caught by: create_ticket max_round_trips
named as: round-trips
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.tickets import CreatedTicket, Item

_INSERT = "insert into virtualq.TicketItem (ticket_id, name, quantity, note) values (%s, %s, %s, %s)"


class ChattySession(ProceduralSession):
    """Asks once an item."""

    def create_ticket(
        self, tenant_id: int, queue_id: int, type_definition_id: int, *, items: Iterable[Item] = (), **details: Any
    ) -> CreatedTicket:
        """The ticket, and then its items."""
        with tenant_scope(self.connection, tenant_id):
            created = super().create_ticket(tenant_id, queue_id, type_definition_id, **details)
            for item in items:
                self.connection.execute(_INSERT, (created.id, item.name, item.quantity, item.note))
        return created


class ChattySubject(ProceduralSubject):
    """The procedural subject with a loop for the items."""

    name = "round_trips"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> ChattySession:
        """Connect one client."""
        return ChattySession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = ChattySubject()
