"""
The guard: the harness writes only into a database that it made, that carries its marker, or that is empty.

Looking is done in a read-only transaction, so a refused database stays as it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import class_row

from virtualq_core import content
from virtualq_core.database import version
from virtualq_core.database.fault import explain
from virtualq_core.database.layout import Layout
from virtualq_core.errors import EnvironmentFault, GuardRefusal, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "guard.sql")
READ_ONLY_TIMEOUT_S = 60.0


class Standing(Enum):
    """What a database is to the harness; the value says it in words."""

    EMPTY = "empty"
    MARKED = "VirtualQ's schema, marked for the harness to write"
    UNMARKED = "VirtualQ's schema without the mark that the harness may write"
    OTHER_VERSION = "VirtualQ's schema in another version"
    FOREIGN = "somebody else's objects"


@dataclass(frozen=True)
class Installation:
    """The row of `virtualq.Installation`: what is installed, and whether the harness may write."""

    schema_version: int
    schema_hash: str
    indexes: str
    layout: str
    harness_may_write: bool
    dataset: dict[str, Any] | None
    installed_at: datetime

    def is_of(self, source: Path | None) -> bool:
        """Whether it is the very schema of this version of VirtualQ, or of another folder, in its layout."""
        if self.schema_version != version.SCHEMA_VERSION:
            return False
        try:
            return self.schema_hash == version.schema_hash(source, Layout.named(self.layout))
        except UsageError:
            return False


@dataclass(frozen=True)
class Finding:
    """A database's standing, with what led to it: up to three foreign objects, and how many there are in all."""

    standing: Standing
    installation: Installation | None = None
    objects: tuple[str, ...] = ()
    object_count: int = 0


def examine(database: Database) -> Standing:
    """
    What the database is to the harness.

    Raises:
        EnvironmentFault: the database cannot be reached.
    """
    return find(database).standing


def find(database: Database, *, source: Path | None = None) -> Finding:
    """The same with the reasons, in one read-only transaction; `source` is another folder to compare with."""
    try:
        with database.connect(autocommit=False) as connection:
            connection.read_only = True
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            return look(connection, source=source)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


def look(connection: psycopg.Connection[Any], *, source: Path | None = None) -> Finding:
    """The same over a connection that is there, as its transaction sees it."""
    has_schema, has_record = connection.execute(_SQL["find_schema"].sql).fetchone() or (False, False)
    if has_record:
        return _judge(connection, source)
    found = connection.execute(_SQL["find_foreign_objects"].sql).fetchall()
    objects = tuple(f"{kind} {name}" for kind, name, _ in found)
    count = found[0][2] if found else 0
    if has_schema:
        objects, count = ("schema virtualq", *objects)[:3], count + 1
    return Finding(Standing.FOREIGN if objects else Standing.EMPTY, None, objects, count)


def require_writable(database: Database) -> Finding:
    """
    Return what was found where the harness may write: an empty database, or a marked one of this version.

    Raises:
        GuardRefusal: it may not; the error says what was found and how to allow it.
    """
    found = find(database)
    if found.standing not in {Standing.EMPTY, Standing.MARKED}:
        raise refusal(database, found)
    return found


def refusal(database: Database, found: Finding) -> GuardRefusal:
    """The error that names what was found and how to allow the harness to write."""
    observed: str = found.standing.value
    next_step = "give an empty database made for it: create database virtualq_check"
    match found.standing:
        case Standing.UNMARKED:
            next_step = "if its data may be changed: virtualq db mark --database-url ..."
        case Standing.OTHER_VERSION if found.installation is not None:
            it = found.installation
            observed += f" ({it.schema_version}, hash {it.schema_hash[:12]})"
        case Standing.FOREIGN:
            more = found.object_count - len(found.objects)
            observed = ", ".join(found.objects) + (f" and {more} more" if more > 0 else "")
    return GuardRefusal(
        f"refused to write into the database '{database.name}'; nothing was changed",
        observed=observed,
        expected="an empty database, or one that carries the mark of this version "
        f"({version.SCHEMA_VERSION}, hash {version.schema_hash()[:12]})",
        next_step=next_step,
    )


def mark(database: Database, *, may_write: bool) -> None:
    """
    Allow the harness to write into an installed database, or take that back.

    Raises:
        GuardRefusal: this version's schema is not installed there.
    """
    found = find(database)
    if found.standing is Standing.EMPTY:
        raise GuardRefusal(
            f"there is no schema to mark in the database '{database.name}'", next_step="virtualq db install"
        )
    if found.standing not in {Standing.MARKED, Standing.UNMARKED}:
        raise refusal(database, found)
    try:
        with database.connect() as connection:
            connection.execute(_SQL["permit_harness"].sql, {"may_write": may_write})
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


@contextmanager
def read_only_connection(
    database: Database, *, timeout_s: float = READ_ONLY_TIMEOUT_S
) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose transactions are read-only and whose statements end after `timeout_s`."""
    options = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout_s * 1000)}"
    try:
        connection = database.connect(options=options)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error
    with connection:
        yield connection


def installation(connection: psycopg.Connection[Any]) -> Installation | None:
    """The recorded installation, or none where the table is empty."""
    cursor = connection.cursor(row_factory=class_row(Installation))
    return cursor.execute(_SQL["read_installation"].sql).fetchone()


def _judge(connection: psycopg.Connection[Any], source: Path | None) -> Finding:
    try:
        recorded = installation(connection)
    except psycopg.errors.UndefinedColumn:
        return Finding(Standing.OTHER_VERSION)
    except psycopg.errors.InsufficientPrivilege as error:
        raise EnvironmentFault(
            "the role may not read virtualq.Installation", next_step="connect as the schema's owner"
        ) from error
    if recorded is None:
        return Finding(Standing.UNMARKED)
    if not recorded.is_of(source):
        return Finding(Standing.OTHER_VERSION, recorded)
    return Finding(Standing.MARKED if recorded.harness_may_write else Standing.UNMARKED, recorded)
