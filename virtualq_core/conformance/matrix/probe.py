"""Statements asked by the application in one tenant's name, and what they were answered."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg import sql

from virtualq_core import content
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from psycopg.sql import Composed

_SQL = content.beside(__file__, "probe.sql")
# Classes of errors that are no answer: the transaction was rolled back, the server interfered or did not wait.
_NO_ANSWER = ("40", "53", "55P03", "57", "58")
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TOLD = (
    "sqlstate",
    "message_primary",
    "message_detail",
    "message_hint",
    "context",
    "schema_name",
    "table_name",
    "column_name",
    "constraint_name",
)


@dataclass(frozen=True)
class Answer:
    """What a statement was answered: rows, how many it changed, or an error; `seen` is what a witness saw after it."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    changed: int = 0
    notices: tuple[str, ...] = ()
    error: tuple[tuple[str, str], ...] = ()
    seen: Any = None

    @property
    def state(self) -> str:
        """The SQLSTATE; empty where there was no error."""
        return dict(self.error).get("sqlstate", "")

    @property
    def text(self) -> str:
        """All that was said."""
        said = [str(value) for row in self.rows for value in row]
        return "\n".join([*said, *self.notices, *(text for _, text in self.error)])

    @property
    def brief(self) -> str:
        """The answer in a few words."""
        if self.error:
            return f"{self.state} ({dict(self.error).get('message_primary', '')})"
        return f"{self.changed} rows{': ' + str(self.rows[0]) if self.rows else ''}"

    def without(self, ids: Iterable[object]) -> tuple[object, ...]:
        """
        The answer with these ids, whatever was drawn for the occasion and all times blotted out.

        Of two questions that differ in an id alone, the answers are then equal unless one tells more than the other.
        """
        given = "|".join(sorted(map(re.escape, {str(each) for each in ids if each is not None}), key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w.])(?:{given or '(?!)'})(?![\w.])")

        def blot(name: str, value: object) -> object:
            if isinstance(value, UUID | datetime | date):
                return f"<{type(value).__name__}>"
            if isinstance(value, int) and not isinstance(value, bool) and name.endswith("id"):
                return "<id>"
            return None if value is None else words(str(value))

        def words(text: str) -> str:
            return _UUID.sub("<UUID>", pattern.sub("<id>", text))

        rows = [tuple(blot(name, value) for name, value in zip(self.columns, row, strict=True)) for row in self.rows]
        said = [words(text) for text in self.notices]
        return rows, self.changed, said, [(name, words(text)) for name, text in self.error]


class Probe:
    """
    The application on one connection, in one tenant's name or in none's.

    What it asks is undone. The login behind it may also look with other eyes.
    """

    def __init__(self, connection: psycopg.Connection[Any], tenant_id: int | None) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self._notices: list[str] = []
        connection.add_notice_handler(lambda notice: self._notices.append(notice.message_primary or ""))

    @contextmanager
    def within(self, tenant_id: int, role: str) -> Iterator[psycopg.Connection[Any]]:
        """The connection in a transaction of its own, in another tenant's scope and another role."""
        with self.connection.transaction():
            self.connection.execute(enter_statement(tenant_id))
            self.enter(role)
            yield self.connection

    @contextmanager
    def trial(self) -> Iterator[None]:
        """A transaction in the tenant's scope, rolled back at its end; what is asked within costs less."""
        with self.connection.transaction(force_rollback=True):
            if self.tenant_id is not None:
                self.connection.execute(enter_statement(self.tenant_id))
            yield

    def ask(
        self, statement: Composed, *, role: str | None = None, witness: Callable[[], object] | None = None
    ) -> Answer:
        """
        What a statement is answered, constraints that wait for the commit included; everything is undone.

        `role` asks it in another role; `witness` looks at what it did before that is undone.

        Raises:
            psycopg.Error: the server gave no answer: a timeout, a deadlock, a lost connection.
        """
        self._notices.clear()
        try:
            with self.trial() if self._is_idle else self.connection.transaction(force_rollback=True):
                if role is not None:
                    self.enter(role)
                cursor = self.connection.execute(statement)
                rows = tuple(cursor.fetchall()) if cursor.description else ()
                names = tuple(column.name for column in cursor.description or ())
                changed = cursor.rowcount
                self.connection.execute(_SQL["check_constraints"].sql)
                said = tuple(self._notices)
                return Answer(names, rows, changed, said, seen=None if witness is None else witness())
        except psycopg.Error as error:
            if error.sqlstate is None or error.sqlstate.startswith(_NO_ANSWER):
                raise
            return Answer(error=_told(error), notices=tuple(self._notices))

    def enter(self, role: str) -> None:
        """Go on in another role until the transaction or what is asked within it ends; empty: in the login's own."""
        name = sql.Identifier(role) if role else sql.SQL("none")
        self.connection.execute(sql.SQL(_SQL["enter_role"].sql).format(role=name))

    @property
    def _is_idle(self) -> bool:
        return self.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def _told(error: psycopg.Error) -> tuple[tuple[str, str], ...]:
    found = ((name, getattr(error.diag, name)) for name in _TOLD)
    return tuple((name, text) for name, text in found if text is not None)
