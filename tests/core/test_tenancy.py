"""The tenant is the transaction's, and nothing is seen without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.core.conftest import SQL, Shop, one
from virtualq_core.errors import UsageError
from virtualq_core.tenancy import tenant_scope
from virtualq_core.tickets import Tickets

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

pytestmark = pytest.mark.server


def test_no_tenant_means_no_rows(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """A connection that has set no tenant sees no tickets, though there are some."""
    tickets.create(shop.queue_id, shop.order_type)

    assert one(application, "count_visible_tickets") == 0


def test_a_scope_sees_its_own_tenant_only(application: Connection[TupleRow], shops: tuple[Shop, Shop]) -> None:
    """Within a scope exactly the tenant's tickets are visible."""
    north, south = shops
    Tickets(application, north.tenant_id).create(north.queue_id, north.order_type)
    for _ in range(2):
        Tickets(application, south.tenant_id).create(south.queue_id, south.order_type)

    with tenant_scope(application, south.tenant_id):
        assert one(application, "count_visible_tickets") == 2


def test_a_scope_ends_with_its_transaction(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """A connection that leaves a scope, by success or by error, carries no tenant to its next user."""
    tickets.create(shop.queue_id, shop.order_type)
    with tenant_scope(application, shop.tenant_id):
        assert one(application, "count_visible_tickets") == 1
    with pytest.raises(psycopg.errors.UndefinedFunction), tenant_scope(application, shop.tenant_id):
        application.execute(SQL["call_nothing"].sql)

    assert one(application, "count_visible_tickets") == 0


def test_a_scope_joins_its_tenants_transaction(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """Operations within a scope are part of its transaction: an error takes them all back."""

    def fail_after_creating() -> None:
        with tenant_scope(application, shop.tenant_id):
            tickets.create(shop.queue_id, shop.order_type)
            application.execute(SQL["call_nothing"].sql)

    with pytest.raises(psycopg.errors.UndefinedFunction):
        fail_after_creating()
    with tenant_scope(application, shop.tenant_id):
        assert one(application, "count_visible_tickets") == 0


def test_an_operation_refuses_another_tenants_transaction(
    application: Connection[TupleRow], shops: tuple[Shop, Shop]
) -> None:
    """An operation for one tenant within another's transaction is refused by the database."""
    north, south = shops

    with tenant_scope(application, south.tenant_id), pytest.raises(UsageError, match="wrong-tenant"):
        Tickets(application, north.tenant_id).create(north.queue_id, north.order_type)


def test_another_tenants_queue_does_not_exist(tickets: Tickets, shops: tuple[Shop, Shop]) -> None:
    """A ticket in another tenant's queue fails as one in a queue that does not exist, word for word."""
    north, south = shops
    with pytest.raises(UsageError) as foreign:
        tickets.create(south.queue_id, north.order_type)
    with pytest.raises(UsageError) as missing:
        tickets.create(2_000_000_000, north.order_type)

    assert str(foreign.value) == str(missing.value)


def test_the_owner_is_bound_by_row_security(owner: Connection[TupleRow]) -> None:
    """Row security is forced on every table of a tenant, so that it binds the owner too."""
    rows = owner.execute(SQL["list_unforced_tables"].sql).fetchall()

    assert rows == []
