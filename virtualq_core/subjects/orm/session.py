"""
The document's six steps, in the application.

1. a state change is requested; 2. the type's machine is loaded; 3. the transition is validated; 4. the state is
updated; 5. the transition is recorded; 6. an invalid one is an error.

The database itself records every change of state, so the fifth step names transition, actor, metadata and operation
for that record instead of writing a second one.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import psycopg
from sqlalchemy import NullPool, create_engine, event, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from virtualq_core.errors import (
    IllegalTransition,
    OperationReused,
    OrphanedState,
    StaleTicket,
    TicketNotFound,
    UsageError,
)
from virtualq_core.fields import FieldSchema
from virtualq_core.machine import Machine
from virtualq_core.refusal import translate
from virtualq_core.subjects.orm.model import TicketItemRow, TicketRow, TicketStateHistoryRow, TypeDefinitionRow
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as, enter_statement
from virtualq_core.tickets import BulkOutcome, CreatedTicket, HistoryEntry, Item, Lease, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from psycopg.rows import TupleRow
    from sqlalchemy import Connection

_LEASE = timedelta(minutes=5)


class OrmSession:
    """One client of the orm subject: one connection, one transaction an operation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tenant_id: int | None = None
        event.listen(self._connection, "begin", self._enter_tenant)

    @property
    def connection(self) -> psycopg.Connection[TupleRow]:
        """The driver's connection."""
        return cast("psycopg.Connection[TupleRow]", self._connection.connection.driver_connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def create_ticket(
        self,
        tenant_id: int,
        queue_id: int,
        type_definition_id: int,
        *,
        custom_data: Mapping[str, Any] | None = None,
        customer_id: int | None = None,
        employee_id: int | None = None,
        ttl_minutes: int | None = None,
        items: Iterable[Item] = (),
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_id: UUID | None = None,
    ) -> CreatedTicket:
        """As the protocol says."""
        details = {
            "queue_id": queue_id,
            "type_definition_id": type_definition_id,
            "customer_id": customer_id,
            "employee_id": employee_id,
            "ttl_minutes": ttl_minutes,
            "custom_data": None if custom_data is None else dict(custom_data),
            "transition_actor": actor,
            "transition_metadata": None if metadata is None else dict(metadata),
            "transition_operation_id": operation_id,
        }
        try:
            return self._create(tenant_id, details, list(items))
        except OperationReused:
            # A rival with the same operation id may have been faster: then its ticket is the answer.
            with self._transaction(tenant_id) as session:
                created = self._created_before(session, tenant_id, operation_id)
            if created is None:
                raise
            return created

    def _create(self, tenant_id: int, details: dict[str, Any], items: Sequence[Item]) -> CreatedTicket:
        with self._transaction(tenant_id) as session:
            created = self._created_before(session, tenant_id, details["transition_operation_id"])
            if created is not None:
                return created
            type_definition_id, custom_data = details["type_definition_id"], details["custom_data"]
            definition = session.scalars(
                select(TypeDefinitionRow).where(TypeDefinitionRow.id == type_definition_id)
            ).one_or_none()
            if definition is None:
                raise UsageError(f"the tenant has no ticket type {type_definition_id}")
            if custom_data is not None:
                FieldSchema.compile(definition.custom_fields_schema).validate(custom_data)
            ticket = TicketRow(
                **details,
                tenant_id=tenant_id,
                current_state=definition.initial_state,
                items=[TicketItemRow(name=item.name, quantity=item.quantity, note=item.note) for item in items],
            )
            session.add(ticket)
            session.flush()
            return CreatedTicket(ticket.id, ticket.extid, ticket.current_state, replayed=False)

    def transition(
        self,
        tenant_id: int,
        ticket_id: int,
        name: str,
        *,
        expected_state: str | None = None,
        expected_version: int | None = None,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_id: UUID | None = None,
    ) -> Transition:
        """As the protocol says."""
        with self._transaction(tenant_id) as session:
            ticket = self._lock(session, tenant_id, ticket_id)
            done = self._recorded(session, tenant_id, operation_id)
            if done is not None:
                if done.ticket_id != ticket_id or done.transition_name != name:
                    raise OperationReused(
                        f"the operation {operation_id} was '{done.transition_name}' on ticket {done.ticket_id}"
                    )
                return Transition(done.seq, done.from_state, done.to_state, done.revision, replayed=True)
            if ticket is None:
                raise TicketNotFound(f"tenant {tenant_id} has no ticket {ticket_id}")
            if expected_state not in {None, ticket.current_state} or expected_version not in {None, ticket.version}:
                raise StaleTicket(
                    f"ticket {ticket_id} is in '{ticket.current_state}' at version {ticket.version}",
                    expected=f"'{expected_state}'" if expected_version is None else f"version {expected_version}",
                )
            return self._step(session, ticket, name, actor, metadata, operation_id)

    def transition_many(
        self,
        tenant_id: int,
        ticket_ids: Sequence[int],
        name: str,
        *,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_ids: Sequence[UUID] | None = None,
    ) -> list[BulkOutcome]:
        """As the protocol says; one transaction, tickets in the order of their ids."""
        operations: dict[int, UUID | None] = dict.fromkeys(ticket_ids)
        if operation_ids is not None:
            operations = dict(zip(ticket_ids, operation_ids, strict=True))
        outcomes = []
        with self._transaction(tenant_id) as session:
            for ticket_id in sorted(operations):
                operation_id = operations[ticket_id]
                ticket = self._lock(session, tenant_id, ticket_id)
                done = self._recorded(session, tenant_id, operation_id)
                if ticket is None:
                    outcomes.append(BulkOutcome(ticket_id, "not-found", None, None, None))
                elif done is not None:
                    same = done.ticket_id == ticket_id and done.transition_name == name
                    outcome = "replayed" if same else "operation-reused"
                    outcomes.append(BulkOutcome(ticket_id, outcome, done.seq, done.from_state, done.to_state))
                else:
                    try:
                        step = self._step(session, ticket, name, actor, metadata, operation_id)
                    except (IllegalTransition, OrphanedState):
                        outcomes.append(BulkOutcome(ticket_id, "illegal", None, ticket.current_state, None))
                    else:
                        outcomes.append(BulkOutcome(ticket_id, "moved", step.seq, step.from_state, step.to_state))
        return outcomes

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
                .with_for_update(skip_locked=True, key_share=True)
            ).one_or_none()
            if found is None:
                return None
            ticket, now = found
            ticket.employee_id = employee_id
            # By the server's clock, because the next claim compares with that.
            leased_until = now + (_LEASE if lease is None else lease)
            ticket.leased_until = leased_until
            if transition is not None:
                self._step(session, ticket, transition, actor, None, None)
            return Lease(ticket.id, ticket.extid, ticket.current_state, leased_until)

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """As the protocol says."""
        rows = TicketStateHistoryRow
        with self._transaction(tenant_id) as session:
            found = session.scalars(
                select(rows).where(rows.tenant_id == tenant_id, rows.ticket_id == ticket_id).order_by(rows.seq)
            )
            return [
                HistoryEntry(
                    row.seq,
                    row.revision,
                    row.from_state,
                    row.to_state,
                    row.transition_name,
                    row.actor,
                    row.transition_metadata,
                    row.operation_id,
                    row.occurred_at,
                )
                for row in found
            ]

    @staticmethod
    def _lock(session: Session, tenant_id: int, ticket_id: int) -> TicketRow | None:
        return session.scalars(
            select(TicketRow)
            .where(TicketRow.tenant_id == tenant_id, TicketRow.id == ticket_id)
            .with_for_update(key_share=True)
        ).one_or_none()

    def _created_before(self, session: Session, tenant_id: int, operation_id: UUID | None) -> CreatedTicket | None:
        done = self._recorded(session, tenant_id, operation_id)
        if done is None:
            return None
        if done.seq != 1:
            raise OperationReused(
                f"the operation {operation_id} was '{done.transition_name}' on ticket {done.ticket_id}"
            )
        ticket = session.get_one(TicketRow, (tenant_id, done.ticket_id))
        return CreatedTicket(ticket.id, ticket.extid, ticket.current_state, replayed=True)

    @staticmethod
    def _recorded(session: Session, tenant_id: int, operation_id: UUID | None) -> TicketStateHistoryRow | None:
        if operation_id is None:
            return None
        rows = TicketStateHistoryRow
        return session.scalars(
            select(rows).where(rows.tenant_id == tenant_id, rows.operation_id == operation_id)
        ).one_or_none()

    @staticmethod
    def _step(
        session: Session,
        ticket: TicketRow,
        name: str,
        actor: str | None,
        metadata: Mapping[str, Any] | None,
        operation_id: UUID | None,
    ) -> Transition:
        """Steps 2 to 6, for a ticket whose row is locked."""
        definition = session.get_one(TypeDefinitionRow, (ticket.type_scope, ticket.type_definition_id))
        before, seq = ticket.current_state, ticket.version + 1
        after = Machine.parse(definition.fsm_schema).fire(before, name)
        ticket.current_state = after
        ticket.transition_name = name
        ticket.transition_actor = actor
        ticket.transition_metadata = None if metadata is None else dict(metadata)
        ticket.transition_operation_id = operation_id
        session.flush()
        return Transition(seq, before, after, definition.revision, replayed=False)

    def _enter_tenant(self, connection: Connection) -> None:
        if self._tenant_id is not None:
            connection.exec_driver_sql(enter_statement(self._tenant_id).as_string())

    @contextmanager
    def _transaction(self, tenant_id: int) -> Iterator[Session]:
        self._tenant_id = tenant_id
        try:
            with Session(self._connection, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.Error):
                raise translate(error.orig) from error
            raise


class OrmSubject:
    """The document's process in the application, on SQLAlchemy: one engine, as many sessions as are asked for."""

    name = "orm"
    session_type: type[OrmSession] = OrmSession

    def __init__(self) -> None:
        # Whoever opens a session hands its connection to the engine by this; the engine has no pool of its own.
        self._handed = threading.local()
        self._engine = create_engine(
            "postgresql+psycopg://", creator=lambda: self._handed.connection, poolclass=NullPool
        )

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> OrmSession:
        """Connect one client."""
        return self.on(psycopg.connect(dsn_as(dsn, role)))

    def on(self, connection: psycopg.Connection[TupleRow]) -> OrmSession:
        """One client; SQLAlchemy begins the transactions. The connection is closed where it is of no use."""
        connection.autocommit = False
        self._handed.connection = connection
        try:
            return self.session_type(self._engine.connect())
        except BaseException:
            connection.close()
            raise
        finally:
            del self._handed.connection
