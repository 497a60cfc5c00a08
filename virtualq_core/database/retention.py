"""Detaching old months of the history, where it is partitioned by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.fault import explain
from virtualq_core.database.layout import Layout
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from datetime import datetime

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "retention.sql")


@dataclass(frozen=True)
class DetachedMonth:
    """A month that was detached: the table that it is now, its begin, its steps, and its bytes with its indexes."""

    table_name: str
    month: datetime
    steps: int
    size_bytes: int


def detach_history(database: Database, *, before: datetime) -> list[DetachedMonth]:
    """
    Detach the months of history that are wholly before a moment, the oldest first; the present one stays.

    Nothing is deleted: each is a table of its own afterwards. All of them are detached, or none.

    Raises:
        GuardRefusal: the schema is not installed there, or the harness may not write there.
        EnvironmentFault: the history is not partitioned by month, or the steps of a ticket are not in the order of
            their times.
    """
    found = guard.require_writable(database)
    if found.installation is None:
        raise guard.refusal(database, found)
    if found.installation.layout != str(Layout.MONTH):
        raise EnvironmentFault(
            f"the history in '{database.name}' has no months to detach",
            observed=f"layout '{found.installation.layout}'",
            expected=f"layout '{Layout.MONTH}'",
            next_step=f"virtualq db install --partition {Layout.MONTH}, into another database",
        )
    try:
        with database.connect(autocommit=False) as connection:
            cursor = connection.cursor(row_factory=class_row(DetachedMonth))
            return cursor.execute(_SQL["detach_history"].sql, {"before": before}).fetchall()
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        raise EnvironmentFault(str(error.diag.message_primary), next_step=error.diag.message_hint) from error
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error
