"""What a test can require by name (`@pytest.mark.requires("pg_stat_statements")`), and whether it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.database.bouncer import MISSING, find_program
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "capability.sql")
_INSTALLATIONS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
_LEAST_NODE = 18
_PATIENCE_S = 30.0

RIGHTS = {
    "superuser": "a superuser",
    "createdb": "a role with CREATEDB",
    "createrole": "a role with CREATEROLE",
    "own_server": "a server that the harness started itself",
    "pgbench": "PostgreSQL's program pgbench",
    "pg_dump": "PostgreSQL's program pg_dump",
}
EXTENSIONS = {
    "amcheck",
    "btree_gin",
    "citus",
    "hypopg",
    "pageinspect",
    "pg_buffercache",
    "pg_jsonschema",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_visibility",
    "pgstattuple",
}


def installed_postgres() -> list[Path]:
    """The folders of programs of the PostgreSQLs that the system has installed, newest first."""
    found = [
        path.parent
        for home in _INSTALLATIONS
        for path in Path(home).glob("*/bin/initdb")
        if (path.parent / "postgres").exists()
    ]
    return sorted(found, key=lambda path: path.parent.name, reverse=True)


def _has_docker() -> bool:
    from virtualq_core.database.container import answers  # noqa: PLC0415 -- testcontainers is slow to import

    return answers()


def _has_node() -> bool:
    program = shutil.which("node")
    if program is None:
        return False
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    found = re.match(r"v(\d+)\.", said.stdout)
    return found is not None and int(found[1]) >= _LEAST_NODE


WITHOUT_SERVER: dict[str, tuple[str, Callable[[], bool]]] = {
    "installed_postgres": ("a PostgreSQL that the system has installed", lambda: bool(installed_postgres())),
    "docker": ("a Docker engine that answers", _has_docker),
    "pgbouncer": (MISSING, lambda: find_program() is not None),
    "node": ("Node.js 18 or newer", _has_node),
}


IN_DATABASE: dict[str, tuple[str, str]] = {
    "plain_update": ("an application that may update Ticket.current_state itself", "has_plain_update"),
    "derived_tenant": ("tables whose rows may lie anywhere before it is known whose they are", "has_derived_tenant"),
}
"""What depends on the schema that is tested: in words, and the statement that asks for it."""


def lacking_in_database(database: Database, name: str) -> str | None:
    """What is missing of a capability that is judged in a database with the schema; none where it is there."""
    words, statement = IN_DATABASE[name]
    with database.connect() as connection:
        found = connection.execute(_SQL[statement].sql).fetchone()
    return None if found is not None and found[0] else words


def lacking_without_server(name: str) -> str | None:
    """What is missing of a capability that needs no server to be judged, in words; none where it is there."""
    words, is_there = WITHOUT_SERVER[name]
    return None if is_there() else words


def lacking(server: Server, name: str) -> str | None:
    """
    What is missing of the capability, in words; none where it is there.

    Raises:
        UsageError: there is no capability of that name.
    """
    if name not in RIGHTS and name not in EXTENSIONS:
        known = ", ".join(sorted({*RIGHTS, *EXTENSIONS, *WITHOUT_SERVER, *IN_DATABASE}))
        raise UsageError(f"no capability named '{name}'", expected=known)
    return None if name in found_on(server) else RIGHTS.get(name, f"the extension {name}")


def found_on(server: Server) -> frozenset[str]:
    """All capabilities of a server."""
    with server.maintenance.connect() as connection:
        found = {str(row[0]) for row in connection.execute(_SQL["find_capabilities"].sql)}
    if server.is_own:
        found.add("own_server")
    if server.bin_dir is not None:
        found |= {name for name in ("pgbench", "pg_dump") if (server.bin_dir / name).exists()}
    return frozenset(found)
