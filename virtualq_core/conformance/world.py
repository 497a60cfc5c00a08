"""
The world that the suite works in: tenants of its own in the database under test, gone again at its end.

No row of another tenant is touched. The suite's account is claimed by an advisory lock, so that a later run knows what
a killed one left, and removes it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from psycopg.rows import namedtuple_row
from psycopg.sql import Composed
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import install, require_layout
from virtualq_core.database.layout import Layout
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE, enter_statement
from virtualq_core.types import define_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    import psycopg

    from virtualq_core.content import Statement
    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "world.sql")
_ACCOUNT = "VirtualQ conformance suite"
_LOCK_KEY = 0x56516366  # "VQcf": the first half of the lock on an account
# The suite's own statements need not outlive a crash; a subject's commit as they are made to. What an owner does may
# look at every row of the database.
_CLAIM_ATTEMPTS = 100
_PATIENT = "-c lock_timeout=20s -c synchronous_commit=off"
_PROMPT = f"{_PATIENT} -c statement_timeout=20s"

WORK: Mapping[str, Any] = {
    "init": "received",
    "states": ["received", "in_progress", "ready", "completed", "cancelled", "expired"],
    "transitions": [
        {"name": "start", "from": "received", "to": "in_progress"},
        {"name": "complete", "from": "in_progress", "to": "ready"},
        {"name": "pickup", "from": "ready", "to": "completed"},
        {"name": "remind", "from": "ready", "to": "ready"},
        {"name": "cancel", "from": ["received", "in_progress"], "to": "cancelled"},
        {"name": "expire", "from": ["received", "ready"], "to": "expired"},
    ],
}
"""The design document's machine, with a self-edge, an edge from two states, and one for time to take."""

FIELDS: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"channel": {"enum": ["counter", "web"]}, "table": {"type": "integer", "minimum": 1}},
    "required": ["channel"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Tenant:
    """One tenant and the ids of what it owns: two queues, people, and a type of the machine `WORK`."""

    id: int
    queue_id: int
    other_queue_id: int
    customer_id: int
    employee_id: int
    type_id: int


class Actor:
    """
    Somebody with a connection: the application in one tenant's name, the maintainer, or the owner.

    Every statement is one transaction in the tenant's scope, or a part of the one that is open.
    """

    def __init__(self, connection: psycopg.Connection[Any], tenant_id: int | None = None) -> None:
        self.connection = connection
        self.tenant_id = tenant_id

    def run(self, statement: Statement | Composed, **parameters: object) -> list[Any]:
        """The rows of a statement, as named tuples; `tenant_id` is filled in."""
        with self.transaction():
            return self._execute(statement, parameters).fetchall()

    def value(self, statement: Statement | Composed, **parameters: object) -> Any:  # noqa: ANN401 -- whatever the statement yields
        """The first column of the first row."""
        return self.run(statement, **parameters)[0][0]

    def change(self, statement: Statement | Composed, **parameters: object) -> int:
        """Run a statement for its effect; how many rows it changed."""
        with self.transaction():
            return self._execute(statement, parameters).rowcount

    def settle(self) -> None:
        """Within a transaction, check what is deferred to its end: for what is rolled back there."""
        self.connection.execute(_SQL["check_constraints_now"].sql)

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """One transaction in the tenant's scope; a savepoint in the one that is open."""
        with self.connection.transaction():
            if self.tenant_id is not None:
                self.connection.execute(enter_statement(self.tenant_id))
            yield self

    @contextmanager
    def trial(self) -> Iterator[Self]:
        """The same, rolled back at its end: for what must leave nothing behind."""
        with self.connection.transaction(force_rollback=True):
            if self.tenant_id is not None:
                self.connection.execute(enter_statement(self.tenant_id))
            yield self

    def _execute(self, statement: Statement | Composed, parameters: dict[str, object]) -> psycopg.Cursor[Any]:
        query = statement if isinstance(statement, Composed) else statement.sql
        cursor = self.connection.cursor(row_factory=namedtuple_row)
        return cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})


class Application(Actor):
    """The application in one tenant's name, by plain SQL: what the tests of the database itself begin with."""

    def __init__(self, connection: psycopg.Connection[Any], tenant: Tenant) -> None:
        super().__init__(connection, tenant.id)
        self.tenant = tenant

    def define(self, machine: Mapping[str, Any], fields: Mapping[str, Any] | None = None) -> int:
        """A new type of the tenant's; its id."""
        name = f"type-{uuid4()}"[:32]
        statement = define_statement(self.connection)
        return int(self.value(statement, **_type(machine, fields), type_code=name, type_name=name))

    def publish(
        self,
        type_id: int,
        machine: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
        mapping: Mapping[str, Any] | None = None,
    ) -> int | None:
        """Publish a type anew; its revision, or none where the tenant owns no such type."""
        published = self.value(
            _SQL["publish_type"],
            **_type(machine, fields),
            type_definition_id=type_id,
            state_mapping=None if mapping is None else Jsonb(mapping),
        )
        return None if published is None else int(published)

    def open_queue(self) -> int:
        """A new queue of the tenant's; its id."""
        return int(self.value(_SQL["add_queue"], name="another"))

    def create(self, *transitions: str, **columns: object) -> int:
        """A new ticket that has taken these transitions; its id. Columns are the tenant's own by default."""
        row = {
            "queue_id": self.tenant.queue_id,
            "type_definition_id": self.tenant.type_id,
            "customer_id": None,
            "employee_id": None,
            "custom_data": None,
            "ttl_minutes": None,
        }
        ticket_id = int(self.value(_SQL["add_ticket"], **{**row, **columns}))
        self.take(ticket_id, *transitions)
        return ticket_id

    def take(self, ticket_id: int, *transitions: str) -> None:
        """Take transitions by their names."""
        for name in transitions:
            self.run(_SQL["take_transition"], ticket_id=ticket_id, name=name)

    def ticket(self, ticket_id: int) -> Any:  # noqa: ANN401 -- a named tuple of the row
        """A ticket's row as it is now."""
        return self.run(_SQL["find_ticket"], ticket_id=ticket_id)[0]

    def history(self, ticket_id: int) -> list[Any]:
        """A ticket's history, oldest first."""
        return self.run(_SQL["list_history"], ticket_id=ticket_id)


class World:
    """The suite's account in the database under test, and the tenants that it opens."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connect()
        for (account_id,) in self._maintainer.run(_SQL["find_accounts"], name=_ACCOUNT):
            if self._claim(account_id):
                self._remove(account_id)
        self.account_id = int(self._maintainer.value(_SQL["add_account"], name=_ACCOUNT))
        self._claim(self.account_id)

    def open_tenant(self, name: str) -> Tenant:
        """A new tenant; it is off-boarded with the world."""
        run = self._maintainer
        tenant_id = run.value(_SQL["add_tenant"], account_id=self.account_id, name=name)
        tenant = Tenant(
            id=tenant_id,
            queue_id=run.value(_SQL["add_queue"], tenant_id=tenant_id, name="counter"),
            other_queue_id=run.value(_SQL["add_queue"], tenant_id=tenant_id, name="kiosk"),
            customer_id=run.value(_SQL["add_customer"], tenant_id=tenant_id, name="Grace"),
            employee_id=run.value(_SQL["add_employee"], tenant_id=tenant_id, name="Ada"),
            type_id=0,
        )
        with self.application(tenant) as application:
            return replace(tenant, type_id=application.define(WORK, FIELDS))

    @contextmanager
    def application(self, tenant: Tenant, **options: Any) -> Iterator[Application]:
        """The application in a tenant's name, on a connection of its own."""
        with self.database.connect(role=APPLICATION_ROLE, options=_PROMPT, **options) as connection:
            yield Application(connection, tenant)

    @contextmanager
    def owner(self, tenant: Tenant | None = None) -> Iterator[Actor]:
        """The owner of the schema, who may be no superuser and then sees what row security shows of a tenant."""
        with self.database.connect(options=_PATIENT) as connection:
            yield Actor(connection, None if tenant is None else tenant.id)

    @contextmanager
    def maintainer(self) -> Iterator[Actor]:
        """The role that sees across tenants."""
        with self.database.connect(role=MAINTAINER_ROLE, options=_PATIENT) as connection:
            yield Actor(connection)

    def close(self) -> None:
        """Off-board every tenant and delete the account, over new connections: an interrupt may have spoilt these."""
        self.disconnect()
        self._connect()
        try:
            if self._claim_again(self.account_id):
                self._remove(self.account_id)
        finally:
            self.disconnect()

    def _connect(self) -> None:
        self._maintainer = Actor(self.database.connect(role=MAINTAINER_ROLE, options=_PATIENT))
        self._owner = Actor(self.database.connect(options=_PATIENT))

    def disconnect(self) -> None:
        """Let go of the connections, and with them of the claim: `close` takes both up again."""
        self._maintainer.connection.close()
        self._owner.connection.close()

    def clear(self) -> None:
        """Remove what runs that were ended have left, once the server has let go of them."""
        for (account_id,) in self._maintainer.run(_SQL["find_accounts"], name=_ACCOUNT):
            if account_id != self.account_id and self._claim_again(account_id):
                self._remove(account_id)

    def _claim_again(self, account_id: int) -> bool:
        """Take over a claim whose connection is gone; another run that is faster removes the tenants."""
        pause = Event()
        for _ in range(_CLAIM_ATTEMPTS):
            if self._claim(account_id):
                return True
            pause.wait(0.05)
        return False

    def _claim(self, account_id: int) -> bool:
        return bool(self._maintainer.value(_SQL["claim_account"], key=_LOCK_KEY, account_id=account_id))

    def _remove(self, account_id: int) -> None:
        for (tenant_id,) in self._maintainer.run(_SQL["find_tenants"], account_id=account_id):
            self._owner.value(_SQL["off_board_tenant"], tenant_id=tenant_id)
        self._maintainer.change(_SQL["delete_account"], account_id=account_id)


@contextmanager
def under_test(server: Server, layout: Layout | None = None) -> Iterator[Database]:
    """
    The database that the suite is about.

    That is the one which the caller's url names, where it carries the schema and the mark. Where it is empty, or the
    server is the harness's own, it is a fresh one on that server with the schema installed, dropped at the end.
    `layout` is the one that it is to have; without it, the one that is there, or the plain one.

    Raises:
        GuardRefusal: the url names a database that is not ours to write into.
        EnvironmentFault: the schema is there in another layout.
    """
    if server.kind == "url" and guard.require_writable(server.maintenance).standing is Standing.MARKED:
        if layout is not None:
            require_layout(server.maintenance, layout)
        yield server.maintenance
        return
    with fresh_database(server, prefix="vq_conformance") as database:
        install(database, layout=layout or Layout.NONE)
        yield database


def _type(machine: Mapping[str, Any] | None, fields: Mapping[str, Any] | None) -> dict[str, Jsonb | None]:
    return {
        "fsm_schema": None if machine is None else Jsonb(machine),
        "custom_fields_schema": None if fields is None else Jsonb(fields),
    }
