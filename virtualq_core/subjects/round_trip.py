"""Round trips on the wire, counted by the driver's own protocol trace rather than by reading the code."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow


@dataclass
class RoundTrips:
    """How often the server answered `ReadyForQuery`; set when the counting ends."""

    count: int = 0


@contextmanager
def count_round_trips(connection: Connection[TupleRow]) -> Iterator[RoundTrips]:
    """
    Count the round trips that the body costs on this connection.

    A round trip ends when the server says that it is ready for the next query (PostgreSQL's protocol, message `Z`), so
    a pipeline of several statements counts as one. Tracing needs libpq 14 on Linux.
    """
    counted = RoundTrips()
    with tempfile.TemporaryFile() as trace:
        connection.pgconn.trace(trace.fileno())
        connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield counted
        finally:
            connection.pgconn.untrace()
            trace.seek(0)
            counted.count = sum(1 for line in trace if b"ReadyForQuery" in line)
