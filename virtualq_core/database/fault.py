"""What psycopg's errors mean to whoever runs a command: no server, no room, no right."""

from __future__ import annotations

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from virtualq_core.database.cache import DiskFull
from virtualq_core.errors import EnvironmentFault

_HIDDEN = "***"


class NoServer(EnvironmentFault):
    """The server does not answer, refuses the connection, or went away."""

    code = "no-server"


def explain(error: psycopg.Error, dsn: str = "") -> EnvironmentFault:
    """The error to raise instead of `error`; a password in `dsn` is not shown."""
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None} if dsn else {}
    said = " ".join(str(error).split())
    for secret in ("password", "sslpassword"):
        if given.get(secret):
            said = said.replace(given[secret], _HIDDEN)
    match error:
        case errors.DiskFull():
            return DiskFull("the server's disk is full", observed=said, next_step="free some space there")
        case errors.InsufficientPrivilege():
            return EnvironmentFault("the role lacks a right", observed=said)
        case errors.TooManyConnections():
            return NoServer("the server has no free connection", observed=said)
        case psycopg.OperationalError():
            return NoServer(
                f"no answer from {_place(given)}" if given else "the server went away",
                observed=said,
                next_step="check that it runs and that the url is right",
            )
    return EnvironmentFault("the server refused a statement", observed=f"{said} (SQLSTATE {error.sqlstate})")


def _place(given: dict[str, str]) -> str:
    host = given.get("host") or given.get("hostaddr") or "the default host"
    database = given.get("dbname", "the default database")
    return f"{host}:{given.get('port', '5432')}, database {database}, user {given.get('user', 'by default')}"
