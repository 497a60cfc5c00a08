"""Where the variants work: tickets of one round trip in the schema's own table, and plain copies of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault
from virtualq_core.measure.ground import SEED_FIRST
from virtualq_core.tenancy import MAINTAINER_ROLE, tenant_scope

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from virtualq_core.database.server import Database

FOLDER = "guarantees"
TICKETS = 20_000
TRANSITION = "advance"
_TABLES = (
    "make_schema",
    "copy_bare_ticket",
    "copy_statement_ticket",
    "copy_table_ticket",
    "copy_statement_history",
    "copy_statement_type",
    "make_table_transition",
    "fill_bare_ticket",
    "fill_statement_ticket",
    "fill_table_ticket",
    "fill_statement_history",
    "fill_statement_type",
    "fill_table_transition",
    "add_transition_order",
    "add_transition_recent",
    "settle",
)


@dataclass(frozen=True)
class Scene:
    """A tenant's tickets from `first_id` to `last_id`, of one type, each in a state that `advance` leads on from."""

    database: Database
    tenant_id: int
    first_id: int
    last_id: int

    @property
    def variables(self) -> dict[str, object]:
        """What the scripts name the tickets by."""
        return {"tenant_id": self.tenant_id, "first_id": self.first_id, "last_id": self.last_id}

    def counts(self, name: str) -> tuple[int, int]:
        """How often a variant's tickets have moved since they were made, and how many steps it has recorded."""
        with self.database.connect() as connection:
            row = connection.execute(_sql(f"count_{name}"), self.variables).fetchone()
        moves, records = row or (0, 0)
        return int(moves), int(records)


def script(name: str) -> Path:
    """One of the scripts of `benchmarks/guarantees`."""
    return content.folder("benchmarks") / FOLDER / f"{name}.sql"


def prepare(database: Database, *, tickets: int | None = None) -> Scene:
    """
    Add the type and its tickets (20,000, unless told) to a seeded database, and make the copies.

    Raises:
        EnvironmentFault: there are no tickets in it, or somebody else writes some.
    """
    tickets = TICKETS if tickets is None else tickets
    machine = json.loads((content.folder("benchmarks") / FOLDER / "machine.json").read_text(encoding="utf-8"))
    with database.connect() as connection:
        tenant_id = _one(connection, "choose_tenant")
        with database.connect(role=MAINTAINER_ROLE) as maintainer:
            type_id = _one(maintainer, "add_type", machine=Jsonb(machine))
        asked = {"tenant_id": tenant_id, "type_id": type_id, "tickets": tickets}
        with tenant_scope(connection, tenant_id):
            connection.execute(_sql("add_tickets"), asked)
        row = connection.cursor(row_factory=dict_row).execute(_sql("find_range"), asked).fetchone()
        if row is None or row["tickets"] != tickets or row["last_id"] - row["first_id"] + 1 != tickets:
            raise EnvironmentFault(
                "the tickets to move are not in one piece",
                observed="none" if row is None else f"{row['tickets']:,} of {row['first_id']} to {row['last_id']}",
                expected=f"{tickets:,} with ids in a row",
                next_step="let nobody else write into the database meanwhile",
            )
        for name in _TABLES:
            connection.execute(_sql(name))
    return Scene(database, tenant_id, row["first_id"], row["last_id"])


def _sql(name: str) -> Any:  # noqa: ANN401 -- a literal string
    return content.statements(content.folder("benchmarks") / FOLDER / "prepare.sql")[name].sql


def _one(connection: psycopg.Connection[Any], name: str, **values: object) -> int:
    row = connection.execute(_sql(name), values).fetchone()
    if row is None:
        raise EnvironmentFault("there are no tickets to move", expected="seeded data", next_step=SEED_FIRST)
    return int(row[0])
