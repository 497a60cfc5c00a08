"""The same transitions, one call a ticket against one call for a thousand of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtualq_core.measure.guarantee.pgbench import BenchmarkBroke
from virtualq_core.measure.guarantee.scene import TRANSITION
from virtualq_core.measure.sample import WARM_UP, settled_heap
from virtualq_core.subjects import ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from virtualq_core.measure.guarantee.scene import Scene
    from virtualq_core.subjects import SubjectSession

LOOP, BULK = "loop", "bulk"
TICKETS = {LOOP: 100, BULK: 1_000}
"""How many one turn moves: of the loop enough to time it, of the bulk call a whole queue."""
LEAST_BLOCKS = 8


def measure_bulk(place: Scene, *, limit_s: float, draw: random.Random) -> dict[str, list[float]]:
    """
    Tickets a second of a client's loop and of the bulk call, block by block, both through psycopg by one client.

    Raises:
        BenchmarkBroke: a ticket did not move.
    """
    rates: dict[str, list[float]] = {LOOP: [], BULK: []}
    ways: dict[str, Callable[[SubjectSession, Scene, list[int]], None]] = {LOOP: _loop, BULK: _bulk}
    with settled_heap(), ProceduralSubject().open(place.database.dsn, role=APPLICATION_ROLE) as session:
        for _ in range(WARM_UP):
            for way in ways.values():
                way(session, place, _some(place, WARM_UP, draw))
        deadline = time.monotonic() + limit_s
        while len(rates[LOOP]) < LEAST_BLOCKS or time.monotonic() < deadline:
            for name in draw.sample(tuple(ways), len(ways)):
                tickets = _some(place, TICKETS[name], draw)
                moves = place.counts("procedural")
                begin = time.perf_counter()
                ways[name](session, place, tickets)
                duration_s = time.perf_counter() - begin
                moved = place.counts("procedural")
                if moved != (moves[0] + len(tickets), moves[1] + len(tickets)):
                    raise BenchmarkBroke(
                        f"not every ticket of the {name} has moved",
                        observed=f"{moved[0] - moves[0]} moves and {moved[1] - moves[1]} recorded steps",
                        expected=f"{len(tickets)} of each",
                    )
                rates[name].append(len(tickets) / duration_s)
    return rates


def _some(place: Scene, number: int, draw: random.Random) -> list[int]:
    return draw.sample(range(place.first_id, place.last_id + 1), number)


def _loop(session: SubjectSession, place: Scene, tickets: list[int]) -> None:
    for ticket_id in tickets:
        session.transition(place.tenant_id, ticket_id, TRANSITION, actor="loop")


def _bulk(session: SubjectSession, place: Scene, tickets: list[int]) -> None:
    session.transition_many(place.tenant_id, tickets, TRANSITION, actor="bulk")
