"""
Custom data are not validated, because the form on the web site has done so.

breaks: FLD-001, FLD-003, FLD-005
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import CreatedTicket, Tickets

if TYPE_CHECKING:
    from collections.abc import Mapping


class TrustingTickets(Tickets):
    """Believes what it is told."""

    def _create_validated(
        self, type_definition_id: int, custom_data: Mapping[str, Any] | None, parameters: dict[str, Any]
    ) -> CreatedTicket:
        del type_definition_id, custom_data
        return self._select(CreatedTicket, "create_ticket", {**parameters, "revision": None})[0]


class TrustingSession(ProceduralSession):
    """One client that validates nothing."""

    def _of(self, tenant_id: int) -> Tickets:
        return TrustingTickets(self.connection, tenant_id)


class TrustingSubject(ProceduralSubject):
    """The procedural subject without validation."""

    name = "data_not_validated"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> TrustingSession:
        """Connect one client."""
        return TrustingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = TrustingSubject()
