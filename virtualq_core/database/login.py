"""
Logins of one run, for programs that can be given a name and a password and nothing else.

What stands between a client and the server, such as PgBouncer, does not pass on a `set role` of the conninfo: it is
dropped in silence, and the session would then be the owner's. So the login itself is nobody but a member of the role,
and inherits what that may do. It is not enough to set the role for the login (`alter role ... set role`), because
`discard all`, by which sessions are cleaned for their next client, undoes that.

A run that is killed leaves its login; nobody knows its password, it expires within the hour, and the next run drops it.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from virtualq_core import content
from virtualq_core.database.fault import explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "login.sql")
_LOCK_KEY = 0x56516C67  # "VQlg": the first half of the lock on a name
_LIFETIME = timedelta(hours=1)
_ALGORITHM = b"scram-sha-256"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Login:
    """A role of the server that may log in."""

    name: str
    password: str = field(repr=False)


@contextmanager
def run_login(database: Database, role: str) -> Iterator[Login]:
    """
    A login that may what `role` may, and no more; dropped at the end.

    Raises:
        EnvironmentFault: the server's owner role may make none, or may not let it into that role.
    """
    login = Login(f"vq_login_{secrets.token_hex(6)}", secrets.token_urlsafe(24))
    try:
        claim = database.connect()
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error
    with claim:
        try:
            drop_leftovers(claim)
            claim.execute(_SQL["claim_login"].sql, {"key": _LOCK_KEY, "name": login.name})
            with claim.transaction():
                _create(claim, login, role)
        except psycopg.Error as error:
            raise explain(error, database.dsn) from error
        try:
            yield login
        finally:
            _drop(database, claim, login)


def drop_leftovers(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the logins of runs that were killed, and return their names; those of living runs are not touched."""
    dropped = []
    for (name,) in connection.execute(_SQL["find_logins"].sql, {"key": _LOCK_KEY}).fetchall():
        with contextlib.suppress(psycopg.Error):
            connection.execute(_named("drop_login", name=name))
            dropped.append(name)
    return dropped


def _create(connection: psycopg.Connection[Any], login: Login, role: str) -> None:
    """The server gets a verifier of the password, so that not even its log has the password."""
    verifier = connection.pgconn.encrypt_password(login.password.encode(), login.name.encode(), _ALGORITHM).decode()
    until = sql.Literal((datetime.now(UTC) + _LIFETIME).isoformat())
    statement = sql.SQL(_SQL["create_login"].sql)
    connection.execute(statement.format(name=sql.Identifier(login.name), verifier=sql.Literal(verifier), until=until))
    connection.execute(_named("join_role", role=role, name=login.name))


def _drop(database: Database, claim: psycopg.Connection[Any], login: Login) -> None:
    """Drop at the end, over a new connection where the server was restarted meanwhile."""
    statement = _named("drop_login", name=login.name)
    with contextlib.suppress(psycopg.Error):
        claim.execute(statement)
        return
    try:
        with database.connect() as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        _log.warning("the login '%s' is left for the next run to drop: %s", login.name, error)


def _named(statement: str, **names: str) -> sql.Composed:
    return sql.SQL(_SQL[statement].sql).format(**{key: sql.Identifier(name) for key, name in names.items()})
