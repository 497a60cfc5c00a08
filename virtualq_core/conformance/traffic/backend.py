"""The server's side of the clients' connections: how many there can be, and when they are gone."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "backend.sql")
_GONE_S = 20.0
_POLL_S = 0.02


def free_connections(database: Database) -> int:
    """How many more connections the server takes from an ordinary role."""
    with database.connect() as connection:
        row = connection.execute(_SQL["read_connections"].sql).fetchone()
    return row[0] if row else 0


def await_silence(database: Database, application_name: str) -> None:
    """
    Wait until the server has let go of the clients that connected under that name, and are gone.

    An operation of unknown outcome is decided once its backend is gone, and not before.

    Raises:
        EnvironmentFault: it still serves some of them after 20 s.
    """
    deadline = time.monotonic() + _GONE_S
    pause = Event()
    with database.connect() as connection:
        while True:
            row = connection.execute(_SQL["count_backends"].sql, {"application_name": application_name}).fetchone()
            if row is None or row[0] == 0:
                return
            if time.monotonic() > deadline:
                raise EnvironmentFault(
                    "the server still serves clients that are gone",
                    observed=f"{row[0]} backends after {_GONE_S:.0f} s",
                    next_step="look for what they wait for: select * from pg_stat_activity",
                )
            pause.wait(_POLL_S)
