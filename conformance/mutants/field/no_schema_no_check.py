"""
Where a type has no schema nothing is checked, so that Python writes NaN, and the database answers with a syntax error.

breaks: FLD-009
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import CreatedTicket, Tickets
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Mapping


class LenientTickets(Tickets):
    """Sends whatever it is given where no schema forbids it."""

    def _create_validated(
        self, type_definition_id: int, custom_data: Mapping[str, Any] | None, parameters: dict[str, Any]
    ) -> CreatedTicket:
        if Types(self._connection, self._tenant_id).get(type_definition_id).custom_fields_schema is not None:
            return super()._create_validated(type_definition_id, custom_data, parameters)
        return self._select(CreatedTicket, "create_ticket", {**parameters, "revision": None})[0]


class LenientSession(ProceduralSession):
    """One client that checks against schemas only."""

    def _of(self, tenant_id: int) -> Tickets:
        return LenientTickets(self.connection, tenant_id)


class LenientSubject(ProceduralSubject):
    """The procedural subject without a look at what JSON cannot say."""

    name = "no_schema_no_check"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> LenientSession:
        """Connect one client."""
        return LenientSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = LenientSubject()
