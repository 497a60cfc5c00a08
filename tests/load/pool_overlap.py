"""
Greenlets that sleep on the server by a pool: `pool_overlap.py MODE USERS SIZE`, the database in VIRTUALQ_TEST_DSN.

Prints how many slept at once at most, and what the pool says where everything is lent.
"""

from __future__ import annotations

import os
import sys

import gevent
from locust import User

from virtualq_core import content
from virtualq_core.conformance.traffic.source import PoolExhausted, Source
from virtualq_core.load import wire
from virtualq_core.load.pool import open_pool
from virtualq_core.load.scenario import Pool
from virtualq_core.subjects import find_subject, visible_connection

SQL = content.beside(__file__, "overlap.sql")


def sleep_on_the_server(pool: Source) -> tuple[float, float]:
    """When the server began and ended to sleep for one user."""
    session = pool.take()
    row = visible_connection(session).execute(SQL["sleep_a_while"].sql).fetchone()
    pool.give_back(session, is_usable=True)
    assert row is not None
    return float(row[0]), float(row[1])


def main(mode: str, users: int, size: int) -> None:
    """See above."""
    assert issubclass(User, object)  # importing it is what patches the standard library
    wire.install()
    dsn, subject = os.environ["VIRTUALQ_TEST_DSN"], find_subject("procedural")
    pool = open_pool(Pool(mode=mode, size=size), subject, dsn)
    assert pool is not None
    asleep = [gevent.spawn(sleep_on_the_server, pool) for _ in range(users)]
    times = [one.get() for one in gevent.joinall(asleep, raise_error=True)]
    sys.stdout.write(f"{max(sum(begin <= at < end for begin, end in times) for at, _ in times)}\n")
    pool.close()
    pool = open_pool(Pool(mode=mode, size=1, timeout_ms=100), subject, dsn)
    assert pool is not None
    session = pool.take()
    try:
        pool.take()
    except PoolExhausted as error:
        sys.stdout.write(f"{error.code}\n")
    pool.give_back(session, is_usable=True)
    pool.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
