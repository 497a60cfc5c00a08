"""Taking keys, indexes, triggers and forced row security away for a load, and bringing the very same back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Cursor, errors
from psycopg.rows import tuple_row

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

_SQL = content.beside(__file__, "catalogue.sql")


@dataclass(frozen=True)
class Change:
    """A statement that takes something away, and the one that brings it back."""

    take: str
    bring: str


class Catalogue:
    """
    The keys, indexes and triggers of some tables, and the forced row security of the whole schema.

    Made before the load, from the server's own definitions, so that it also serves tables whose indexes somebody has
    changed. Everything is undone with its transaction.
    """

    def __init__(
        self, cursor: Cursor[Any], tables: Sequence[str], rebuilt: Sequence[str], *, keeps_keys: bool = False
    ) -> None:
        """
        `tables` are loaded; those of them that are `rebuilt` also lose their keys and indexes meanwhile.

        With `keeps_keys` they lose no more than their foreign keys.
        """
        self._cursor = cursor
        self._tables = list(tables)
        self._rebuilt = list(rebuilt)
        self._forced = self._changes("list_forced_tables", self._tables)
        self._triggers = self._changes("list_triggers", self._tables)
        self._foreign_keys = self._changes("list_foreign_keys", self._rebuilt)
        self._keys = [] if keeps_keys else self._changes("list_keys", self._rebuilt)
        self._indexes = [] if keeps_keys else self._changes("list_indexes", self._rebuilt)
        self._comments = [row[0] for row in self._rows("list_comments", self._rebuilt)]
        self._before = self._describe()

    @property
    def indexes(self) -> int:
        """How many keys and indexes there are to rebuild, foreign keys included."""
        return len(self._keys) + len(self._indexes) + len(self._foreign_keys)

    def open(self) -> None:
        """Make the tables bare."""
        for change in (*self._forced, *self._triggers, *self._foreign_keys, *self._keys, *self._indexes):
            self._run(change.take)

    def build_indexes(self) -> Sequence[str]:
        """The statements that bring back keys and indexes, in order."""
        return [change.bring for change in (*self._keys, *self._indexes)]

    def build_foreign_keys(self) -> Sequence[str]:
        """The statements that bring back the foreign keys; they check every row."""
        return [change.bring for change in self._foreign_keys]

    def run(self, statement: str) -> None:
        """Run one of the statements above."""
        self._run(statement)

    def close(self) -> None:
        """
        Bring back triggers and row security, and compare everything with what there was before.

        Raises:
            EnvironmentFault: something differs; the transaction is to be given up.
        """
        for change in (*self._triggers, *self._forced):
            self._run(change.bring)
        for comment in self._comments:
            self._run(comment)
        after = self._describe()
        if after != self._before:
            lost, strange = self._before - after, after - self._before
            raise EnvironmentFault(
                "the tables are not as they were before the load",
                observed=sorted(strange) or None,
                expected=sorted(lost) or None,
                next_step="install the schema afresh, or drop what was added to these tables",
            )

    def _describe(self) -> set[tuple[str, ...]]:
        return {tuple(map(str, row)) for row in self._rows("describe_tables", self._tables)}

    def _changes(self, name: str, tables: Sequence[str]) -> list[Change]:
        return [Change(*row) for row in self._rows(name, tables)]

    def _rows(self, name: str, tables: Sequence[str]) -> list[tuple[Any, ...]]:
        with self._cursor.connection.cursor(row_factory=tuple_row) as cursor:
            statement = _SQL[name].sql
            if "%(tables)s" in statement:
                cursor.execute(statement, {"tables": [f"virtualq.{table}" for table in tables]})
            else:
                cursor.execute(statement)
            return cursor.fetchall()

    def _run(self, statement: str) -> None:
        try:
            # Bytes, because the text is the server's own and holds no parameters.
            self._cursor.execute(statement.encode())
        except errors.DependentObjectsStillExist as error:
            raise EnvironmentFault(
                "something depends on a key or an index that is rebuilt",
                observed=error.diag.message_detail or error.diag.message_primary,
                next_step="drop it, seed, and make it again",
            ) from error
        except errors.LockNotAvailable as error:
            raise EnvironmentFault(
                "somebody uses the tables", observed=f"no lock for: {statement}", next_step="close other sessions"
            ) from error
