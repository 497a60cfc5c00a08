"""Wrong implementations that only faults find out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects import ProceduralSubject
from virtualq_core.subjects.procedural import ProceduralSession
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.tickets import BulkOutcome, CreatedTicket, Lease, Transition


class Hasty(ProceduralSession):
    """Answers, and commits when it is asked the next time."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Without a commit."""
        self._settle()
        return super().transition(tenant_id, ticket_id, name, **details)

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Without a commit."""
        self._settle()
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **details)

    def claim_next(self, tenant_id: int, queue_id: int, state: str, employee_id: int, **details: Any) -> Lease | None:
        """Without a commit."""
        self._settle()
        return super().claim_next(tenant_id, queue_id, state, employee_id, **details)

    def transition_many(
        self, tenant_id: int, ticket_ids: Sequence[int], name: str, **details: Any
    ) -> list[BulkOutcome]:
        """Without a commit."""
        self._settle()
        return super().transition_many(tenant_id, ticket_ids, name, **details)

    def _settle(self) -> None:
        if self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            self.connection.rollback()
        self.connection.commit()


class HastySubject(ProceduralSubject):
    """A wrong one: it acknowledges before COMMIT."""

    name = "hasty"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> Hasty:
        """Not in autocommit."""
        return Hasty(psycopg.connect(dsn_as(dsn, role)))


class Blind(ProceduralSession):
    """Sends a transition whose answer it lost again, as a new operation."""

    def __init__(self, dsn: str) -> None:
        super().__init__(psycopg.connect(dsn, autocommit=True))
        self._dsn = dsn

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """Perhaps twice."""
        try:
            return super().transition(tenant_id, ticket_id, name, **details)
        except psycopg.OperationalError:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                again = ProceduralSession(connection)
                return again.transition(tenant_id, ticket_id, name, **{**details, "operation_id": None})


class BlindSubject(ProceduralSubject):
    """A wrong one: it repeats what may have been done."""

    name = "blind"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> Blind:
        """The same connection as the right one's."""
        return Blind(dsn_as(dsn, role))


class Forgetful(ProceduralSession):
    """Creates tickets, and leaves their items for later."""

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """Without its items."""
        return super().create_ticket(tenant_id, queue_id, type_definition_id, **{**details, "items": ()})


class ForgetfulSubject(ProceduralSubject):
    """A wrong one: what belongs together is not there together."""

    name = "forgetful"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> Forgetful:
        """The same connection as the right one's."""
        return Forgetful(super().open(dsn, role=role).connection)
