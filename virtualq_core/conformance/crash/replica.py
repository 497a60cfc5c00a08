"""
A server of its own for a copy of the database under test: what it would lose there, it would lose where it is.

The copy has the schema with its owners and rights, the roles, and what is set for them and for the database; it has no
rows. The same programs run it.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from virtualq_core import content
from virtualq_core.database import binaries
from virtualq_core.database.account import Account
from virtualq_core.database.provider import private_server
from virtualq_core.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.binaries import Binaries
    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "replica.sql")
_TIMEOUT_S = 120.0
# The database's own comment may be the harness's signature, by which a later run drops it.
_SCHEMA = (
    *("--schema-only", "--create", "--no-comments"),
    *("--no-tablespaces", "--no-subscriptions", "--lock-wait-timeout=20s"),
)
_ALREADY_THERE = "already exists"


@contextmanager
def private_copy(database: Database) -> Iterator[Database]:
    """
    A copy of a database's schema on a server that nobody else uses, and that is deleted at the end with all it held.

    That server brings its log to disk late and only where a commit waits for it, so that a commit which does not wait
    is lost with the server. Costs two or three seconds.

    Raises:
        UsageError: the harness did not start the database's server, or does not know its programs.
        EnvironmentFault: the server cannot be started, or the schema cannot be copied.
    """
    if not database.server.is_own or database.server.bin_dir is None:
        raise UsageError("only a database on a server that the harness started is copied for faults")
    with private_server(postgres_bin=database.server.bin_dir) as server:
        _tune(server)
        yield copy_schema(database, server)


def copy_schema(database: Database, server: Server) -> Database:
    """
    Copy a database's schema and the roles, with their settings, to another server; the name stays.

    Raises:
        EnvironmentFault: it cannot be read, or the other server does not take it.
    """
    if server.bin_dir is None:
        raise UsageError("the programs of the server to copy to are not known")
    programs = binaries.local(server.bin_dir)
    target = make_conninfo(server.maintenance.dsn, options="-c synchronous_commit=off")
    with tempfile.TemporaryDirectory(prefix="virtualq-") as folder:
        roles, schema = Path(folder) / "roles.sql", Path(folder) / "schema.sql"
        _run(programs, "pg_dumpall", "--roles-only", "--no-role-passwords", "-d", database.dsn, "-f", roles)
        _run(programs, "pg_dump", *_SCHEMA, "-d", database.dsn, "-f", schema)
        _run(programs, "psql", "-X", "-q", "-d", target, "-f", roles)
        _run(programs, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", target, "-f", schema)
    return server.named(database.name)


def _run(programs: Binaries, program: str, *arguments: str | Path) -> None:
    """Run it to its end; that a role is there already is no fault."""
    own = Account(os.geteuid(), os.getegid(), is_other=False)
    done = programs.run(program, *arguments, account=own, timeout_s=_TIMEOUT_S)
    said = [line for line in done.stderr.splitlines() if _ALREADY_THERE not in line]
    if done.returncode != 0 or any("ERROR:" in line for line in said):
        raise EnvironmentFault(f"{program} cannot copy the schema", observed=" | ".join(said[-3:]) or "no message")


def _tune(server: Server) -> None:
    with server.maintenance.connect() as connection:
        for name in (name for name in _SQL if name.startswith("hold_back_")):
            connection.execute(_SQL[name].sql)
        if connection.execute(_SQL["can_flush_at_once"].sql).fetchone() == (True,):
            connection.execute(_SQL["flush_at_once"].sql)
        connection.execute(_SQL["reload_settings"].sql)
