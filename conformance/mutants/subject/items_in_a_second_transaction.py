"""
A ticket's items follow in a transaction of their own: one that is refused leaves a ticket without them.

breaks: LIF-003
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.refusal import translate
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.tickets import CreatedTicket, Item

_ADD_ITEM = "insert into virtualq.TicketItem (ticket_id, name, quantity, note) values (%s, %s, %s, %s)"


class PiecemealSession(ProceduralSession):
    """Commits the ticket first."""

    def create_ticket(
        self, tenant_id: int, queue_id: int, type_definition_id: int, *, items: Iterable[Item] = (), **details: Any
    ) -> CreatedTicket:
        """The ticket, and then its items."""
        created = super().create_ticket(tenant_id, queue_id, type_definition_id, **details)
        try:
            with tenant_scope(self.connection, tenant_id) as connection:
                for item in items:
                    connection.execute(_ADD_ITEM, (created.id, item.name, item.quantity, item.note))
        except psycopg.Error as error:
            raise translate(error) from error
        return created


class PiecemealSubject(ProceduralSubject):
    """The procedural subject with two transactions to a creation."""

    name = "items_in_a_second_transaction"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> PiecemealSession:
        """Connect one client."""
        return PiecemealSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = PiecemealSubject()
