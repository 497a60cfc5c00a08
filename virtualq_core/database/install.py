"""Install the schema, its indexes and the system-defined types into a database: all in one transaction, or nothing."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.fault import explain
from virtualq_core.database.guard import Finding, Installation, Standing
from virtualq_core.database.version import SCHEMA_VERSION, install_files, schema_hash, type_files
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Database

__all__ = ["SCHEMA_VERSION", "InstallFailed", "Installation", "install", "schema_hash"]

_SQL = content.beside(__file__, "install.sql")
_ATTEMPTS = 8


class InstallFailed(EnvironmentFault):
    """A file could not be applied; the database is as it was."""

    code = "install-failed"


def install(
    database: Database, *, indexes: str = "seed", mark: bool = True, source: Path | None = None
) -> Installation:
    """
    Apply `schema/install/*.sql` in order, `schema/indexes/<indexes>.sql` and the types of `schema/types/`.

    The same schema already there is left alone (and its mark as it is). `mark` allows the harness to write afterwards.
    `source` is another folder with the layout of `schema/`.

    Raises:
        UsageError: there is no such set of indexes.
        GuardRefusal: something else is there; nothing was changed.
        InstallFailed: a file could not be applied; nothing was changed.
    """
    folder = content.folder("schema") if source is None else source
    path = index_file(indexes, folder)
    try:
        present = _present(database, guard.find(database, source=folder), indexes)
        return present or _install(database, folder, path, mark=mark)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


def index_file(indexes: str, folder: Path | None = None) -> Path:
    """
    The file of a set of indexes, in `schema/` or another folder with its layout.

    Raises:
        UsageError: there is no such set.
    """
    path = (content.folder("schema") if folder is None else folder) / "indexes" / f"{indexes}.sql"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.sql")))
        raise UsageError(f"no set of indexes named '{indexes}'", expected=known)
    return path


def _present(database: Database, found: Finding, indexes: str) -> Installation | None:
    """The installation that is there, if it is the one asked for; none in an empty database."""
    if found.standing is Standing.EMPTY:
        return None
    if found.standing not in {Standing.MARKED, Standing.UNMARKED} or found.installation is None:
        raise guard.refusal(database, found)
    if found.installation.indexes != indexes:
        raise EnvironmentFault(
            f"the schema is already installed in '{database.name}' with other indexes; nothing was changed",
            observed=found.installation.indexes,
            expected=indexes,
            next_step="install into another database",
        )
    return found.installation


def _install(database: Database, folder: Path, index_file: Path, *, mark: bool) -> Installation:
    for attempt in range(_ATTEMPTS):
        try:
            with database.connect(autocommit=False) as connection:
                connection.execute(_SQL["take_install_lock"].sql)
                found = guard.look(connection, source=folder)
                present = _present(database, found, index_file.stem)
                return present or _apply(connection, folder, index_file, mark=mark)
        except (errors.UniqueViolation, errors.InternalError_) as error:
            # Roles are shared by all databases: an installer in another one may have been at them at the same moment.
            if attempt + 1 == _ATTEMPTS or not _is_race(error):
                raise
            threading.Event().wait(0.05 * (attempt + 1))
    raise AssertionError


def _is_race(error: psycopg.Error) -> bool:
    named = error.diag.constraint_name or ""
    return named.startswith(("pg_auth", "pg_shdepend")) or "tuple concurrently" in str(error)


def _apply(connection: psycopg.Connection[Any], folder: Path, index_file: Path, *, mark: bool) -> Installation:
    for path in [*install_files(folder), index_file]:
        _apply_file(connection, path)
    types = type_files(folder)
    if types:
        connection.execute(_SQL["become_maintainer"].sql)
        for path in types:
            _add_type(connection, path)
        connection.execute(_SQL["become_installer"].sql)
    connection.execute(
        _SQL["record_installation"].sql,
        {
            "schema_version": SCHEMA_VERSION,
            "schema_hash": schema_hash(folder),
            "indexes": index_file.stem,
            "harness_may_write": mark,
        },
    )
    made = guard.installation(connection)
    if made is None:
        raise InstallFailed("the installation was not recorded")
    return made


def _apply_file(connection: psycopg.Connection[Any], path: Path) -> None:
    try:
        connection.execute(path.read_text(encoding="utf-8"))
    except (errors.DiskFull, errors.UniqueViolation, errors.InternalError_):
        raise
    except psycopg.Error as error:
        raise _failed(path, error) from error
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        raise InstallFailed(f"{path.name} ends the transaction that the whole installation is in")


def _add_type(connection: psycopg.Connection[Any], path: Path) -> None:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        connection.execute(
            _SQL["add_system_type"].sql,
            {
                "type_code": given["type_code"],
                "type_name": given["type_name"],
                "fsm_schema": Jsonb(given["fsm_schema"]),
                "custom_fields_schema": Jsonb(given["custom_fields_schema"]),
            },
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InstallFailed(
            f"{path.name} is not a type; nothing was changed",
            observed=f"{type(error).__name__}: {error}",
            expected="a JSON object with type_code, type_name, fsm_schema and custom_fields_schema",
        ) from error
    except errors.DiskFull:
        raise
    except psycopg.Error as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: psycopg.Error) -> VirtualQError:
    said = " ".join((error.diag.message_primary or str(error)).split())
    line = ""
    if error.diag.statement_position is not None:
        before = path.read_text(encoding="utf-8")[: int(error.diag.statement_position) - 1]
        line = f" at line {before.count(chr(10)) + 1}"
    return InstallFailed(
        f"{path.name} could not be applied{line}; nothing was changed",
        observed=f"{said} (SQLSTATE {error.sqlstate})",
        next_step="the owner needs CREATEROLE, unless virtualq_app and virtualq_maintainer exist and it is their member"
        if isinstance(error, errors.InsufficientPrivilege)
        else None,
    )
