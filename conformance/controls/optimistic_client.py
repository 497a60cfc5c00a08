"""A client locks no row: it compares what it has read when it writes, and begins anew where somebody was faster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, or_, select, update

from virtualq_core.machine import Machine
from virtualq_core.subjects.orm import OrmSession, OrmSubject
from virtualq_core.subjects.orm.model import TicketRow, TicketStateHistoryRow, TypeDefinitionRow
from virtualq_core.tickets import BulkOutcome, Lease, Transition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_ATTEMPTS = 1000
_Answer = TypeVar("_Answer")


class Overtaken(Exception):
    """The ticket is not what it was when it was read."""


class OptimisticSession(OrmSession):
    """Each operation is repeated, in a transaction of its own, until nobody came between."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """As the protocol says."""
        return _until_first(lambda: super(OptimisticSession, self).transition(tenant_id, ticket_id, name, **details))

    def transition_many(
        self, tenant_id: int, ticket_ids: Sequence[int], name: str, **details: Any
    ) -> list[BulkOutcome]:
        """As the protocol says."""
        return _until_first(
            lambda: super(OptimisticSession, self).transition_many(tenant_id, ticket_ids, name, **details)
        )

    def claim_next(
        self,
        tenant_id: int,
        queue_id: int,
        state: str,
        employee_id: int,
        *,
        lease: timedelta | None = None,
        transition: str | None = None,
        actor: str | None = None,
    ) -> Lease | None:
        """As the protocol says."""
        length = timedelta(minutes=5) if lease is None else lease
        return _until_first(lambda: self._claim(tenant_id, queue_id, state, employee_id, length, transition, actor))

    def _claim(
        self,
        tenant_id: int,
        queue_id: int,
        state: str,
        employee_id: int,
        length: timedelta,
        transition: str | None,
        actor: str | None,
    ) -> Lease | None:
        with self._transaction(tenant_id) as session:
            found = session.execute(
                select(TicketRow, func.now())
                .where(
                    TicketRow.tenant_id == tenant_id,
                    TicketRow.queue_id == queue_id,
                    TicketRow.current_state == state,
                    TicketRow.closed_at.is_(None),
                    or_(TicketRow.leased_until.is_(None), TicketRow.leased_until <= func.now()),
                )
                .order_by(TicketRow.created_at, TicketRow.id)
                .limit(1)
            ).one_or_none()
            if found is None:
                return None
            ticket, now = found
            until = now + length
            is_free = TicketRow.leased_until.is_not_distinct_from(ticket.leased_until)
            is_there = TicketRow.version == ticket.version
            _write(session, ticket, is_free & is_there, employee_id=employee_id, leased_until=until)
            reached = ticket.current_state
            if transition is not None:
                reached = self._step(session, ticket, transition, actor, None, None).to_state
            return Lease(ticket.id, ticket.extid, reached, until)

    @staticmethod
    def _lock(session: Session, tenant_id: int, ticket_id: int) -> TicketRow | None:
        return session.get(TicketRow, (tenant_id, ticket_id))

    @staticmethod
    def _step(
        session: Session,
        ticket: TicketRow,
        name: str,
        actor: str | None,
        metadata: Mapping[str, Any] | None,
        operation_id: UUID | None,
    ) -> Transition:
        # Ticket and machine by one statement, so that a publication lies before both or after both.
        before, version, document = session.execute(
            select(TicketRow.current_state, TicketRow.version, TypeDefinitionRow.fsm_schema)
            .join(
                TypeDefinitionRow,
                (TypeDefinitionRow.scope == TicketRow.type_scope)
                & (TypeDefinitionRow.id == TicketRow.type_definition_id),
            )
            .where(TicketRow.tenant_id == ticket.tenant_id, TicketRow.id == ticket.id)
        ).one()
        if version != ticket.version:
            raise Overtaken
        Machine.parse(document).fire(before, name)
        # Where it leads is the database's to say: an edge may have got another target since.
        _write(
            session,
            ticket,
            TicketRow.version == version,
            transition_name=name,
            transition_actor=actor,
            transition_metadata=None if metadata is None else dict(metadata),
            transition_operation_id=operation_id,
        )
        rows = TicketStateHistoryRow
        step = session.get_one(rows, (ticket.tenant_id, ticket.id, version + 1))
        return Transition(step.seq, step.from_state, step.to_state, step.revision, replayed=False)


def _write(session: Session, ticket: TicketRow, is_unchanged: ColumnElement[bool], **columns: object) -> None:
    written = session.execute(
        update(TicketRow)
        .where(TicketRow.tenant_id == ticket.tenant_id, TicketRow.id == ticket.id, is_unchanged)
        .values(**columns)
        .returning(TicketRow.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if written is None:
        raise Overtaken


def _until_first(attempt: Callable[[], _Answer]) -> _Answer:
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Overtaken:
            continue
    raise Overtaken


class OptimisticSubject(OrmSubject):
    """The document's process without a lock."""

    name = "optimistic"
    session_type = OptimisticSession


subject = OptimisticSubject()
