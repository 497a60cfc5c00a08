"""The operations of a client that change nothing: lists, dashboards, searches, and a look at a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.operation import Kind
from virtualq_core.conformance.traffic.clerk import Clerk, new_operation_id, operation
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from virtualq_core.conformance.traffic.board import Card
    from virtualq_core.conformance.traffic.target import TargetQueue

_SQL = content.beside(__file__, "client.sql")
_FOUND_AT_MOST = 50


class Reader(Clerk):
    """The rows of the catalogue's queries are fetched and not decoded: the load is the server's."""

    @operation(Kind.LIST)
    def list_queue(self) -> None:
        """List a queue's open tickets, as a display does."""
        queue = self._choose_listed()
        states = sorted({state for place in queue.types for state in self._target.types[place].open_states})
        self._ask(Kind.LIST, "list_queue", queue.tenant_id, queue_id=queue.id, states=states)

    @operation(Kind.DASHBOARD)
    def dashboard(self) -> None:
        """What an employee has in hand; of a tenant without employees nobody's."""
        queue = self._choose_queue()
        employees = self._board.employees(queue.tenant_id) or [0]
        states = sorted({state for place in queue.types for state in self._target.types[place].open_states})
        employee_id = self._chance.choice(employees)
        self._ask(Kind.DASHBOARD, "list_employee_tickets", queue.tenant_id, employee_id=employee_id, states=states)

    @operation(Kind.SEARCH)
    def search(self) -> None:
        """Tickets by one field of their custom data, drawn from those that are there."""
        queue = self._choose_queue()
        samples = [sample for place in queue.types for sample in self._target.types[place].samples if sample]
        sample = self._chance.choice(samples) if samples else {"": ""}
        key = self._chance.choice(sorted(sample))
        fragment = Jsonb({key: sample[key]})
        self._ask(Kind.SEARCH, "search_custom_data", queue.tenant_id, fragment=fragment, at_most=_FOUND_AT_MOST)

    def _ask(self, kind: Kind, query: str, tenant_id: int, **parameters: Any) -> None:
        connection = self._sight()
        asked = self._asked(kind, new_operation_id(), tenant_id, None)
        try:
            with tenant_scope(connection, tenant_id):
                connection.execute(content.query(query).sql, {"tenant_id": tenant_id, **parameters})
        except BaseException as error:  # noqa: BLE001  whatever it is, it is this operation's outcome
            self._ended(asked, error)
        else:
            self._answered(asked)

    def _look_at(self, card: Card, *, is_aside: bool = False) -> None:
        """Read a ticket together with the end of its history; aside, where it comes before another operation."""
        parameters = {"tenant_id": card.tenant_id, "ticket_id": card.ticket_id}
        connection = self._sight()
        asked = self._asked(Kind.READ, new_operation_id(), card.tenant_id, card.ticket_id, is_aside=is_aside)
        try:
            with tenant_scope(connection, card.tenant_id):
                row = connection.execute(_SQL["read_ticket"].sql, parameters).fetchone()
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(asked, error)
            return
        state, version, last_state, last_seq = row or (None, None, None, None)
        self._answered(asked, version=version, seq=last_seq, from_state=state, to_state=last_state)
        if state is not None:
            self._board.update(card, state, version)

    def _choose_queue(self) -> TargetQueue:
        return self._chance.choice(self._board.queues(self._board.pick_tenant(self._chance)))

    def _choose_listed(self) -> TargetQueue:
        """A queue that is not too deep to be listed, or else the shallowest of the tenant's."""
        queues = self._board.queues(self._board.pick_tenant(self._chance))
        fitting = [queue for queue in queues if queue.open_tickets <= self._demand.extent.listed_tickets]
        return self._chance.choice(fitting) if fitting else min(queues, key=lambda queue: queue.open_tickets)
