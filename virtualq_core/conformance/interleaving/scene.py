"""The small world of one play: a tenant of its own, built as the file says, in which names stand for rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.subjects.procedural import ProceduralSession
from virtualq_core.tenancy import enter_statement
from virtualq_core.types import define_statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.interleaving.script import Setting

_SQL = content.beside(__file__, "scene.sql")


class Scene:
    """
    A tenant and the ids of its rows, by their names in the file.

    `versions` has the version at which each ticket was when the sessions began.
    """

    def __init__(self, setting: Setting, rows: Iterable[tuple[str, str, int]]) -> None:
        self.setting = setting
        self.tenant_id = 0
        self.queues: dict[str, int] = {}
        self.customers: dict[str, int] = {}
        self.employees: dict[str, int] = {}
        self.types: dict[str, int] = {}
        self.tickets: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self._operations: dict[str, UUID] = {}
        known = {"queue": self.queues, "customer": self.customers, "employee": self.employees}
        for what, name, row_id in rows:
            if what == "tenant":
                self.tenant_id = row_id
            else:
                known[what][name] = row_id

    def operation_id(self, name: str | None = None) -> UUID:
        """The id that goes by this name in this play; a new one for none."""
        return uuid4() if name is None else self._operations.setdefault(name, uuid4())

    def ticket_id(self, name: str) -> int:
        """The ticket of that name; an id that no row has, where a step was to create it and did not."""
        return self.tickets.get(name, 0)

    def ticket_name(self, ticket_id: int) -> str:
        """The ticket's name in the file, or its number where the file has none for it."""
        return next((name for name, known in self.tickets.items() if known == ticket_id), f"ticket {ticket_id}")


def build(
    maintainer: Connection[TupleRow], application: Connection[TupleRow], account_id: int, name: str, setting: Setting
) -> Scene:
    """Make the world of a file anew: the maintainer its tenant, and the application what is the tenant's to make."""
    given: dict[str, Any] = {"account_id": account_id, "name": name}
    given |= {what: list(getattr(setting, what)) for what in ("queues", "customers", "employees")}
    scene = Scene(setting, maintainer.execute(_SQL["add_tenant"].sql, given).fetchall())
    session = ProceduralSession(application)
    with application.transaction():
        application.execute(enter_statement(scene.tenant_id))
        define = define_statement(application)
        for kind in setting.types:
            type_ = {"tenant_id": scene.tenant_id, "type_code": kind, "type_name": kind, "custom_fields_schema": None}
            type_["fsm_schema"] = Jsonb(setting.machines[kind])
            scene.types[kind] = application.execute(define.sql, type_).fetchall()[0][0]
        for plan in setting.tickets:
            ticket = session.create_ticket(
                scene.tenant_id,
                scene.queues[plan.queue],
                scene.types[plan.type],
                customer_id=None if plan.customer is None else scene.customers[plan.customer],
                employee_id=None if plan.employee is None else scene.employees[plan.employee],
                ttl_minutes=plan.ttl_minutes,
            )
            for transition in plan.took:
                session.transition(scene.tenant_id, ticket.id, transition)
            scene.tickets[plan.name], scene.versions[plan.name] = ticket.id, 1 + len(plan.took)
    return scene
