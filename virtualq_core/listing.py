"""
A queue's tickets, fetched with as little decoding as an application can do without.

A client spends more on decoding a thousand rows than the server on finding them, most of it on the custom data, which a
display shows for the few tickets that somebody opens. So they stay the bytes that came until they are asked for.
Everything else is decoded at once, from PostgreSQL's binary format, in which it is quicker.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.string import ByteaBinaryLoader

from virtualq_core import content

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection, Cursor
    from psycopg.rows import TupleRow

# In PostgreSQL's binary format a jsonb is its text after a byte with the format's version, which has been 1 ever since.
_VERSION_BYTES = 1


class QueueTicket(NamedTuple):
    """One row of a queue's display; `document` holds the custom data as PostgreSQL sent them."""

    id: int
    extid: UUID
    type_definition_id: int
    state: str
    customer_id: int | None
    employee_id: int | None
    estimated_wait_minutes: int | None
    created_at: datetime
    document: bytes | None

    @property
    def custom_data(self) -> dict[str, Any] | None:
        """The custom data, decoded anew each time; None where the ticket has none."""
        if self.document is None:
            return None
        decoded: dict[str, Any] = json.loads(self.document[_VERSION_BYTES:])
        return decoded


def fetch_queue(connection: Connection[TupleRow], parameters: Mapping[str, Any]) -> list[QueueTicket]:
    """The rows of the query `list_queue`, in its order; `connection` is in the tenant's scope."""
    with connection.cursor(binary=True, row_factory=_row_factory) as cursor:
        cursor.adapters.register_loader("jsonb", ByteaBinaryLoader)
        return cursor.execute(content.query("list_queue").sql, parameters).fetchall()


def _row_factory(_: Cursor[Any]) -> Callable[[Any], QueueTicket]:
    # As QueueTicket._make() does it, without a call of Python's for each row.
    return partial(tuple.__new__, QueueTicket)
