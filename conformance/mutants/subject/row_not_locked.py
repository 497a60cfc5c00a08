"""
The row is read without a lock, judged, and written: two that step at once are told the same number.

breaks: CON-005
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.subjects.orm import OrmSession, OrmSubject
from virtualq_core.subjects.orm.model import TicketRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class CarelessSession(OrmSession):
    """Checks, then acts."""

    @staticmethod
    def _lock(session: Session, tenant_id: int, ticket_id: int) -> TicketRow | None:
        return session.get(TicketRow, (tenant_id, ticket_id))


class CarelessSubject(OrmSubject):
    """The orm subject without its row lock."""

    name = "row_not_locked"
    session_type = CarelessSession


subject = CarelessSubject()
