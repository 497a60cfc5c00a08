"""
Tenant-scoped transactions.

The tenant is a setting of the transaction, never of the session: a pooled connection that goes back to its pool carries
nothing to the next borrower. Row security shows no rows while it is unset.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import pq, sql

from virtualq_core import content
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = content.beside(__file__, "tenancy.sql")
APPLICATION_ROLE = "virtualq_app"
MAINTAINER_ROLE = "virtualq_maintainer"


def enter_statement(tenant_id: int) -> sql.Composed:
    """
    The statement that puts the present transaction into a tenant.

    It is `set local` rather than `set_config()`, because only the former reaches the nodes where the tables are spread
    over several.
    """
    return sql.SQL(_SQL["enter_tenant"].sql).format(tenant_id=sql.Literal(str(int(tenant_id))))


@contextmanager
def tenant_scope(connection: Connection[TupleRow], tenant_id: int) -> Iterator[Connection[TupleRow]]:
    """
    Run the body as one transaction of one tenant; commit at its end, roll back on an error.

    Raises:
        UsageError: a transaction is already open on this connection; it may belong to another tenant.
    """
    if connection.info.transaction_status != pq.TransactionStatus.IDLE:
        raise UsageError(
            "a tenant's scope opens its own transaction",
            observed="a transaction that is already open",
            next_step="commit or roll back first; one transaction serves one tenant",
        )
    with connection.transaction():
        connection.execute(enter_statement(tenant_id))
        yield connection
