"""The plans that the tests seed, and the questions that they ask afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.machine import Machine
from virtualq_core.seeding import SeedPlan
from virtualq_core.seeding.story import Teller
from virtualq_core.seeding.walk import TicketType
from virtualq_core.seeding.world import CHUNK, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database
    from virtualq_core.seeding import Dataset
    from virtualq_core.seeding.story import Story

TYPE_FILES = sorted((content.folder("schema") / "types").glob("*.json"))
SQL = content.beside(__file__, "facts.sql")
PLAN = SeedPlan(tickets=20_000, tenants=12)
SMALL = SeedPlan(tickets=300, tenants=3, locales=("en_GB",))
# Of SMALL. Whatever changes a single byte changes it: the seeder, a type of `schema/types`, Faker's words.
GOLDEN_HASH = "f26a5b15fd7677df8d616955de52278d81137469fccdba5142608fb250fdb430"


@dataclass(frozen=True)
class Seeded:
    """A database with a dataset in it."""

    database: Database
    dataset: Dataset

    def ask(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a statement of `facts.sql`, with every tenant's rows in sight."""
        return ask(self.database, statement, **parameters)


def ask(database: Database, statement: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows of a statement of `facts.sql`, with every tenant's rows in sight."""
    with (
        database.connect(role="virtualq_maintainer") as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        return cursor.execute(SQL[statement].sql, parameters).fetchall()


def compile_type(document: dict[str, Any], number: int, scope: int = 0) -> TicketType:
    """A type as the database would compile it."""
    machine = Machine.parse(document["fsm_schema"])
    init = document["fsm_schema"]["init"]
    init = init if isinstance(init, dict) else {"to": init}
    return TicketType(
        id=number,
        scope=scope,
        code=document["type_code"],
        revision=1,
        initial_state=init["to"],
        initial_from=init.get("from", "none"),
        initial_name=init.get("name", "init"),
        compiled=machine.compile(),
        terminal=frozenset(machine.terminal_states),
        fields=document.get("custom_fields_schema"),
    )


def prepare(plan: SeedPlan) -> World:
    """A plan's world, with everybody in it who is there before the first ticket."""
    world = World(plan)
    documents = [(0, json.loads(path.read_text(encoding="utf-8"))) for path in TYPE_FILES]
    documents += [(own.tenant_id, own.document) for own in world.own_types()]
    types = [compile_type(document, number, scope) for number, (scope, document) in enumerate(documents, start=1)]
    for _ in chain(world.tenancy(), world.people(types)):
        pass
    return world


def generate(plan: SeedPlan) -> World:
    """A plan's rows, without a server to load them into."""
    world = prepare(plan)
    for _ in world.tickets():
        pass
    return world


def stories(world: World) -> Iterator[Story]:
    """What becomes of the tickets, chunk after chunk."""
    calendar = world.calendar()
    teller = Teller(world.plan, world.tenants, world.queues, world.routes, calendar)
    yield from map(teller.story, calendar.chunks(CHUNK))
