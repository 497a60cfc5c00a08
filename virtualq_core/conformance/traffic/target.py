"""What clients work on: tenants, queues, types and tickets that are there, chosen once before it begins."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.conformance.traffic.demand import Extent
    from virtualq_core.database.server import Database

SEED_FIRST = "put some tickets into it: virtualq seed --database-url ..."
_SQL = content.beside(__file__, "target.sql")


class NothingToDo(EnvironmentFault):
    """The database holds nothing that clients could work on."""

    code = "nothing-to-do"


@dataclass(frozen=True)
class TargetType:
    """A ticket type: its machine as the database compiled it, and what its tickets' custom data look like."""

    scope: int
    id: int
    initial_state: str
    terminal_states: list[str]
    edges: dict[str, dict[str, str]]
    samples: list[dict[str, Any]]

    @property
    def open_states(self) -> list[str]:
        """The states of tickets that are not closed."""
        return [state for state in self.edges if state not in self.terminal_states]


@dataclass(frozen=True)
class TargetQueue:
    """A queue with so many open tickets; new ones are of these types (places in the target's list)."""

    tenant_id: int
    id: int
    open_tickets: int
    types: list[int]


@dataclass(frozen=True)
class TargetTicket:
    """An open ticket as it was when the load began; `queue` and `type` are places in the target's lists."""

    tenant_id: int
    id: int
    queue: int
    type: int
    state: str


@dataclass(frozen=True)
class Target:
    """All of it. `employees` are by tenant, as pairs of (tenant id, employee ids)."""

    types: list[TargetType]
    queues: list[TargetQueue]
    tickets: list[TargetTicket]
    employees: list[tuple[int, list[int]]]

    @property
    def open_tickets(self) -> dict[int, int]:
        """How many each tenant has, the one with the most first."""
        sizes: dict[int, int] = {}
        for queue in self.queues:
            sizes[queue.tenant_id] = sizes.get(queue.tenant_id, 0) + queue.open_tickets
        return dict(sorted(sizes.items(), key=lambda one: (-one[1], one[0])))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """From what `to_json` gave."""
        return cls(
            [TargetType(**one) for one in document["types"]],
            [TargetQueue(**one) for one in document["queues"]],
            [TargetTicket(**one) for one in document["tickets"]],
            [(tenant_id, ids) for tenant_id, ids in document["employees"]],
        )


def choose_target(database: Database, extent: Extent, *, seed: int, tenant_ids: Sequence[int] | None = None) -> Target:
    """
    Choose what clients work on, among these tenants (default: all); reads only.

    Raises:
        NothingToDo: no tenant has a queue, or there is no ticket type.
    """
    among = None if tenant_ids is None else list(tenant_ids)
    with database.connect(role=MAINTAINER_ROLE) as connection:
        ranked = connection.execute(_SQL["rank_tenants"].sql, {"at_most": extent.tenants, "among": among}).fetchall()
        scope = {"tenant_ids": [tenant_id for (tenant_id,) in ranked], "seed": seed, "at_most": extent.open_tickets}
        rows = {
            name: connection.execute(_SQL[name].sql, scope).fetchall()
            for name in ("list_types", "list_queues", "list_open_tickets", "list_employees", "sample_custom_data")
        }
    if not rows["list_queues"] or not rows["list_types"]:
        missing = "queue" if not rows["list_queues"] else "ticket type"
        raise NothingToDo(f"the database '{database.name}' has no {missing}", next_step=SEED_FIRST)

    samples: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for type_scope, type_id, custom_data in rows["sample_custom_data"]:
        samples.setdefault((type_scope, type_id), []).append(custom_data)
    types = [
        TargetType(type_scope, type_id, initial, terminal, edges, samples.get((type_scope, type_id), []))
        for type_scope, type_id, initial, terminal, edges in rows["list_types"]
    ]
    type_places = {(one.scope, one.id): place for place, one in enumerate(types)}
    queue_places = {(tenant_id, queue_id): place for place, (tenant_id, queue_id, _) in enumerate(rows["list_queues"])}
    tickets = [
        TargetTicket(tenant_id, ticket_id, queue_places[tenant_id, queue_id], type_places[type_scope, type_id], state)
        for tenant_id, ticket_id, queue_id, type_scope, type_id, state in rows["list_open_tickets"]
    ]
    seen: dict[int, set[int]] = {}
    for ticket in tickets:
        seen.setdefault(ticket.queue, set()).add(ticket.type)
    queues = [
        TargetQueue(tenant_id, queue_id, open_tickets, sorted(seen.get(place, ())) or _usable(types, tenant_id))
        for place, (tenant_id, queue_id, open_tickets) in enumerate(rows["list_queues"])
    ]
    employees: dict[int, list[int]] = {}
    for tenant_id, employee_id in rows["list_employees"]:
        employees.setdefault(tenant_id, []).append(employee_id)
    return Target(types, queues, tickets, list(employees.items()))


def _usable(types: list[TargetType], tenant_id: int) -> list[int]:
    return [place for place, one in enumerate(types) if one.scope in {0, tenant_id}]
