"""
Whose eyes a measurement is made with.

Queries are measured as the application: bound by row security, in a tenant's transaction. Parameters and answers are
drawn by somebody who sees all tenants. Where the harness may not write, both look through read-only transactions with a
statement timeout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.guard import Standing
from virtualq_core.errors import EnvironmentFault
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE

if TYPE_CHECKING:
    import psycopg

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "observer.sql")
_INSTALLED = frozenset({Standing.MARKED, Standing.UNMARKED, Standing.OTHER_VERSION})


@dataclass(frozen=True)
class Observer:
    """
    The ways to look at one database.

    `application`, `maintainer` and `overseer` are roles to enter, None where the login itself has to do.
    """

    database: Database
    application: str | None
    maintainer: str | None
    overseer: str | None
    is_read_only: bool
    timeout_s: float

    @classmethod
    def of(cls, database: Database, *, timeout_s: float = guard.READ_ONLY_TIMEOUT_S) -> Observer:
        """
        The observer that the login allows; read-only unless the database carries the harness's mark.

        Raises:
            EnvironmentFault: the database cannot be reached, VirtualQ's schema is not in it, or the login sees no rows
                of other tenants, so that nothing can be drawn.
        """
        standing = guard.examine(database)
        if standing not in _INSTALLED:
            raise EnvironmentFault(
                f"there is nothing to measure in '{database.name}'",
                observed=standing.value,
                expected="VirtualQ's schema with data in it",
                next_step="virtualq db install and virtualq seed make one",
            )
        with guard.read_only_connection(database) as connection:
            roles = {"application": APPLICATION_ROLE, "maintainer": MAINTAINER_ROLE}
            row = connection.execute(_SQL["find_rights"].sql, roles).fetchone()
        sees_all, is_application, is_maintainer = row or (False, False, False)
        if not sees_all and not is_maintainer:
            raise EnvironmentFault(
                "the login sees one tenant at a time, and measuring draws its parameters over all",
                expected=f"a member of {MAINTAINER_ROLE}, such as the role that installed the schema",
                next_step=f"grant {MAINTAINER_ROLE} to the login",
            )
        return cls(
            database,
            application=APPLICATION_ROLE if is_application else None,
            maintainer=MAINTAINER_ROLE if is_maintainer else None,
            overseer=None if sees_all else MAINTAINER_ROLE,
            is_read_only=standing is not Standing.MARKED,
            timeout_s=timeout_s,
        )

    def as_application(self) -> psycopg.Connection[Any]:
        """A connection in autocommit mode for `tenant_scope`, as the application's role."""
        return self._connect(self.application)

    def as_overseer(self) -> psycopg.Connection[Any]:
        """A connection in autocommit mode that sees the rows of every tenant."""
        return self._connect(self.overseer)

    def as_owner(self) -> psycopg.Connection[Any]:
        """A connection in autocommit mode as the login itself."""
        return self._connect(None)

    def renew_statistics(self) -> None:
        """Analyze the tables that measuring has written to, so that the next measurement finds no staleness of ours."""
        with self.as_owner() as connection:
            connection.execute(_SQL["analyze_tables"].sql)

    def _connect(self, role: str | None) -> psycopg.Connection[Any]:
        options = f"-c statement_timeout={int(self.timeout_s * 1000)}"
        if self.is_read_only:
            options += " -c default_transaction_read_only=on"
        return self.database.connect(role=role, options=options)
