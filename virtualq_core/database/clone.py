"""
Fresh databases: made from a template, used by one run, dropped at its end.

While a database is in use, a session of the run holds an advisory lock on its name. The server lets go of the lock when
the run is gone, killed or not, and the next run drops what carries the harness's name and signature and no lock.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, sql
from psycopg.rows import class_row

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.cache import require_free_disk
from virtualq_core.database.fault import explain
from virtualq_core.database.guard import Standing
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "clone.sql")
WORKING_DATABASE = "virtualq"
_LOCK_KEY = 0x56517571  # "VQuq": the first half of the lock on a name
_SIGNATURE = "made by virtualq for one run"
_KEPT = "made by virtualq, kept"
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LARGE_BYTES = 64 * 2**20
_ROOM_BYTES = 64 * 2**20
_ATTEMPTS = 3  # the server itself waits 5 s in each for the template's sessions to end

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rights:
    """
    What the connecting role may make on its server.

    On the coordinator of a Citus cluster it makes no databases, whatever it may: its other nodes would not have them.
    """

    may_create_database: bool
    is_coordinator: bool
    may_create_role: bool
    is_superuser: bool

    @property
    def hindrance(self) -> tuple[str, str]:
        """Why no database can be made, and what to do."""
        if self.is_coordinator:
            return (
                "its database is spread over nodes, which would not have it",
                "let the harness bring its own server, or do this on one server",
            )
        return "the role has no CREATEDB", "alter role ... createdb, or let the harness bring its own server"


def rights(server: Server) -> Rights:
    """The rights of the server's owner role."""
    with server.maintenance.connect() as connection:
        found = connection.cursor(row_factory=class_row(Rights)).execute(_SQL["read_rights"].sql).fetchone()
    return found or Rights(may_create_database=False, is_coordinator=False, may_create_role=False, is_superuser=False)


def require_copies(server: Server) -> None:
    """
    Make sure, before anything is seeded, that databases can be made and copied on the server.

    Raises:
        EnvironmentFault: the server's role has no CREATEDB, or the server is the coordinator of a cluster.
    """
    found = rights(server)
    if not found.may_create_database:
        why, next_step = found.hindrance
        raise EnvironmentFault(
            f"databases cannot be made on this server, and copies are compared: {why}", next_step=next_step
        )


@contextmanager
def fresh_database(
    server: Server, *, template: str | None = None, prefix: str = "vq", keep: bool = False
) -> Iterator[Database]:
    """
    A new database, empty or a copy of `template`; dropped at the end, unless `keep`.

    After a SIGKILL the next run drops it. Where the role of a server given by url has no CREATEDB, or the server is the
    coordinator of a cluster, the given database itself is used, if the guard lets it, and stays; a warning in the log
    says so.

    Raises:
        GuardRefusal: the given database would have to be used, and is not ours to write into.
        EnvironmentFault: no room, no right, or somebody stays connected to the template.
    """
    if _PREFIX.fullmatch(prefix) is None:
        raise UsageError(f"'{prefix}' cannot begin a database's name", expected=_PREFIX.pattern)
    if server.kind == "url" and not (found := rights(server)).may_create_database:
        yield _given_database(server, template, found)
        return
    database = server.named(f"{prefix}_run_{secrets.token_hex(6)}")
    try:
        claim = server.maintenance.connect()
    except psycopg.Error as error:
        raise explain(error, server.dsn) from error
    with claim:
        drop_leftovers(server, claim)
        claim.execute(_SQL["claim_name"].sql, {"key": _LOCK_KEY, "name": database.name})
        try:
            _create(claim, database, template)
            _sign(claim, database, _KEPT if keep else _SIGNATURE)
            yield database
        finally:
            if not keep:
                _drop(claim, database)


def working_database(server: Server, name: str | None = None, *, make: bool = True) -> Database:
    """
    The database that commands work on by default and that stays: the given url's, or `virtualq` on one's own server.

    `make` makes it where it is missing; without it, the maintenance database is returned then.

    Raises:
        EnvironmentFault: a database named by the caller does not exist and may not be made.
    """
    if name is None and server.kind == "url":
        return server.maintenance
    database = server.named(name or WORKING_DATABASE)
    try:
        with server.maintenance.connect() as connection:
            if connection.execute(_SQL["find_database"].sql, {"name": database.name}).fetchone() is not None:
                return database
            if make:
                with contextlib.suppress(errors.DuplicateDatabase):
                    connection.execute(_named("create_plain_database", name=database.name))
                return database
    except psycopg.Error as error:
        raise explain(error, server.dsn) from error
    if name is not None:
        raise EnvironmentFault(f"there is no database '{name}'", next_step="virtualq db install --database NAME")
    return server.maintenance


def replace_empty(database: Database, *, template: str) -> None:
    """
    Put a copy of `template` in the place of an empty database of the same name.

    Raises:
        GuardRefusal: it is not empty.
        EnvironmentFault: no room, or somebody is connected to one of them.
    """
    found = guard.find(database)
    if found.standing is not Standing.EMPTY:
        raise guard.refusal(database, found)
    try:
        with database.server.maintenance.connect() as connection:
            connection.execute(_named("drop_leftover", name=database.name))
            _create(connection, database, template)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


def drop_leftovers(server: Server, connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the databases that killed runs left, and return their names; those of living runs are not touched."""
    dropped = []
    for name, comment in connection.execute(_SQL["find_leftovers"].sql, {"key": _LOCK_KEY}).fetchall():
        if not _is_signed(server.named(name), comment):
            continue
        try:
            connection.execute(_named("drop_leftover", name=name))
        except (errors.ObjectInUse, errors.InvalidCatalogName, errors.InsufficientPrivilege):
            continue
        dropped.append(name)
    return dropped


def _is_signed(database: Database, comment: str | None) -> bool:
    if comment is not None:
        return comment == _SIGNATURE
    # The run may have been killed before it could sign.
    try:
        return guard.examine(database) in {Standing.EMPTY, Standing.MARKED}
    except VirtualQError:
        return False


def _given_database(server: Server, template: str | None, found: Rights) -> Database:
    database = server.maintenance
    why, next_step = found.hindrance
    if template is not None:
        raise EnvironmentFault(f"databases cannot be copied on this server: {why}", next_step=next_step)
    guard.require_writable(database)
    _log.warning("%s: the database '%s' itself is used, and what is made there stays", why, database.name)
    return database


def _create(connection: psycopg.Connection[Any], database: Database, template: str | None) -> None:
    statement = _named("create_plain_database", name=database.name)
    room_bytes = _ROOM_BYTES
    if template is not None:
        row = connection.execute(_SQL["read_size"].sql, {"name": template}).fetchone()
        size_bytes = row[0] if row else 0
        room_bytes += size_bytes
        # Through the log, small ones are copied without a checkpoint; large ones would fill it.
        strategy = "file_copy" if size_bytes > _LARGE_BYTES else "wal_log"
        statement = _named("create_database", name=database.name, template=template, strategy=strategy)
    if database.server.data_dir is not None:
        require_free_disk(database.server.data_dir, room_bytes)
    pause = threading.Event()
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute(statement)
        except errors.ObjectInUse as error:
            if attempt + 1 < _ATTEMPTS:
                pause.wait(0.1)
                continue
            raise _in_use(connection, template or "template0") from error
        except psycopg.Error as error:
            raise explain(error, database.dsn) from error
        return


def _in_use(connection: psycopg.Connection[Any], template: str) -> EnvironmentFault:
    sessions = [row[0] for row in connection.execute(_SQL["find_sessions"].sql, {"name": template}).fetchall()]
    return EnvironmentFault(
        f"the database '{template}' cannot be copied while somebody is connected to it",
        observed=", ".join(sessions) or None,
        next_step="close these sessions",
    )


def _sign(connection: psycopg.Connection[Any], database: Database, comment: str) -> None:
    text = sql.SQL(_SQL["sign_database"].sql)
    connection.execute(text.format(name=sql.Identifier(database.name), comment=sql.Literal(comment)))


def _drop(claim: psycopg.Connection[Any], database: Database) -> None:
    """Drop at the end, over a new connection where the server was restarted meanwhile."""
    statement = _named("drop_database", name=database.name)
    with contextlib.suppress(psycopg.Error):
        claim.execute(statement)
        return
    try:
        with database.server.maintenance.connect() as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        _log.warning("the database '%s' is left for the next run to drop: %s", database.name, error)


def _named(statement: str, **names: str) -> sql.Composed:
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    return sql.SQL(_SQL[statement].sql).format(**identifiers)
