"""
The application keeps each machine that it has read once, and goes on judging by it after a publication.

breaks: REV-007
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from virtualq_core.machine import Machine
from virtualq_core.subjects.orm import OrmSession, OrmSubject
from virtualq_core.subjects.orm.model import TypeDefinitionRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from virtualq_core.subjects.orm.model import TicketRow
    from virtualq_core.tickets import Transition


class MindfulSession(OrmSession):
    """Remembers too long."""

    _machines: ClassVar[dict[tuple[int, int], Machine]] = {}

    @staticmethod
    def _step(
        session: Session,
        ticket: TicketRow,
        name: str,
        actor: str | None,
        metadata: Mapping[str, Any] | None,
        operation_id: UUID | None,
    ) -> Transition:
        key = (ticket.type_scope, ticket.type_definition_id)
        if key not in MindfulSession._machines:
            MindfulSession._machines[key] = Machine.parse(session.get_one(TypeDefinitionRow, key).fsm_schema)
        MindfulSession._machines[key].fire(ticket.current_state, name)
        return OrmSession._step(session, ticket, name, actor, metadata, operation_id)  # noqa: SLF001 -- the class above


class MindfulSubject(OrmSubject):
    """The orm subject with a cache of machines."""

    name = "machine_cached"
    session_type = MindfulSession


subject = MindfulSubject()
