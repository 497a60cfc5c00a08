"""Where operations are timed: a tenant, a queue and a type, and the longest way through the type's machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.measure.catalogue import tenants_by_class
from virtualq_core.tickets import Item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtualq_core.measure.observer import Observer
    from virtualq_core.subjects import SubjectSession

_SQL = content.beside(__file__, "operation.sql")
_MOST_STEPS = 20_000
ACTOR = "virtualq.measure"
SEED_FIRST = "virtualq seed puts some in"
BATCH = 20
"""The tickets of one bulk operation."""
# Too long for the gap that a bulk load leaves at the end of every block. Short items would each fill the gap of another
# block and log its whole image, which says much about the load and nothing about the operation.
_NOTE = "as ordered at the counter, to be handed over with the receipt; " * 5
ITEMS = (Item("first", 1, _NOTE), Item("second", 2, _NOTE))


@dataclass(frozen=True)
class Ground:
    """
    A tenant, queue and type, the transitions of the longest way that visits no state twice, usual custom data.

    `employee_id` is somebody of the tenant who claims tickets; none where nobody is employed there. `tenant_class` is
    big, median or small.
    """

    tenant_id: int
    queue_id: int
    type_definition_id: int
    path: tuple[str, ...]
    custom_data: Mapping[str, Any] | None
    initial_state: str = ""
    employee_id: int | None = None
    tenant_class: str = "big"

    def create(self, session: SubjectSession) -> int:
        """Create a ticket with two items, as a customer would; its id."""
        created = session.create_ticket(
            self.tenant_id,
            self.queue_id,
            self.type_definition_id,
            custom_data=self.custom_data,
            items=ITEMS,
            actor=ACTOR,
        )
        return created.id

    def live(self, session: SubjectSession) -> None:
        """Create a ticket and move it all the way."""
        ticket_id = self.create(session)
        for name in self.path:
            self.move(session, ticket_id, name)

    def finish(self, session: SubjectSession, ticket_ids: Sequence[int]) -> None:
        """Move new tickets all the way, many at once."""
        for name in self.path:
            self.move_many(session, ticket_ids, name)

    def claim(self, session: SubjectSession) -> int | None:
        """Lease the queue's oldest ticket, which stays where it is; its id, none where none waits."""
        claimed = session.claim_next(
            self.tenant_id, self.queue_id, self.initial_state, self.employee_id or 0, actor=ACTOR
        )
        return None if claimed is None else claimed.ticket_id

    def move_many(self, session: SubjectSession, ticket_ids: Sequence[int], transition: str) -> None:
        """Move many tickets in one call."""
        session.transition_many(self.tenant_id, ticket_ids, transition, actor=ACTOR)

    def move(self, session: SubjectSession, ticket_id: int, transition: str) -> None:
        """Move a ticket."""
        session.transition(self.tenant_id, ticket_id, transition, actor=ACTOR)


def choose_grounds(observer: Observer) -> list[Ground]:
    """The ground of `choose_ground`, and one in a median and in a small tenant; fewer where there are few tenants."""
    with observer.as_overseer() as connection:
        places = tenants_by_class(connection)
    grounds = [choose_ground(observer)]
    for place in places:
        if place.tenant_class in {"median", "small"}:
            ground = choose_ground(observer, tenant_id=place.tenant_id)
            grounds.append(None if ground is None else replace(ground, tenant_class=place.tenant_class))
    found: dict[int, Ground] = {}
    for one in grounds:
        if one is not None and one.path:
            found.setdefault(one.tenant_id, one)
    return list(found.values())


def choose_ground(observer: Observer, *, tenant_id: int | None = None) -> Ground | None:
    """
    The ground in this database, or in one tenant: of the types there, the one with the longest way.

    None where there is no queue.
    """
    with observer.as_overseer() as connection:
        asked = {"tenant_id": tenant_id}
        rows = connection.cursor(row_factory=dict_row).execute(_SQL["choose_ground"].sql, asked).fetchall()
    grounds = [
        Ground(
            row["tenant_id"],
            row["queue_id"],
            row["type_definition_id"],
            longest_path(row["fsm_compiled"], row["initial_state"]),
            row["custom_data"],
            row["initial_state"],
            row["employee_id"],
        )
        for row in rows
    ]
    return max(grounds, key=lambda ground: len(ground.path), default=None)


def longest_path(compiled: Mapping[str, Mapping[str, str]], start: str) -> tuple[str, ...]:
    """
    The names of the transitions along the longest way from `start` that visits no state twice.

    A way that ends where nothing leads on is preferred to any that does not. The search ends after a bounded number of
    steps, with the best way until then.
    """
    longest: tuple[str, ...] = ()
    is_ended = False
    waiting: list[tuple[str, tuple[str, ...], frozenset[str]]] = [(start, (), frozenset({start}))]
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        state, taken, seen = waiting.pop()
        edges = compiled.get(state, {})
        ends = all(target == state for target in edges.values())
        if (ends, len(taken)) > (is_ended, len(longest)):
            longest, is_ended = taken, ends
        for name, target in sorted(edges.items(), reverse=True):
            if target not in seen:
                waiting.append((target, (*taken, name), seen | {target}))
    return longest
