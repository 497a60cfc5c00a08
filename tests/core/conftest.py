"""One small business to work with: a tenant with a queue, an employee and a customer, and a second tenant beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core import content
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE
from virtualq_core.tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.database.server import Database

SQL = content.beside(__file__, "shop.sql")


@dataclass(frozen=True)
class Shop:
    """The ids of one tenant's rows."""

    tenant_id: int
    queue_id: int
    employee_id: int
    customer_id: int
    order_type: int


def one(connection: Connection[TupleRow], statement: str, **parameters: object) -> Any:  # noqa: ANN401 (what the statement selects)
    """The single value of a statement of `shop.sql`."""
    row = connection.execute(SQL[statement].sql, parameters).fetchone()
    assert row is not None
    return row[0]


def open_shop(connection: Connection[TupleRow], account_id: int, name: str) -> Shop:
    """A tenant with one of each."""
    tenant_id = one(connection, "add_tenant", account_id=account_id, name=name)
    return Shop(
        tenant_id,
        one(connection, "add_queue", tenant_id=tenant_id),
        one(connection, "add_employee", tenant_id=tenant_id),
        one(connection, "add_customer", tenant_id=tenant_id),
        one(connection, "find_order_type"),
    )


@pytest.fixture
def shops(database: Database) -> tuple[Shop, Shop]:
    """Two tenants of one account."""
    with database.connect(role=MAINTAINER_ROLE) as connection:
        account_id = one(connection, "add_account")
        return open_shop(connection, account_id, "North"), open_shop(connection, account_id, "South")


@pytest.fixture
def shop(shops: tuple[Shop, Shop]) -> Shop:
    """The first tenant."""
    return shops[0]


@pytest.fixture
def application(database: Database) -> Iterator[Connection[TupleRow]]:
    """A connection of the application role."""
    with database.connect(role=APPLICATION_ROLE) as connection:
        yield connection


@pytest.fixture
def owner(database: Database) -> Iterator[Connection[TupleRow]]:
    """A connection of the installing role."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def tickets(application: Connection[TupleRow], shop: Shop) -> Tickets:
    """The first tenant's tickets."""
    return Tickets(application, shop.tenant_id)
