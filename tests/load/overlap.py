"""
Users of Locust who sleep on the server at the same time.

Prints the seconds in which all of them were asleep, and the shortest time that one was on record as waiting for it.
"""

from __future__ import annotations

import os
import sys

import gevent
from locust import User

from virtualq_core import content
from virtualq_core.load import wire
from virtualq_core.subjects import find_subject, visible_connection

SQL = content.beside(__file__, "overlap.sql")


def sleep_on_the_server(dsn: str, subject: str) -> tuple[float, float, float]:
    """When the server began and ended to sleep for one user, and how long that one waited for it."""
    with find_subject(subject).open(dsn) as session, visible_connection(session).transaction():
        row = visible_connection(session).execute(SQL["sleep_a_while"].sql).fetchone()
    assert row is not None
    return float(row[0]), float(row[1]), wire.waited_ns() / 1e9


def main(subject: str, users: int) -> None:
    """`overlap.py SUBJECT USERS`, the database in VIRTUALQ_TEST_DSN."""
    assert issubclass(User, object)  # importing it is what patches the standard library
    if "PSYCOPG_WAIT_FUNC" not in os.environ:
        wire.install()
    dsn = os.environ["VIRTUALQ_TEST_DSN"]
    asleep = [gevent.spawn(sleep_on_the_server, dsn, subject) for _ in range(users)]
    times = [one.get() for one in gevent.joinall(asleep, raise_error=True)]
    overlap_s = min(end for _, end, _ in times) - max(begin for begin, _, _ in times)
    sys.stdout.write(f"{overlap_s} {min(waited_s for _, _, waited_s in times)}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
