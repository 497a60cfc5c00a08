"""Install the schema, its indexes and the system-defined types into a database: all in one transaction, or nothing."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.distribution import require_citus
from virtualq_core.database.fault import explain
from virtualq_core.database.guard import Finding, Installation, Standing
from virtualq_core.database.layout import Layout, comes_last
from virtualq_core.database.version import SCHEMA_VERSION, schema_hash, type_files
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
    database: Database,
    *,
    indexes: str = "seed",
    layout: Layout = Layout.NONE,
    mark: bool = True,
    source: Path | None = None,
) -> Installation:
    """
    Apply the layout's files (see `Layout.files`), `schema/indexes/<indexes>.sql` and the types of `schema/types/`.

    The same schema already there is left alone (and its mark as it is). `mark` allows the harness to write afterwards.
    `source` is another folder with the layout of `schema/`.

    Raises:
        UsageError: there is no such set of indexes, or the folder has no such layout.
        EnvironmentFault: the schema is there with other indexes or in another layout; nothing was changed.
        GuardRefusal: something else is there; nothing was changed.
        NoCitus: the tables are to be spread over nodes, and the server cannot; nothing was changed.
        InstallFailed: a file could not be applied; nothing was changed.
    """
    folder = content.folder("schema") if source is None else source
    wanted = _Wanted.of(indexes, layout, folder, mark=mark)
    try:
        present = _present(database, guard.find(database, source=folder), wanted)
        return present or _install(database, wanted)
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error


def require_layout(database: Database, layout: Layout) -> None:
    """
    Do nothing where the schema is installed in that layout.

    Raises:
        EnvironmentFault: it is installed in another one.
        GuardRefusal: it is not installed, or is not this version's.
    """
    found = guard.find(database)
    if found.installation is None:
        raise guard.refusal(database, found)
    _present(database, found, _Wanted.of(found.installation.indexes, layout, content.folder("schema")))


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


@dataclass(frozen=True)
class _Wanted:
    """What is to be installed: the folder and the files of it that were chosen, and whether the harness may write."""

    folder: Path
    index_file: Path
    layout: Layout
    files: tuple[Path, ...]
    mark: bool

    @classmethod
    def of(cls, indexes: str, layout: Layout, folder: Path, *, mark: bool = True) -> _Wanted:
        return cls(folder, index_file(indexes, folder), layout, tuple(layout.files(folder)), mark)


def _present(database: Database, found: Finding, wanted: _Wanted) -> Installation | None:
    """The installation that is there, if it is the one asked for; none in an empty database."""
    if found.standing is Standing.EMPTY:
        return None
    if found.standing not in {Standing.MARKED, Standing.UNMARKED} or found.installation is None:
        raise guard.refusal(database, found)
    present = found.installation
    for what, observed, expected in (
        ("with other indexes", present.indexes, wanted.index_file.stem),
        ("in another layout", present.layout, str(wanted.layout)),
    ):
        if observed != expected:
            raise EnvironmentFault(
                f"the schema is already installed in '{database.name}' {what}; nothing was changed",
                observed=observed,
                expected=expected,
                next_step="install into another database",
            )
    return present


def _install(database: Database, wanted: _Wanted) -> Installation:
    for attempt in range(_ATTEMPTS):
        try:
            with database.connect(autocommit=False) as connection:
                connection.execute(_SQL["take_install_lock"].sql)
                found = guard.look(connection, source=wanted.folder)
                return _present(database, found, wanted) or _apply(connection, wanted)
        except (errors.UniqueViolation, errors.InternalError_) as error:
            # Roles are shared by all databases: an installer in another one may have been at them at the same moment.
            if attempt + 1 == _ATTEMPTS or not _is_race(error):
                raise
            threading.Event().wait(0.05 * (attempt + 1))
    raise AssertionError


def _is_race(error: psycopg.Error) -> bool:
    named = error.diag.constraint_name or ""
    return named.startswith(("pg_auth", "pg_shdepend")) or "tuple concurrently" in str(error)


def _apply(connection: psycopg.Connection[Any], wanted: _Wanted) -> Installation:
    if wanted.layout is Layout.DISTRIBUTED:
        require_citus(connection)
    for path in (*(file for file in wanted.files if not comes_last(file)), wanted.index_file):
        _apply_file(connection, path)
    types = type_files(wanted.folder)
    if types:
        connection.execute(_SQL["become_maintainer"].sql)
        for path in types:
            _add_type(connection, path)
        connection.execute(_SQL["become_installer"].sql)
    for path in filter(comes_last, wanted.files):
        _apply_file(connection, path)
    connection.execute(
        _SQL["record_installation"].sql,
        {
            "schema_version": SCHEMA_VERSION,
            "schema_hash": schema_hash(wanted.folder, wanted.layout),
            "indexes": wanted.index_file.stem,
            "harness_may_write": wanted.mark,
        },
    )
    if wanted.layout is not Layout.NONE:
        connection.execute(_SQL["record_layout"].sql, {"layout": str(wanted.layout)})
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
