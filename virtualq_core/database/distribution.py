"""
What a server needs before the tables can be spread over its nodes: the extension Citus.

From 13.1 on it hands the rights on single columns to the nodes (citusdata/citus, pull request 7918). The application's
rights are such, so an older one would take them away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    import psycopg

_SQL = content.beside(__file__, "distribution.sql")
_OLDEST = (13, 1)
_VERSION = re.compile(r"Citus (?:Enterprise )?(?P<major>\d+)\.(?P<minor>\d+)")


class NoCitus(EnvironmentFault):
    """The tables cannot be spread over nodes here."""

    code = "no-citus"


def require_citus(connection: psycopg.Connection[Any]) -> None:
    """
    Do nothing where the database has an extension Citus that can hold the schema.

    Raises:
        NoCitus: it has none, or one too old; the error says which of it, and what to do.
    """
    is_there, is_available = connection.execute(_SQL["find_citus"].sql).fetchone() or (False, False)
    expected = f"the extension citus {'.'.join(map(str, _OLDEST))} or newer"
    if not is_there:
        raise NoCitus(
            f"the tables cannot be spread over nodes in '{connection.info.dbname}'; nothing was changed",
            observed="the extension citus is on the server, but not in this database"
            if is_available
            else "a server without the extension citus",
            expected=expected,
            next_step="run there, on the coordinator and on every worker: create extension citus"
            if is_available
            else "give a coordinator's address with --database-url; docs/how-to/distribute.md sets one up",
        )
    row = connection.execute(_SQL["read_version"].sql).fetchone()
    told = str(row[0]) if row else ""
    found = _VERSION.match(told)
    if found is None or (int(found["major"]), int(found["minor"])) < _OLDEST:
        raise NoCitus(
            f"the tables cannot be spread over nodes in '{connection.info.dbname}'; nothing was changed",
            observed=told or "no version",
            expected=expected,
            next_step="upgrade Citus on every node, then: alter extension citus update",
        )
