"""Settings files: lines of `name = value`, as in postgresql.conf, that hold for one side's sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from virtualq_core import content
from virtualq_core.errors import UsageError

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
                said = " ".join((error.diag.message_primary or str(error)).split())
                raise UsageError(
                    f"{name} cannot be compared as a setting of one side",
                    observed=said,
                    expected="a setting that a session can have, such as work_mem",
                ) from error
