"""
What an operation costs that repeats exactly: log bytes, blocks, updates that indexes have to follow, triggers.

The database's own functions are run under `EXPLAIN`, which counts for its session alone, on tickets that are created
for the purpose, and all of it is rolled back, so the commit's own record is not in it. Of several runs on the same
pages the least is told, because the image of a page that a checkpoint has cleaned is written once, by whoever comes
first. The time in triggers is no exact figure, but it is held against the rest of the same statement's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.database.layout import all_files
from virtualq_core.measure.budget import OPERATIONS
from virtualq_core.measure.ground import ACTOR, BATCH, ITEMS
from virtualq_core.measure.plan import Plan
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import psycopg

    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer

    Connection: TypeAlias = psycopg.Connection[Any]

_SQL = content.beside(__file__, "cost.sql")
LIVES = 8
_BESIDE = 7
_LONG = "x" * 1_400
TABLES = ("ticket", "ticketitem", "ticketstatehistory")
"""Those that operations write."""
_TRIGGER = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:constraint\s+)?trigger\s+(?P<name>\w+)\s[^;]*?\son\s+virtualq\.(?P<table>\w+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exact:
    """
    One operation's costs; of a bulk operation those for each of its tickets.

    `hot_share` is the share of its updates of tickets that are heap-only, the greatest of several, because a block that
    is full makes an update another one whatever the indexes are; none where it updates no ticket.
    """

    wal_bytes: float
    buffers: float
    hot_share: float | None = None


@dataclass(frozen=True)
class Fired:
    """A trigger that fired, or the constraint that it belongs to, and its share of the time in triggers."""

    name: str
    table: str
    share: float


@dataclass(frozen=True)
class Triggers:
    """
    The triggers on tickets, items and history that nobody declared, and those that an update of a ticket fires.

    `ratios` are the times in triggers over the rest of the same statement's, one for each statement; `fired` begins
    with the one that takes most of them.
    """

    unknown: tuple[str, ...]
    fired: tuple[Fired, ...]
    ratios: tuple[float, ...]


def measure_costs(observer: Observer, ground: Ground, wanted: Collection[str] = OPERATIONS) -> dict[str, Exact]:
    """The exact costs of the wanted operations, by their names; nothing is kept."""
    if not wanted:
        return {}
    tallies: dict[str, list[_Tally]] = {}
    with observer.as_application() as connection, connection.transaction(force_rollback=True):
        connection.execute(enter_statement(ground.tenant_id))
        for _ in range(LIVES):
            for operation, tally in _live(connection, ground, wanted).items():
                tallies.setdefault(operation, []).append(tally)
    return {operation: _exact(tally) for operation, tally in tallies.items()}


def measure_triggers(observer: Observer, ground: Ground, *, lives: int = LIVES) -> Triggers:
    """The triggers, as direct updates of so many tickets' states along their whole way fire them; nothing is kept."""
    with observer.as_overseer() as connection:
        present = connection.execute(_SQL["list_triggers"].sql, {"tables": list(TABLES)}).fetchall()
    unknown = tuple(f"{name} on {table}" for table, name in present if (table, name) not in declared_triggers())
    ratios, times = [], dict[tuple[str, str], float]()
    with observer.as_application() as connection, connection.transaction(force_rollback=True):
        connection.execute(enter_statement(ground.tenant_id))
        for _ in range(lives):
            ticket_id = _create(connection, ground)
            for transition in ground.path:
                asked = _common(ground) | {"ticket_id": ticket_id, "transition": transition}
                document = _explain(connection, "explain_update", asked).document
                fired = document.get("Triggers", ())
                own = {
                    (one["Relation"], one.get("Constraint Name", one["Trigger Name"])): float(one["Time"])
                    for one in fired
                }
                rest = float(document["Execution Time"]) - sum(own.values())
                ratios.append(sum(own.values()) / max(rest, 0.001))
                for name, time_ms in own.items():
                    times[name] = times.get(name, 0.0) + time_ms
    whole = sum(times.values()) or 1.0
    dearest = sorted(times.items(), key=lambda one: -one[1])
    told = tuple(Fired(name, table, time_ms / whole) for (table, name), time_ms in dearest)
    return Triggers(unknown, told, tuple(ratios))


@cache
def declared_triggers() -> frozenset[tuple[str, str]]:
    """The triggers that the schema creates in one of its layouts, each as table and name."""
    texts = [path.read_text(encoding="utf-8") for path in all_files(content.folder("schema"))]
    return frozenset(
        (match["table"].lower(), match["name"].lower()) for text in texts for match in _TRIGGER.finditer(text)
    )


@dataclass
class _Tally:
    """The sums over one ticket's life."""

    times: int = 0
    wal_bytes: float = 0.0
    buffers: int = 0
    updated: int = 0
    hot: int = 0


def _live(connection: Connection, ground: Ground, wanted: Collection[str]) -> dict[str, _Tally]:
    """Each wanted operation once, or along the whole way, on tickets made for it."""
    tallies = {name: _Tally() for name in ("create_ticket", "transition")}
    _open_block(connection, ground)
    _run(connection, tallies["create_ticket"], "explain_create", _details(ground))
    ticket_id = _newest(connection, ground)
    for transition in ground.path:
        asked = _common(ground) | {"ticket_id": ticket_id, "transition": transition}
        _run(connection, tallies["transition"], "explain_transition", asked)

    if "update_wait" in wanted:
        _open_block(connection, ground)
        asked = _common(ground) | {"ticket_id": _create(connection, ground)}
        _run(connection, tallies.setdefault("update_wait", _Tally()), "explain_update_wait", asked)
    if "claim_next_ticket" in wanted and ground.employee_id is not None:
        asked = _common(ground) | {"queue_id": ground.queue_id, "state": ground.initial_state}
        asked |= {"employee_id": ground.employee_id}
        _run(connection, tallies.setdefault("claim_next_ticket", _Tally()), "explain_claim", asked)
    if "transition_tickets" in wanted and ground.path:
        ticket_ids = []
        for number in range(BATCH):
            if number % _BESIDE == 0:
                _open_block(connection, ground)
            ticket_ids.append(_create(connection, ground))
        asked = _common(ground) | {"ticket_ids": ticket_ids, "transition": ground.path[0]}
        _run(connection, tallies.setdefault("transition_tickets", _Tally()), "explain_bulk", asked, times=BATCH)
    return tallies


def _run(
    connection: Connection, tally: _Tally, statement: str, parameters: Mapping[str, Any], *, times: int = 1
) -> None:
    before = connection.execute(_SQL["count_updates"].sql).fetchone() or (0, 0)
    plan = _explain(connection, statement, parameters)
    after = connection.execute(_SQL["count_updates"].sql).fetchone() or (0, 0)
    tally.times += times
    tally.wal_bytes += float(plan.root.details["WAL Bytes"])
    tally.buffers += plan.buffers
    tally.updated += after[0] - before[0]
    tally.hot += after[1] - before[1]


def _exact(lives: list[_Tally]) -> Exact:
    lives = [tally for tally in lives if tally.times]
    return Exact(
        min((tally.wal_bytes / tally.times for tally in lives), default=0.0),
        min((tally.buffers / tally.times for tally in lives), default=0.0),
        max((tally.hot / tally.updated for tally in lives if tally.updated), default=None),
    )


def _explain(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Plan:
    row = connection.execute(_SQL[statement].sql, dict(parameters)).fetchone()
    return Plan.parse(row[0] if row else None)


def _create(connection: Connection, ground: Ground) -> int:
    _explain(connection, "explain_create", _details(ground))
    return _newest(connection, ground)


def _open_block(connection: Connection, ground: Ground) -> None:
    """
    Make the rows that follow lie in blocks of their own, beside each other, with room for their next versions.

    A load leaves a gap at the end of every block. Rows that fall into them fill each another block, whose image is
    logged whole, and their next version has no room there, which says much about the load and nothing about the
    operation. A row too long for any gap gets a new block, and those of this session that follow go there as well.
    """
    note = {"note": _LONG}
    long = {
        "custom_data": Jsonb(dict(ground.custom_data or {}) | note),
        "metadata": Jsonb(note),
        "items": Jsonb([{"name": "long", "quantity": 1, **note}]),
    }
    _explain(connection, "explain_create", _details(ground) | long)


def _newest(connection: Connection, ground: Ground) -> int:
    row = connection.execute(_SQL["newest_ticket"].sql, _common(ground)).fetchone()
    return int(row[0]) if row else 0


def _common(ground: Ground) -> dict[str, Any]:
    return {"tenant_id": ground.tenant_id, "actor": ACTOR}


def _details(ground: Ground) -> dict[str, Any]:
    return _common(ground) | {
        "queue_id": ground.queue_id,
        "type_definition_id": ground.type_definition_id,
        "custom_data": None if ground.custom_data is None else Jsonb(ground.custom_data),
        "items": Jsonb([vars(item) for item in ITEMS]),
        "metadata": None,
    }
