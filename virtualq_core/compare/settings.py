"""Settings files: lines of `name = value`, as in postgresql.conf, that hold for one side's sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "settings.sql")
_LINE = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\s*(?:=|\s)\s*(?P<value>'(?:[^']|'')*'|[^\s#]+)\s*(?:#.*)?")


def read_settings(path: Path) -> dict[str, str]:
    """
    The settings in a file, by name.

    Raises:
        UsageError: it cannot be read, or a line of it is no setting.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}", observed=str(error)) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        match = _LINE.fullmatch(said)
        if match is None:
            raise UsageError(
                f"{path.name} line {number} is no setting", observed=said, expected="a line such as work_mem = 64MB"
            )
        value = match["value"]
        found[match["name"]] = value[1:-1].replace("''", "'") if value.startswith("'") else value
    if not found:
        raise UsageError(f"{path.name} sets nothing", expected="lines such as work_mem = 64MB")
    return found


def set_for_sessions(database: Database, settings: Mapping[str, str]) -> None:
    """
    Let the settings hold for every session that is opened on the database from now on.

    Raises:
        UsageError: one of them is unknown, has no such value, or holds for the whole server only.
    """
    with database.connect() as connection:
        for name, value in settings.items():
            statement = sql.SQL(_SQL["set_for_database"].sql).format(
                database=sql.Identifier(database.name), name=sql.Identifier(name), value=sql.Literal(value)
            )
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                raise _not_ones_own(name, error) from error
    _require_application_may(database, settings)


def _require_application_may(database: Database, settings: Mapping[str, str]) -> None:
    """Refuse what the application itself could not set: it would be in force for some sessions and not for others."""
    with database.connect(role=APPLICATION_ROLE) as connection:
        for name, value in settings.items():
            try:
                connection.execute(_SQL["try_setting"].sql, {"name": name, "value": value})
            except psycopg.Error as error:
                raise _not_ones_own(name, error) from error


def _not_ones_own(name: str, error: psycopg.Error) -> UsageError:
    return UsageError(
        f"{name} cannot be compared as a setting of one side",
        observed=" ".join((error.diag.message_primary or str(error)).split()),
        expected="a setting that an application's session can have, such as work_mem",
        next_step="compare two servers: postgres:FOLDER against postgres:FOLDER",
    )
