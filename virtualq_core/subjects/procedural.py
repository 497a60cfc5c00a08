"""The procedural subject: the database's own functions, one round trip an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.tickets import BulkOutcome, CreatedTicket, HistoryEntry, Lease, Transition


class ProceduralSession:
    """One client of the procedural subject."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self.connection = connection
        self._tickets: dict[int, Tickets] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def create_ticket(self, tenant_id: int, queue_id: int, type_definition_id: int, **details: Any) -> CreatedTicket:
        """As the protocol says."""
        return self._of(tenant_id).create(queue_id, type_definition_id, **details)

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """As the protocol says."""
        return self._of(tenant_id).transition(ticket_id, name, **details)

    def transition_many(
        self, tenant_id: int, ticket_ids: Sequence[int], name: str, **details: Any
    ) -> list[BulkOutcome]:
        """As the protocol says."""
        return self._of(tenant_id).transition_many(ticket_ids, name, **details)

    def claim_next(self, tenant_id: int, queue_id: int, state: str, employee_id: int, **details: Any) -> Lease | None:
        """As the protocol says."""
        return self._of(tenant_id).claim_next(queue_id, state, employee_id, **details)

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """As the protocol says."""
        return self._of(tenant_id).history(ticket_id)

    def _of(self, tenant_id: int) -> Tickets:
        return self._tickets.setdefault(tenant_id, Tickets(self.connection, tenant_id))


class ProceduralSubject:
    """The reference: operations as functions in the database."""

    name = "procedural"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> ProceduralSession:
        """Connect one client."""
        return self.on(psycopg.connect(dsn_as(dsn, role)))

    def on(self, connection: Connection[TupleRow]) -> ProceduralSession:
        """One client, in autocommit mode: each operation is one statement and one transaction."""
        connection.autocommit = True
        return ProceduralSession(connection)
