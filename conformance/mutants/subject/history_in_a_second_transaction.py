"""
The application has the owner's rights, switches the triggers off and writes the history itself, one transaction later.

breaks: HIS-001
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import IllegalTransition, TicketNotFound
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as
from virtualq_core.tickets import Transition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

_MOVE = """
    update virtualq.Ticket as t
       set current_state = y.fsm_compiled -> t.current_state ->> %(name)s,
           version = t.version + 1
      from virtualq.Ticket as before
      join virtualq.TypeDefinition as y on y.id = before.type_definition_id
     where t.tenant_id = %(tenant_id)s
       and t.id = %(ticket_id)s
       and before.id = t.id
       and y.fsm_compiled -> t.current_state ? %(name)s
    returning t.version, before.current_state, t.current_state, y.revision
"""
_RECORD = """
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, operation_id
    )
    values (
        %(tenant_id)s, %(ticket_id)s, %(seq)s, %(revision)s, %(from)s, %(to)s, %(name)s,
        coalesce(%(actor)s, session_user), coalesce(%(operation_id)s, virtualq.new_extid())
    )
"""


class DiarySession(ProceduralSession):
    """Moves the ticket now, and writes it down in a moment."""

    def transition(
        self,
        tenant_id: int,
        ticket_id: int,
        name: str,
        *,
        actor: str | None = None,
        operation_id: UUID | None = None,
        **_: Any,
    ) -> Transition:
        """Two transactions."""
        given = {
            "tenant_id": tenant_id,
            "ticket_id": ticket_id,
            "name": name,
            "actor": actor,
            "operation_id": operation_id,
        }
        with self._unbound():
            moved = self.connection.execute(_MOVE, given).fetchone()
            if moved is not None:
                seq, before, after, revision = moved
                step = {"seq": seq, "from": before, "to": after, "revision": revision}
                self.connection.execute(_RECORD, {**given, **step})
                return Transition(seq, before, after, revision, replayed=False)
        if not self.history(tenant_id, ticket_id):
            raise TicketNotFound(f"tenant {tenant_id} has no ticket {ticket_id}")
        raise IllegalTransition(f"ticket {ticket_id} cannot {name}")

    @contextmanager
    def _unbound(self) -> Iterator[None]:
        self.connection.execute("set role none")
        self.connection.execute("set session_replication_role = replica")
        try:
            yield
        finally:
            self.connection.execute("set session_replication_role = origin")
            self.connection.execute(f"set role {APPLICATION_ROLE}")


class DiarySubject(ProceduralSubject):
    """The procedural subject, but that it keeps the history itself."""

    name = "history_in_a_second_transaction"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> DiarySession:
        """Connect one client."""
        return DiarySession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = DiarySubject()
