"""Sweeps that were never measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.scale.reading import Reading, Relation, Size
from virtualq_core.scale.result import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

HISTORY = "ticketstatehistory"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ENVIRONMENT = {
    "cpu": "an imagined processor",
    "cores": 2,
    "memory_bytes": 8 * 2**30,
    "os": "an imagined system",
    "python": "3.11.2",
    "postgres_version": "18.1",
    "provider": "embedded",
}


def reading(name: str, blocks: float, *, rows: int = 1, remedied: float | None = None) -> Reading:
    """What a question costs; names of operations have no latency but log."""
    is_query = name.startswith(("list", "find", "search", "summarise", "count"))
    return Reading(
        name=name,
        kind="query" if is_query else "operation",
        tenant_class="big" if is_query else "",
        rows=rows,
        blocks=blocks,
        touched=blocks,
        p50_ms=blocks / 100 if is_query else None,
        p50_interval=(blocks / 110, blocks / 90) if is_query else None,
        wal_bytes=None if is_query else 1500.0,
        remedied=remedied,
    )


def sweep(**blocks: Callable[[int], float]) -> Sweep:
    """A sweep of these questions over four sizes; tables and indexes grow with the tickets."""
    return Sweep(
        environment=ENVIRONMENT,
        indexes="seed",
        tenants=200,
        seed=1,
        sizes=tuple(
            Size(
                tickets=tickets,
                history=tickets * 4,
                size_bytes=tickets * 1800,
                seed_s=None if tickets == SIZES[0] else tickets / 15_000,
                readings=tuple(
                    reading(
                        name,
                        grown(tickets),
                        rows=tickets // 1000 if name == "list_history_of_day" else 1,
                        remedied=40.0 if name == "list_overdue_tickets" else None,
                    )
                    for name, grown in blocks.items()
                ),
                relations=(
                    Relation("ticket", "ticket", is_index=False, size_bytes=tickets * 300),
                    Relation(HISTORY, HISTORY, is_index=False, size_bytes=tickets * 700),
                    Relation(
                        "ticketstatehistory_operation_key",
                        "ticketstatehistory",
                        is_index=True,
                        size_bytes=tickets * 170,
                    ),
                    Relation("ticket_pkey", "ticket", is_index=True, size_bytes=tickets * 40),
                ),
            )
            for tickets in SIZES
        ),
    )


SOUND = {
    "list_queue": lambda _: 1000.0,
    "list_employee_tickets": lambda _: 60.0,
    "claim_next_ticket": lambda _: 55.0,
    "transition": lambda tickets: 50.0 * tickets**0.01,
    "list_overdue_tickets": lambda tickets: tickets / 10,
    "list_history_of_day": lambda tickets: tickets / 1000 + 4,
}
