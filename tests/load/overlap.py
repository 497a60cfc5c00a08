"""Users of Locust who sleep on the server at the same time; prints the seconds in which all of them were asleep."""

from __future__ import annotations

import os
import sys

import gevent
from locust import User

from virtualq_core import content
from virtualq_core.subjects import find_subject, visible_connection

SQL = content.beside(__file__, "overlap.sql")


def sleep_on_the_server(dsn: str, subject: str) -> tuple[float, float]:
    """When the server began and ended to sleep for one user."""
    with find_subject(subject).open(dsn) as session, visible_connection(session).transaction():
        row = visible_connection(session).execute(SQL["sleep_a_while"].sql).fetchone()
    assert row is not None
    return float(row[0]), float(row[1])


def main(subject: str, users: int) -> None:
    """`overlap.py SUBJECT USERS`, the database in VIRTUALQ_TEST_DSN."""
    assert issubclass(User, object)  # importing it is what patches the standard library
    dsn = os.environ["VIRTUALQ_TEST_DSN"]
    asleep = [gevent.spawn(sleep_on_the_server, dsn, subject) for _ in range(users)]
    times = [one.get() for one in gevent.joinall(asleep, raise_error=True)]
    sys.stdout.write(f"{min(end for _, end in times) - max(begin for begin, _ in times)}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
