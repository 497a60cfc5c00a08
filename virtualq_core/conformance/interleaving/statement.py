"""The steps that are plain statements: of the application beyond a subject's operations, and of the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.interleaving.vocabulary import NOTHING_DONE, taken
from virtualq_core.conformance.operation import Outcome
from virtualq_core.errors import TicketNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import Connection, Cursor
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.interleaving.deed import Deed
    from virtualq_core.conformance.interleaving.scene import Scene

SQL = content.beside(__file__, "statement.sql")


def read(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Look at a ticket and at the end of its history, in one snapshot."""
    row = _run(connection, "read_ticket", ticket_id=scene.ticket_id(deed.step.value)).fetchone()
    if row is None:
        deed.answer(outcome=Outcome.REFUSED, reason=TicketNotFound.code)
        return "saw nothing"
    state, version, last_state, last_seq = row
    deed.answer(version=version, seq=last_seq, from_state=state, to_state=last_state)
    return f"saw {state}"


def set_state(deed: Deed, _: Scene, connection: Connection[TupleRow]) -> str:
    """Move a ticket by writing the state that it is to be in, as an ORM does."""
    [wanted] = deed.operations
    given = {"ticket_id": wanted.ticket_id, "state": deed.step.value, "operation_id": wanted.op_id}
    row = _run(connection, "set_state", **given).fetchone()
    if row is None:
        deed.answer(outcome=Outcome.REFUSED, reason=TicketNotFound.code)
        return NOTHING_DONE
    deed.answer(seq=row[0], to_state=row[1])
    return "moved"


def expire(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Expire what has overrun its time."""
    deed.expired = tuple(row[0] for row in _run(connection, "expire_tickets", tenant_id=scene.tenant_id))
    return taken("expired", sorted(scene.ticket_name(ticket_id) for ticket_id in deed.expired))


def refresh_waits(_: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Estimate the waits anew."""
    _run(connection, "refresh_waits", tenant_id=scene.tenant_id)
    return "refreshed"


def reassign(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Give a ticket to another employee, to another queue, or both."""
    changed = 0
    for what, known in (("queue", scene.queues), ("employee", scene.employees)):
        if what in deed.step.arguments:
            given = {"ticket_id": scene.ticket_id(deed.step.value), "id": known[deed.step.arguments[what]]}
            changed += _run(connection, f"assign_{what}", **given).rowcount
    return "reassigned" if changed else NOTHING_DONE


def publish(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Publish a type with another machine."""
    given = deed.step.arguments
    row = _run(
        connection,
        "publish_type",
        type_id=scene.types[deed.step.value],
        fsm_schema=Jsonb(scene.setting.machines[given.get("as", deed.step.value)]),
        state_mapping=Jsonb(given["mapping"]) if "mapping" in given else None,
    ).fetchone()
    return "published" if row and row[0] else NOTHING_DONE


def delete(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Delete what goes by a name."""
    return "deleted" if _change(connection, scene, "delete", deed.step.value) else NOTHING_DONE


def rename(deed: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Change what goes by a name, in a column that nothing refers to."""
    return "renamed" if _change(connection, scene, "rename", deed.step.value) else NOTHING_DONE


def purge(_: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Delete the tickets that are closed, with their histories."""
    row = _run(connection, "purge_history", tenant_id=scene.tenant_id).fetchone()
    return "purged" if row and row[0] else "purged nothing"


def off_board(_: Deed, scene: Scene, connection: Connection[TupleRow]) -> str:
    """Delete the tenant with all that it owns."""
    _run(connection, "off_board_tenant", tenant_id=scene.tenant_id)
    return "off-boarded"


STATEMENTS: Mapping[str, Callable[[Deed, Scene, Connection[TupleRow]], str]] = {
    "set_state": set_state,
    "read": read,
    "expire": expire,
    "refresh_waits": refresh_waits,
    "reassign": reassign,
    "publish": publish,
    "delete": delete,
    "rename": rename,
    "purge": purge,
    "off_board": off_board,
}
"""The steps by their verbs; each answers in a word."""


def _run(connection: Connection[TupleRow], statement: str, **parameters: Any) -> Cursor[TupleRow]:
    return connection.execute(SQL[statement].sql, parameters)


def _change(connection: Connection[TupleRow], scene: Scene, verb: str, name: str) -> int:
    for what, known in (
        ("ticket", scene.tickets),
        ("queue", scene.queues),
        ("customer", scene.customers),
        ("employee", scene.employees),
    ):
        if name in known:
            return _run(connection, f"{verb}_{what}", id=known[name]).rowcount
    return 0
