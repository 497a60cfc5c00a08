"""What the database says after a play, of the play's tenant alone, as the maintainer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.conformance.evidence import MachineRevision, Step, TicketFact, TypeMachines
from virtualq_core.conformance.interleaving.script import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.evidence import TypeKey
    from virtualq_core.conformance.interleaving.scene import Scene

SQL = content.beside(__file__, "testimony.sql")
_REFERENCES = ("its queue", "its customer", "its employee")


@dataclass(frozen=True)
class Testimony:
    """
    The tickets with what they refer to by name, their histories, and the machines.

    `left` is, by the ticket's id, how it was left: `{column: value}`. `wrongly_closed` are those that are closed in a
    state from which they can go on, or open in one from which they cannot. `remains` counts the tenant's rows by table.
    """

    facts: Mapping[int, TicketFact]
    steps: Mapping[int, list[Step]]
    machines: Mapping[TypeKey, TypeMachines]
    left: Mapping[int, Mapping[str, str]]
    wrongly_closed: tuple[int, ...]
    remains: Mapping[str, int] = field(default_factory=dict)


def read_testimony(connection: Connection[TupleRow], scene: Scene, *, counts_rows: bool = False) -> Testimony:
    """What the database says of the world of a play, whose sessions must be at rest."""
    given = {"tenant_id": scene.tenant_id}
    with connection.transaction():
        rows = connection.execute(SQL["list_tickets"].sql, given).fetchall()
        history = connection.execute(SQL["list_steps"].sql, given).fetchall()
        revisions = connection.execute(SQL["list_revisions"].sql, given).fetchall()
        current = connection.execute(SQL["list_current_revisions"].sql, given).fetchall()
        remains = connection.execute(SQL["count_rows"].sql, given).fetchall() if counts_rows else []
    machines = _machines(revisions, current)
    facts, left, wrongly_closed = {}, {}, []
    for ticket_id, scope, number, state, version, is_closed, queue, customer, employee, *astray in rows:
        strays = tuple(name for name, is_astray in zip(_REFERENCES, astray, strict=True) if is_astray)
        facts[ticket_id] = TicketFact(scene.tenant_id, ticket_id, (scope, number), state, version, strays)
        left[ticket_id] = {
            "state": state,
            "queue": _name(queue, scene.queues),
            "customer": _name(customer, scene.customers),
            "employee": _name(employee, scene.employees),
        }
        known = machines.get((scope, number))
        if known is not None and is_closed != _is_terminal(known.revisions[known.current], state):
            wrongly_closed.append(ticket_id)
    versions = {scene.tickets[name]: version for name, version in scene.versions.items()}
    steps: dict[int, list[Step]] = {}
    for ticket_id, *row in history:
        is_new = row[0] > versions.get(ticket_id, 0)
        steps.setdefault(ticket_id, []).append(Step(*[*row, is_new]))
    return Testimony(facts, steps, machines, left, tuple(wrongly_closed), dict(remains))


def _machines(revisions: list[TupleRow], current: list[TupleRow]) -> dict[TypeKey, TypeMachines]:
    found: dict[TypeKey, dict[int, MachineRevision]] = {}
    for scope, number, revision, initial, edges, mapping in revisions:
        found.setdefault((scope, number), {})[revision] = MachineRevision(initial, edges, mapping)
    return {(scope, number): TypeMachines(found[scope, number], revision) for scope, number, revision in current}


def _is_terminal(machine: MachineRevision, state: str) -> bool:
    return all(target == state for target in machine.edges.get(state, {}).values())


def _name(found: int | None, known: Mapping[str, int]) -> str:
    return next((name for name, one in known.items() if one == found), NOTHING if found is None else f"id {found}")
