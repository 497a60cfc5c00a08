"""
Where a type has no schema, custom data of any depth and length are taken.

breaks: FLD-014
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core import json_text
from virtualq_core.errors import InvalidFields
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import CreatedTicket, Tickets
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Mapping


class BoundlessTickets(Tickets):
    """Checks that data are JSON, and nothing of their size."""

    def _create_validated(
        self, type_definition_id: int, custom_data: Mapping[str, Any] | None, parameters: dict[str, Any]
    ) -> CreatedTicket:
        try:
            return super()._create_validated(type_definition_id, custom_data, parameters)
        except InvalidFields as error:
            is_bound = any("longer than" in each.rule or "deeper than" in each.rule for each in error.problems)
            if not is_bound or Types(self._connection, self._tenant_id).get(type_definition_id).custom_fields_schema:
                raise
            json_text.write(custom_data)
            return self._select(CreatedTicket, "create_ticket", {**parameters, "revision": None})[0]


class BoundlessSession(ProceduralSession):
    """One client without limits."""

    def _of(self, tenant_id: int) -> Tickets:
        return BoundlessTickets(self.connection, tenant_id)


class BoundlessSubject(ProceduralSubject):
    """The procedural subject without a limit of size."""

    name = "depth_is_boundless"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> BoundlessSession:
        """Connect one client."""
        return BoundlessSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = BoundlessSubject()
