"""A PostgreSQL that the harness may use, and one database on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from pathlib import Path

CONNECT_TIMEOUT_S = 10
_TENTHOUSAND = 10_000


@dataclass(frozen=True)
class Server:
    """
    A running PostgreSQL.

    `dsn` is the libpq conninfo of its maintenance database, as the owner role: a superuser on the embedded and local
    servers and in a container, anybody on one that was given by url. It may hold a password and is never printed.
    `is_own` says that the harness started the server, and faults are allowed. `bin_dir` and `data_dir` are there where
    they are known.
    """

    dsn: str = field(repr=False)
    kind: str
    version: int
    is_own: bool
    bin_dir: Path | None = None
    data_dir: Path | None = None

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        return self.version // _TENTHOUSAND

    @property
    def maintenance(self) -> Database:
        """The database that `dsn` names."""
        return Database(self, str(conninfo_to_dict(self.dsn)["dbname"]))

    def named(self, name: str) -> Database:
        """The database of that name."""
        return Database(self, name)


@dataclass(frozen=True)
class Database:
    """One database on a server."""

    server: Server
    name: str

    @property
    def dsn(self) -> str:
        """The libpq conninfo, which may hold a password."""
        return make_conninfo(self.server.dsn, dbname=self.name)

    def through(self, dsn: str) -> Database:
        """The same database, reached by another conninfo (another role, another way)."""
        return replace(self, server=replace(self.server, dsn=dsn))

    def connect(self, *, autocommit: bool = True, role: str | None = None, **options: Any) -> psycopg.Connection:
        """
        Connect as the owner, or as `role` from the first statement on (`reset role` returns to that role).

        Further keyword arguments are psycopg's and libpq's.

        Raises:
            psycopg.OperationalError: the server does not answer within the timeout, or refuses.
        """
        given = conninfo_to_dict(self.dsn)
        options.setdefault("connect_timeout", given.get("connect_timeout") or CONNECT_TIMEOUT_S)
        options.setdefault("application_name", given.get("application_name") or "virtualq")
        switches = [str(given.get("options") or ""), str(options.pop("options", ""))]
        if role is not None:
            switches.append("-c role=" + role.replace("\\", "\\\\").replace(" ", "\\ "))
        if any(switches):
            options["options"] = " ".join(filter(None, switches))
        return psycopg.connect(self.dsn, autocommit=autocommit, **options)
