"""
Tenant-scoped transactions.

The tenant is a setting of the transaction, never of the session: a pooled connection that goes back to its pool carries
nothing to the next borrower. Row security shows no rows while it is unset.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core import content
from virtualq_core.refusal import translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = content.beside(__file__, "tenancy.sql")
APPLICATION_ROLE = "virtualq_app"
MAINTAINER_ROLE = "virtualq_maintainer"


def dsn_as(dsn: str, role: str | None) -> str:
    """The conninfo by which a connection enters `role` from its first statement on; None keeps the login's own."""
    if role is None:
        return dsn
    present = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(dsn, options=f"{present} -c role={role}".strip())


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
    Run the body in one tenant: as a transaction of its own, or as part of the one that is open.

    A transaction of its own is committed at the end of the body and rolled back on an error. One that is open must be
    this tenant's, or nobody's yet.

    Raises:
        UsageError: the open transaction is another tenant's.
    """
    if connection.info.transaction_status == pq.TransactionStatus.IDLE:
        with connection.transaction():
            connection.execute(enter_statement(tenant_id))
            yield connection
        return
    try:
        connection.execute(_SQL["join_tenant"].sql, {"tenant_id": tenant_id})
    except psycopg.Error as error:
        raise translate(error) from error
    yield connection
