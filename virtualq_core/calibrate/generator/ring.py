"""Tickets whose states follow each other in a ring, so that one call moves any of them for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.tenancy import MAINTAINER_ROLE, tenant_scope

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

TICKETS = 20_000
_SQL = content.beside(__file__, "ring.sql")
_STATES = ("waiting", "called", "served", "reviewed")
_MACHINE = {
    "init": _STATES[0],
    "states": list(_STATES),
    "transitions": [
        *(
            {"name": "advance", "from": state, "to": _STATES[(place + 1) % len(_STATES)]}
            for place, state in enumerate(_STATES)
        ),
    ],
}


@dataclass(frozen=True)
class Ring:
    """One tenant's tickets, from `first_id` to `last_id`."""

    tenant_id: int
    first_id: int
    last_id: int

    @property
    def variables(self) -> dict[str, object]:
        """What `loadtests/ring.sql` calls them."""
        return {"tenant_id": self.tenant_id, "first_id": self.first_id, "last_id": self.last_id}


def make_ring(database: Database, *, tickets: int = TICKETS) -> Ring:
    """Put a ring into an installed database without tickets."""
    with database.connect(role=MAINTAINER_ROLE) as maintainer:
        [type_id] = _row(maintainer, "add_ring_type", machine=Jsonb(_MACHINE))
        tenant_id, queue_id = _row(maintainer, "add_ring_queue")
        with tenant_scope(maintainer, tenant_id):
            asked = {"tenant_id": tenant_id, "queue_id": queue_id, "type_id": type_id, "tickets": tickets}
            maintainer.execute(_SQL["add_ring_tickets"].sql, asked)
        first_id, last_id = _row(maintainer, "find_ring_range", tenant_id=tenant_id)
    with database.connect() as owner:
        owner.execute(_SQL["settle_ring"].sql)
    return Ring(tenant_id, first_id, last_id)


def _row(connection: Any, name: str, **values: object) -> tuple[Any, ...]:  # noqa: ANN401  one of psycopg's
    found: tuple[Any, ...] = connection.execute(_SQL[name].sql, values).fetchone()
    return found
