"""The same transitions of the same tickets, one call a ticket against one call for all of them."""

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

TICKETS = 100
LEAST_BLOCKS = 8
LOOP, BULK = "loop", "bulk"


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
                tickets = _some(place, TICKETS, draw)
                moves = place.counts("procedural")
                begin = time.perf_counter()
                ways[name](session, place, tickets)
                duration_s = time.perf_counter() - begin
                moved = place.counts("procedural")
                if moved != (moves[0] + TICKETS, moves[1] + TICKETS):
                    raise BenchmarkBroke(
                        f"not every ticket of the {name} has moved",
                        observed=f"{moved[0] - moves[0]} moves and {moved[1] - moves[1]} recorded steps",
                        expected=f"{TICKETS} of each",
                    )
                rates[name].append(TICKETS / duration_s)
    return rates


def _some(place: Scene, number: int, draw: random.Random) -> list[int]:
    return draw.sample(range(place.first_id, place.last_id + 1), number)


def _loop(session: SubjectSession, place: Scene, tickets: list[int]) -> None:
    for ticket_id in tickets:
        session.transition(place.tenant_id, ticket_id, TRANSITION, actor="loop")


def _bulk(session: SubjectSession, place: Scene, tickets: list[int]) -> None:
    session.transition_many(place.tenant_id, tickets, TRANSITION, actor="bulk")
