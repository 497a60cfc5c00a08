"""A server that somebody else runs, by its url."""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.database.fault import explain
from virtualq_core.database.server import CONNECT_TIMEOUT_S, Server
from virtualq_core.errors import EnvironmentFault, UsageError

OLDEST_VERSION = 150000
_SQLALCHEMY_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")


def server(url: str) -> Server:
    """
    The server behind a libpq url or conninfo (a SQLAlchemy url is understood too); its password is never shown.

    Raises:
        UsageError: the url cannot be read.
        EnvironmentFault: the server does not answer, refuses, or is too old.
    """
    try:
        dsn = make_conninfo(_SQLALCHEMY_DRIVER.sub(r"\1://", url))
        given = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        # libpq's own message quotes the url, and with it the password.
        raise UsageError(
            "the database url cannot be read", expected="postgresql://user:password@host:port/database"
        ) from error.with_traceback(None)
    found = version(dsn)
    if found < OLDEST_VERSION:
        raise EnvironmentFault("the server's PostgreSQL is too old", observed=found // 10_000, expected="15 or newer")
    return Server(dsn=dsn if given.get("dbname") else _with_database(dsn), kind="url", version=found, is_own=False)


def version(dsn: str) -> int:
    """The server's version number, such as 180006; raises `EnvironmentFault` where it does not answer."""
    try:
        with psycopg.connect(dsn, connect_timeout=_timeout(dsn)) as connection:
            return connection.info.server_version
    except psycopg.Error as error:
        raise explain(error, dsn) from error


def _with_database(dsn: str) -> str:
    with psycopg.connect(dsn, connect_timeout=_timeout(dsn)) as connection:
        return make_conninfo(dsn, dbname=connection.info.dbname)


def _timeout(dsn: str) -> int:
    return int(conninfo_to_dict(dsn).get("connect_timeout") or CONNECT_TIMEOUT_S)
