"""
Operations on the tickets of one tenant, one round trip each.

The database enforces and records; this module names the operations, validates custom data before it is sent, and turns
refusals into errors that say what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import pq
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import StaleType
from virtualq_core.listing import fetch_queue
from virtualq_core.refusal import translate
from virtualq_core.tenancy import tenant_scope
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.listing import QueueTicket
    from virtualq_core.types import TypeDefinition

_SQL = content.beside(__file__, "tickets.sql")
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Item:
    """One component of a ticket."""

    name: str
    quantity: int = 1
    note: str | None = None


@dataclass(frozen=True)
class CreatedTicket:
    """A ticket as it was created; `replayed` when the operation id had created it before."""

    id: int
    extid: UUID
    state: str
    replayed: bool


@dataclass(frozen=True)
class Transition:
    """One step of a ticket's history, as the database recorded it; `replayed` as for `CreatedTicket`."""

    seq: int
    from_state: str
    to_state: str
    revision: int
    replayed: bool


@dataclass(frozen=True)
class BulkOutcome:
    """What became of one ticket of a bulk call: `moved`, `replayed`, `illegal`, `not-found` or `operation-reused`."""

    ticket_id: int
    outcome: str
    seq: int | None
    from_state: str | None
    to_state: str | None


@dataclass(frozen=True)
class Lease:
    """A claimed ticket, the claimer's until `leased_until`."""

    ticket_id: int
    extid: UUID
    state: str
    leased_until: datetime


@dataclass(frozen=True)
class HistoryEntry:
    """One row of the audit trail."""

    seq: int
    revision: int
    from_state: str
    to_state: str
    transition_name: str | None
    actor: str
    metadata: dict[str, Any] | None
    operation_id: UUID
    occurred_at: datetime


class Tickets:
    """
    The tickets of one tenant, on a connection of the application role.

    Outside a transaction each operation commits by itself and costs one round trip. Inside one, which must be this
    tenant's, it takes part in it. For one thread at a time.
    """

    def __init__(self, connection: Connection[TupleRow], tenant_id: int) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._types: dict[int, TypeDefinition] = {}
        # One for all: making a cursor takes as long as reading an answer of one row.
        self._cursor = connection.cursor(row_factory=tuple_row)

    def create(
        self,
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
        """
        Create a ticket in its machine's initial state, with its items and its first history row.

        `custom_data` is validated under the type's published schema; the type is read once and read again when the
        database says that it has been republished since. With an `operation_id` a repeated call answers with the
        ticket that the first one created.

        Raises:
            InvalidFields: `custom_data` does not fit the type's schema.
            StaleType: the type was republished, and the caller's own transaction has to begin anew.
            UsageError: the queue, customer or employee is not this tenant's, or the tenant has no such type.
        """
        parameters = {
            "tenant_id": self._tenant_id,
            "queue_id": queue_id,
            "type_definition_id": type_definition_id,
            "custom_data": _jsonb(custom_data),
            "customer_id": customer_id,
            "employee_id": employee_id,
            "ttl_minutes": ttl_minutes,
            "items": Jsonb([vars(item) for item in items]),
            "actor": actor,
            "metadata": _jsonb(metadata),
            "operation_id": operation_id,
        }
        try:
            return self._create_validated(type_definition_id, custom_data, parameters)
        except StaleType:
            del self._types[type_definition_id]
            if self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
                raise  # the caller's transaction is lost; only the caller can begin it anew
            return self._create_validated(type_definition_id, custom_data, parameters)

    def transition(
        self,
        ticket_id: int,
        name: str,
        *,
        expected_state: str | None = None,
        expected_version: int | None = None,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_id: UUID | None = None,
    ) -> Transition:
        """
        Move one ticket along the named edge of its machine and record it.

        The row is locked, so of several callers racing the same edge one wins. A self-edge is recorded too. With an
        `operation_id` a repeated call answers with the first call's step.

        Raises:
            IllegalTransition: the machine has no such edge from the ticket's present state (SQLSTATE 23514, constraint
                `ticket_transition_is_legal`).
            StaleTicket: the ticket is not in `expected_state` or at `expected_version`.
            OrphanedState: the ticket's state is gone from its machine.
            TicketNotFound: the tenant has no such ticket.
            OperationReused: the operation id was another operation's.
        """
        parameters = {
            "tenant_id": self._tenant_id,
            "ticket_id": ticket_id,
            "transition": name,
            "expected_state": expected_state,
            "expected_version": expected_version,
            "actor": actor,
            "metadata": _jsonb(metadata),
            "operation_id": operation_id,
        }
        return self._select(Transition, "transition_ticket", parameters)[0]

    def transition_many(
        self,
        ticket_ids: Sequence[int],
        name: str,
        *,
        actor: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        operation_ids: Sequence[UUID] | None = None,
    ) -> list[BulkOutcome]:
        """
        Move many tickets along edges of one name, in one statement; one outcome a ticket, by ticket id.

        A ticket that cannot move is reported and does not hold up the others. `operation_ids` runs parallel to
        `ticket_ids`.
        """
        parameters = {
            "tenant_id": self._tenant_id,
            "ticket_ids": list(ticket_ids),
            "transition": name,
            "actor": actor,
            "metadata": _jsonb(metadata),
            "operation_ids": None if operation_ids is None else list(operation_ids),
        }
        return self._select(BulkOutcome, "transition_tickets", parameters)

    def claim_next(
        self,
        queue_id: int,
        state: str,
        employee_id: int,
        *,
        lease: timedelta | None = None,
        transition: str | None = None,
        actor: str | None = None,
    ) -> Lease | None:
        """
        Lease the oldest ticket of a queue that waits in `state`, or None where there is none that is free.

        Rivals skip a ticket that is being claimed instead of waiting for it. The lease lasts 5 minutes unless given;
        one that ran out is free again. `transition`, if given, is taken in the same transaction.
        """
        parameters = {
            "tenant_id": self._tenant_id,
            "queue_id": queue_id,
            "state": state,
            "employee_id": employee_id,
            "lease": lease,
            "transition": transition,
            "actor": actor,
        }
        found = self._select(Lease, "claim_next_ticket", parameters)
        return found[0] if found else None

    def list_queue(self, queue_id: int, states: Sequence[str]) -> list[QueueTicket]:
        """
        The tickets of a queue that are in one of the states, newest first; empty where the tenant has no such queue.

        A row's custom data are decoded when they are asked for, not before.
        """
        parameters = {"tenant_id": self._tenant_id, "queue_id": queue_id, "states": list(states)}
        with tenant_scope(self._connection, self._tenant_id):
            try:
                return fetch_queue(self._connection, parameters)
            except psycopg.Error as error:
                raise translate(error) from error

    def history(self, ticket_id: int) -> list[HistoryEntry]:
        """Every step of one ticket, oldest first; empty where the tenant has no such ticket."""
        parameters = {"tenant_id": self._tenant_id, "ticket_id": ticket_id}
        with tenant_scope(self._connection, self._tenant_id):
            return self._select(HistoryEntry, "list_history", parameters)

    def expire(self, *, at: datetime | None = None, batch: int = 1000) -> list[int]:
        """
        Take the `expire` edge for at most `batch` open tickets whose time to live has run out; their ids.

        `at` is the time to judge by, the transaction's by default.
        """
        parameters = {"tenant_id": self._tenant_id, "at": at, "batch": batch}
        return [ticket_id for (ticket_id,) in self._fetch("expire_tickets", parameters)]

    def refresh_waits(self, *, at: datetime | None = None, window: timedelta | None = None) -> int:
        """Measure each queue's service rate over `window` (1 hour) and renew the estimated waits; how many changed."""
        parameters = {"tenant_id": self._tenant_id, "at": at, "window": window}
        [(changed,)] = self._fetch("refresh_waits", parameters)
        return int(changed)

    def _create_validated(
        self, type_definition_id: int, custom_data: Mapping[str, Any] | None, parameters: dict[str, Any]
    ) -> CreatedTicket:
        definition = self._types.get(type_definition_id)
        if definition is None:
            definition = Types(self._connection, self._tenant_id).get(type_definition_id)
            self._types[type_definition_id] = definition
        if custom_data is not None:
            definition.fields.validate(dict(custom_data))
        return self._select(CreatedTicket, "create_ticket", {**parameters, "revision": definition.revision})[0]

    def _select(self, row: type[_Row], statement: str, parameters: dict[str, Any]) -> list[_Row]:
        """The answer's rows; its columns are the fields of `row`, in their order."""
        return [row(*values) for values in self._fetch(statement, parameters)]

    def _fetch(self, statement: str, parameters: dict[str, Any]) -> list[TupleRow]:
        try:
            return self._cursor.execute(_SQL[statement].sql, parameters).fetchall()
        except psycopg.Error as error:
            raise translate(error) from error


def _jsonb(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)
