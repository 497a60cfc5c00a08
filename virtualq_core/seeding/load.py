"""Loading a plan into an empty database, all or nothing."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.fault import explain
from virtualq_core.database.install import install, require_layout
from virtualq_core.database.layout import Layout
from virtualq_core.errors import EnvironmentFault, GuardRefusal
from virtualq_core.seeding.ahead import prepare_ahead
from virtualq_core.seeding.arrival import DAYS, micros
from virtualq_core.seeding.catalogue import Catalogue
from virtualq_core.seeding.dataset import Dataset
from virtualq_core.seeding.identifier import Kind, identifiers
from virtualq_core.seeding.record import HEADER, TRAILER
from virtualq_core.seeding.room import estimate_room, require_room
from virtualq_core.seeding.verify import require_sound
from virtualq_core.seeding.walk import TicketType
from virtualq_core.seeding.world import Block, World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.database.server import Database
    from virtualq_core.seeding.plan import SeedPlan

_SQL = content.beside(__file__, "load.sql")
_CATALOGUE = content.beside(__file__, "catalogue.sql")

# These lose their keys and indexes for the load, the small ones first.
REBUILT = ("customer", "ticket", "ticketitem", "ticketstatehistory")
LOADED = ("account", "tenant", "queue", "employee", *REBUILT)
# Where the history is spread by month, its keys are a table of their own.
STEP_KEYS = "ticketstatehistorykey"


class Progress(Protocol):
    """
    Told how far each phase is, one after the other.

    `ticket`, `ticketitem` and `ticketstatehistory` count the tickets whose rows are loaded, `indexes` keys and
    indexes, `check` and `vacuum` only themselves.
    """

    def __call__(self, phase: str, done: int, total: int, /) -> None:
        """`done` of `total` is done."""


def _silent(phase: str, done: int, total: int) -> None:
    """Tell nobody."""


def seed(
    database: Database, plan: SeedPlan, *, layout: Layout | None = None, progress: Progress | None = None
) -> Dataset:
    """
    Fill a freshly installed database with a plan's data; an empty one has the schema installed first.

    `layout` is the one that it is to have; without it, the one that is there, or the plain one.

    Everything happens in one transaction, the proof that the rows obey the schema's rules included: whatever goes
    wrong, the tables are as they were. `vacuum analyze` follows on its own.

    Raises:
        GuardRefusal: the database is not the harness's to write into, or holds tenants or tickets already.
        UsageError: a locale is unknown, or a type's schema demands what cannot be drawn.
        EnvironmentFault: no answer, no room, no right, or tables that are not as the schema makes them.
        UnsoundData: a row breaks a rule of the schema.
    """
    found = guard.require_writable(database)
    require_room(database.server, estimate_room(database.server, plan.tickets))
    if found.installation is None:
        install(database, layout=layout or Layout.NONE)
    elif layout is not None:
        require_layout(database, layout)
    try:
        with database.connect() as connection:
            return load(connection, plan, progress=progress)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


def load(connection: Connection[Any], plan: SeedPlan, *, progress: Progress | None = None) -> Dataset:
    """As `seed`, through a connection in autocommit mode, without asking the guard or looking at the disk."""
    tell = progress or _silent
    world = World(plan)
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        work = _Load(cursor, world, tell)
        dataset = work.run()
    tell("vacuum", 0, 1)
    connection.execute(_SQL["vacuum_tables"].sql)
    if work.is_by_month:
        connection.execute(_SQL["vacuum_step_keys"].sql)
    tell("vacuum", 1, 1)
    return dataset


def read_dataset(connection: Connection[Any]) -> Dataset | None:
    """The dataset that a database's marker names, if it was seeded."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SQL["read_dataset"].sql).fetchone()
    return None if row is None or row["dataset"] is None else Dataset.from_json(row["dataset"])


class _Load:
    """One load, inside the transaction of its cursor."""

    def __init__(self, cursor: Cursor[dict[str, Any]], world: World, tell: Progress) -> None:
        self._cursor = cursor
        self._world = world
        self._tell = tell
        self._partitioned: frozenset[str] = frozenset()
        self.is_by_month = False

    def run(self) -> Dataset:
        self._cursor.execute(_SQL["prepare_transaction"].sql)
        self._require_marker()
        catalogue = self._take_catalogue()
        catalogue.open()
        self._require_empty()
        if not self._is_spread:
            self._cursor.execute(_SQL["empty_tables"].sql)
        self._copy_all()
        self._build(catalogue)
        self._restart_identities()
        catalogue.close()
        self._tell("check", 0, 1)
        require_sound(self._cursor.connection)
        self._tell("check", 1, 1)
        dataset = self._describe()
        self._cursor.execute(_SQL["mark_dataset"].sql, {"dataset": Jsonb(dataset.to_json())})
        return dataset

    def _take_catalogue(self) -> Catalogue:
        """What the tables are like, the months among them that the data need."""
        found = self._cursor.execute(_SQL["find_layout"].sql).fetchone() or {}
        self._partitioned, self.is_by_month = frozenset(found["partitioned"]), found["is_by_month"]
        self._is_spread = found["is_spread"]
        if self._is_spread:
            self._cursor.execute(_SQL["prepare_spread_transaction"].sql)
            return Catalogue(self._cursor, LOADED, REBUILT, keeps_keys=True)
        if not self.is_by_month:
            return Catalogue(self._cursor, LOADED, REBUILT)
        now = self._world.plan.now
        self._cursor.execute(_SQL["make_months"].sql, {"first": now - timedelta(days=DAYS), "last": now})
        return Catalogue(self._cursor, (*LOADED, STEP_KEYS), (*REBUILT, STEP_KEYS))

    def _require_marker(self) -> None:
        try:
            found = self._cursor.execute(_SQL["lock_marker"].sql).fetchall()
        except psycopg.errors.LockNotAvailable as error:
            raise EnvironmentFault(
                "another process is seeding this database", next_step="wait until it is done"
            ) from error
        if not found:
            raise EnvironmentFault("the database carries no marker", next_step="virtualq db install")

    def _require_empty(self) -> None:
        occupied = [row["name"] for row in self._cursor.execute(_SQL["find_occupied"].sql).fetchall()]
        if occupied:
            raise GuardRefusal(
                "the database is not empty",
                observed=f"rows in {', '.join(occupied)}",
                expected="a freshly installed schema",
                next_step="seed another database: virtualq seed --database NAME",
            )

    def _copy_all(self) -> None:
        world = self._world
        self._copy(world.tenancy())
        self._copy(world.people(self._install_types()))
        with closing(prepare_ahead(world.tickets())) as blocks:
            self._copy(blocks)
        if self.is_by_month:
            self._cursor.execute(_SQL["fill_step_keys"].sql)

    def _copy(self, blocks: Iterable[Block]) -> None:
        """Each table's blocks by one COPY."""
        total = self._world.plan.tickets
        for table, same in groupby(blocks, key=lambda block: block.table):
            first = next(same)
            statement = SQL("copy {} ({}) from stdin with (format binary, freeze {})").format(
                Identifier("virtualq", table),
                SQL(", ").join(map(Identifier, first.names)),
                SQL("true" if table in REBUILT and not (self._is_spread or table in self._partitioned) else "false"),
            )
            done = 0
            with self._cursor.copy(statement) as copy:
                copy.write(HEADER)
                for block in chain([first], same):
                    copy.write(block.data)
                    if block.tickets:
                        done += block.tickets
                        self._tell(table, done, total)
                copy.write(TRAILER)

    def _install_types(self) -> list[TicketType]:
        """The system-defined types that are missing, the tenants' own, and all of them as compiled."""
        present = self._read_types()
        known = {one.code for one in present if one.scope == 0}
        number = max((one.id for one in present), default=0)
        files = sorted((content.folder("schema") / "types").glob("*.json"))
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        wanted: list[tuple[int | None, dict[str, Any]]] = [
            (None, document) for document in documents if document["type_code"] not in known
        ]
        wanted += [(own.tenant_id, own.document) for own in self._world.own_types()]
        for tenant_id, document in wanted:
            number += 1
            self._insert_type(number, tenant_id, document)
        if self._is_spread:
            self._cursor.execute(_SQL["keep_first_revisions"].sql)
        return self._read_types()

    def _insert_type(self, number: int, tenant_id: int | None, document: dict[str, Any]) -> None:
        plan = self._world.plan
        extid = identifiers(Kind.TYPE, np.array([number]), np.array([micros(plan.now)]), plan.seed)
        fields = document.get("custom_fields_schema")
        values = {
            "id": number,
            "extid": extid.tobytes().hex(),
            "tenant_id": tenant_id,
            "type_code": document["type_code"],
            "type_name": document["type_name"],
            "custom_fields_schema": None if fields is None else Jsonb(fields),
            "fsm_schema": Jsonb(document["fsm_schema"]),
        }
        self._cursor.execute(_SQL["insert_type"].sql, values)

    def _read_types(self) -> list[TicketType]:
        return [
            TicketType(
                id=row["id"],
                scope=row["scope"],
                code=row["type_code"],
                revision=row["revision"],
                initial_state=row["initial_state"],
                initial_from=row["initial_from"],
                initial_name=row["initial_name"],
                compiled=row["fsm_compiled"],
                terminal=frozenset(row["terminal_states"]),
                fields=row["custom_fields_schema"],
            )
            for row in self._cursor.execute(_SQL["list_types"].sql).fetchall()
        ]

    def _build(self, catalogue: Catalogue) -> None:
        total, done = catalogue.indexes, 0
        self._tell("indexes", done, total)
        for statement in catalogue.build_indexes():
            catalogue.run(statement)
            done += 1
            self._tell("indexes", done, total)
        if not self._is_spread:
            self._cursor.execute(_SQL["analyze_tables"].sql)
        if self.is_by_month:
            self._cursor.execute(_SQL["analyze_step_keys"].sql)
        for statement in catalogue.build_foreign_keys():
            catalogue.run(statement)
            done += 1
            self._tell("indexes", done, total)

    def _restart_identities(self) -> None:
        """Let the identity columns go on after the rows that brought their own ids."""
        with self._cursor.connection.cursor() as cursor:
            tables = [f"virtualq.{table}" for table in (*LOADED, "typedefinition")]
            identities = cursor.execute(_CATALOGUE["list_identities"].sql, {"tables": tables}).fetchall()
            for _, _, find, restart, sequence in identities:
                following = int(cursor.execute(find.encode()).fetchone()[0])  # type: ignore[index]
                if self._is_spread:
                    given = {"sequence": sequence, "following": following}
                    cursor.execute(_CATALOGUE["set_identity"].sql, given)
                else:
                    cursor.execute(f"{restart}{following}".encode())

    def _describe(self) -> Dataset:
        world = self._world
        tenants, queues = world.tenants, world.queues
        measure = "measure_spread_tables" if self._is_spread else "measure_tables"
        size = self._cursor.execute(_SQL[measure].sql).fetchone()
        return Dataset(
            hash=world.hash,
            seed=world.plan.seed,
            now=world.plan.now.isoformat(),
            tickets=world.rows["ticket"],
            items=world.rows["ticketitem"],
            history=world.rows["ticketstatehistory"],
            accounts=world.rows["account"],
            tenants=world.rows["tenant"],
            queues=world.rows["queue"],
            customers=world.rows["customer"],
            employees=world.rows["employee"],
            size_bytes=int(size["size_bytes"]) if size else 0,
            listed_tenant_id=int(queues.tenant[queues.listed]) + 1,
            listed_queue_id=queues.listed + 1,
            listed_type_id=world.routes.types[int(queues.main_type[queues.listed])].id,
            listed_open=queues.listed_open,
            largest_tenant_id=tenants.of_rank(0) + 1,
            median_tenant_id=tenants.of_rank(world.plan.tenants // 2) + 1,
            smallest_tenant_id=tenants.of_rank(-1) + 1,
        )
