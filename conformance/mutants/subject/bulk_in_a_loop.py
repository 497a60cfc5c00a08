"""
A bulk call takes one ticket after the other and gives up at the first that cannot move.

breaks: TRN-012
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import IllegalTransition
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.tickets import BulkOutcome


class FaintheartedSession(ProceduralSession):
    """Gives up early."""

    def transition_many(
        self, tenant_id: int, ticket_ids: Sequence[int], name: str, **details: Any
    ) -> list[BulkOutcome]:
        """The outcomes up to the first that is illegal."""
        outcomes: list[BulkOutcome] = []
        for number, ticket_id in enumerate(ticket_ids):
            own = details
            if details.get("operation_ids"):
                own = {**details, "operation_ids": [details["operation_ids"][number]]}
            outcomes += super().transition_many(tenant_id, [ticket_id], name, **own)
            if outcomes[-1].outcome == "illegal":
                raise IllegalTransition(f"ticket {ticket_id} cannot {name}")
        return outcomes


class FaintheartedSubject(ProceduralSubject):
    """The procedural subject with a loop for its bulk call."""

    name = "bulk_in_a_loop"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> FaintheartedSession:
        """Connect one client."""
        return FaintheartedSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = FaintheartedSubject()
