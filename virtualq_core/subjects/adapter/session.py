"""One client of an adapter: the ticket operations as calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from virtualq_core.errors import InvalidFields
from virtualq_core.subjects.adapter.fault import NotOffered
from virtualq_core.tickets import BulkOutcome, CreatedTicket, HistoryEntry, Lease, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType
    from typing import Self

    from virtualq_core.subjects.adapter.conversation import Conversation
    from virtualq_core.tickets import Item

CUSTOM_FIELDS = "custom_fields"


@dataclass(frozen=True)
class Hello:
    """What an adapter says of itself: its name, the operations that it claims to implement, and its capabilities."""

    name: str
    operations: frozenset[str]
    capabilities: frozenset[str]


@dataclass(frozen=True)
class Patience:
    """How long an adapter may take, in seconds: to start and connect, to answer, to end when its input has."""

    start_s: float = 20.0
    answer_s: float = 30.0
    end_s: float = 5.0


class AdapterSession:
    """One client: a process of its own, whose connection is out of our sight."""

    connection = None

    def __init__(
        self, conversation: Conversation, hello: Hello, patience: Patience, *, backend_pid: int | None
    ) -> None:
        self.backend_pid = backend_pid
        self._conversation = conversation
        self._hello = hello
        self._patience = patience

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the process close its connection and end; after an error, end it at once."""
        if error is not None:
            self._conversation.kill()
            return
        self._conversation.close(self._patience.answer_s, self._patience.end_s)

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
        if custom_data is not None:
            self._require(CUSTOM_FIELDS)
        made = self._ask(
            "create_ticket",
            tenant_id=tenant_id,
            queue_id=queue_id,
            type_definition_id=type_definition_id,
            custom_data=custom_data,
            customer_id=customer_id,
            employee_id=employee_id,
            ttl_minutes=ttl_minutes,
            items=[vars(item) for item in items],
            actor=actor,
            metadata=metadata,
            operation_id=_text(operation_id),
        )
        return CreatedTicket(**made | {"extid": UUID(made["extid"])})

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
        return Transition(
            **self._ask(
                "transition",
                tenant_id=tenant_id,
                ticket_id=ticket_id,
                name=name,
                expected_state=expected_state,
                expected_version=expected_version,
                actor=actor,
                metadata=metadata,
                operation_id=_text(operation_id),
            )
        )

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
        """As the protocol says."""
        outcomes = self._ask(
            "transition_many",
            tenant_id=tenant_id,
            ticket_ids=list(ticket_ids),
            name=name,
            actor=actor,
            metadata=metadata,
            operation_ids=None if operation_ids is None else [str(each) for each in operation_ids],
        )
        return [BulkOutcome(**outcome) for outcome in outcomes]

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
        leased = self._ask(
            "claim_next",
            tenant_id=tenant_id,
            queue_id=queue_id,
            state=state,
            employee_id=employee_id,
            lease_s=None if lease is None else lease.total_seconds(),
            transition=transition,
            actor=actor,
        )
        if leased is None:
            return None
        until = self._instant(leased["leased_until"])
        return Lease(**leased | {"extid": UUID(leased["extid"]), "leased_until": until})

    def history(self, tenant_id: int, ticket_id: int) -> list[HistoryEntry]:
        """As the protocol says."""
        steps = self._ask("history", tenant_id=tenant_id, ticket_id=ticket_id)
        return [
            HistoryEntry(
                **step | {"operation_id": UUID(step["operation_id"]), "occurred_at": self._instant(step["occurred_at"])}
            )
            for step in steps
        ]

    def _ask(self, call: str, **given: object) -> Any:  # noqa: ANN401 -- what the call promises
        self._require(call)
        try:
            return self._conversation.ask(call, given, self._patience.answer_s)
        except ValueError as error:
            # No line of JSON can hold it, so nothing that is spoken to in lines of JSON takes it.
            raise InvalidFields(f"what is given to '{call}' is not JSON: {error}") from error

    def _require(self, name: str) -> None:
        if name not in self._hello.operations | self._hello.capabilities:
            raise NotOffered(f"the adapter '{self._hello.name}' does not offer {name}")

    def _instant(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise self._conversation.breach("told a time that does not exist", text, "an RFC 3339 time") from error


def _text(operation_id: UUID | None) -> str | None:
    return None if operation_id is None else str(operation_id)
