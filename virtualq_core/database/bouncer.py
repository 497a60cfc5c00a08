"""
PgBouncer, where it is installed: started for one run, on loopback, and ended with it.

One process serves several doors: names of a database to connect to, each with its own mode and size of pool. All of
them lead to one database, by one login of the run. It runs as the account that PostgreSQL's processes run as, for it
refuses root too, from a folder of its own that goes with it.

Clients give the login's password as md5 asks for it: SCRAM would cost more than what is measured, where a client
connects for each operation, and nobody but root can listen on loopback.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.database.account import server_account
from virtualq_core.database.attendant import Attended, sweep
from virtualq_core.database.cache import cache_dir, make_folder, os_fault
from virtualq_core.database.fault import explain
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.database.account import Account
    from virtualq_core.database.login import Login
    from virtualq_core.database.server import Database

PROGRAM = "pgbouncer"
MISSING = "PgBouncer"
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")
_KEEPS_STATEMENTS = (1, 21)
_STATEMENTS = 200
_CONSOLE = "pgbouncer"
_CONFIGURATION = "pgbouncer.ini"
_LOOPBACK = "127.0.0.1"
_SPARE_CLIENTS = 20
_ATTEMPTS = 3
_START_S = 15.0
_LIFETIME_S = 3600.0
_PATIENCE_S = 10.0
_LOOK_EVERY_S = 0.1
_SQL = content.beside(__file__, "bouncer.sql")
_TLS = {"sslmode": "server_tls_sslmode", "sslrootcert": "server_tls_ca_file"}


class BouncerBroke(EnvironmentFault):
    """PgBouncer does not start, or went away."""

    code = "pgbouncer-broke"


@dataclass(frozen=True)
class Program:
    """An installed PgBouncer."""

    path: Path
    version: str

    @property
    def keeps_statements(self) -> bool:
        """Whether it knows of prepared statements, so that they outlive a transaction's server connection."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2]) >= _KEEPS_STATEMENTS


@dataclass(frozen=True)
class Door:
    """A name that clients connect to; behind it are `size` connections, lent for a `session` or a `transaction`."""

    name: str
    mode: str
    size: int


@dataclass(frozen=True)
class Wait:
    """
    How clients of one door waited in PgBouncer for a connection to the server, as its console says.

    `mean_ms` is over the `lent` connections of the span: PgBouncer keeps sums. `most_waiting` and `longest_ms` are the
    most that were seen when its console was looked at, some times a second.
    """

    lent: int
    mean_ms: float | None
    most_waiting: int
    longest_ms: float


def find_program() -> Program | None:
    """The installed PgBouncer; none where there is none, or where it does not run."""
    path = shutil.which(PROGRAM) or next(
        (found for place in _PLACES if (found := shutil.which(PROGRAM, path=place))), None
    )
    if path is None:
        return None
    try:
        said = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"PgBouncer (\S+)", said)
    return None if version is None else Program(Path(path), version[1])


class Bouncer:
    """A running PgBouncer."""

    def __init__(self, program: Program, port: int, login: Login, console: Login, attended: Attended) -> None:
        self.program = program
        self.port = port
        self._login = login
        self._console = console
        self._attended = attended

    def dsn(self, door: Door, **options: str) -> str:
        """The conninfo by which a client comes in; further keyword arguments are libpq's."""
        return self._conninfo(door.name, self._login, **options)

    @contextmanager
    def console(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """
        A connection to its own console.

        Raises:
            BouncerBroke: it is gone.
        """
        dsn = self._conninfo(_CONSOLE, self._console)
        try:
            with psycopg.connect(dsn, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection:
                yield connection
        except psycopg.Error as error:
            raise BouncerBroke("PgBouncer's console does not answer", observed=" ".join(str(error).split())) from error

    def renew(self, door: Door) -> None:
        """Close the connections to the server behind a door; the next client gets a new one."""
        with self.console() as console:
            console.execute(sql.SQL(_SQL["reconnect"].sql).format(door=sql.Identifier(door.name)))

    def await_ready(self) -> None:
        """
        Wait until it answers.

        Raises:
            BouncerBroke: it has ended, or does not answer in time.
        """
        deadline = time.monotonic() + _START_S
        pause = Event()
        while not self._attended.has_ended and time.monotonic() < deadline:
            with contextlib.suppress(BouncerBroke), self.console() as console:
                console.execute(_SQL["show_version"].sql)
                return
            pause.wait(0.02)
        said = [line for line in self._attended.close().splitlines() if re.search("ERROR|FATAL", line)]
        raise BouncerBroke("PgBouncer does not start", observed=" / ".join(said[-2:]) or "nothing in its log")

    def _conninfo(self, database: str, login: Login, **options: str) -> str:
        return make_conninfo(
            host=_LOOPBACK,
            port=str(self.port),
            dbname=database,
            user=login.name,
            password=login.password,
            sslmode="disable",
            gssencmode="disable",
            connect_timeout="10",
            **options,
        )


class Watch:
    """Looks at the console while clients come in by a door, some times a second, in a thread of its own."""

    def __init__(self, bouncer: Bouncer, door: Door) -> None:
        self._bouncer = bouncer
        self._door = door
        self._most_waiting, self._longest_ms = 0, 0.0
        self._before = self._totals()
        self._over = Event()
        self._thread = Thread(target=self._look, name="pgbouncer watch", daemon=True)
        self._thread.start()

    def conclude(self) -> Wait:
        """
        What was seen since the begin.

        Raises:
            BouncerBroke: it went away meanwhile.
        """
        self._over.set()
        self._thread.join()
        lent, waited_us = (now - then for now, then in zip(self._totals(), self._before, strict=True))
        return Wait(lent, waited_us / lent / 1000 if lent else None, self._most_waiting, round(self._longest_ms, 3))

    def _look(self) -> None:
        with contextlib.suppress(BouncerBroke), self._bouncer.console() as console:
            while not self._over.wait(_LOOK_EVERY_S):
                for row in console.execute(_SQL["show_pools"].sql).fetchall():
                    if row["database"] == self._door.name:
                        self._most_waiting = max(self._most_waiting, int(row["cl_waiting"]))
                        longest_ms = int(row["maxwait"]) * 1000 + int(row["maxwait_us"]) / 1000
                        self._longest_ms = max(self._longest_ms, longest_ms)

    def _totals(self) -> tuple[int, int]:
        """How many connections were lent by the door, and the µs that clients waited for them, since it is open."""
        with self._bouncer.console() as console:
            for row in console.execute(_SQL["show_stats"].sql).fetchall():
                if row["database"] == self._door.name:
                    # Before 1.23 it does not count what it lends; a client keeps that for a transaction, in our modes.
                    return int(row.get("server_assignment_count", row["xact_count"])), int(row["wait_time"])
        return 0, 0


@contextmanager
def run_bouncer(
    database: Database, login: Login, doors: Sequence[Door], *, clients: int, wait_s: float = 5.0
) -> Iterator[Bouncer]:
    """
    A PgBouncer before a database, with these doors, for so many clients at once.

    A client that no connection becomes free for within `wait_s` (whole seconds, at least one) is turned away.

    Raises:
        BouncerBroke: it is not installed, or does not start.
        EnvironmentFault: the database is not reachable, or not by one address.
    """
    program = find_program()
    if program is None:
        raise BouncerBroke(
            f"missing: {MISSING}", next_step="install it: apt-get install pgbouncer, brew install pgbouncer"
        )
    place = _place(database)
    for attempt in range(1, _ATTEMPTS + 1):
        port = _free_port()
        console = type(login)(f"console_{secrets.token_hex(4)}", secrets.token_urlsafe(24))
        text = _configuration(program, place, login, console, doors, port=port, clients=clients, wait_s=wait_s)
        folder, account = _folder(text, [login, console])
        command = (program.path, folder / _CONFIGURATION)
        with Attended(command, folder, account, limit_s=_LIFETIME_S) as attended:
            bouncer = Bouncer(program, port, login, console, attended)
            try:
                bouncer.await_ready()
            except BouncerBroke as error:
                if attempt < _ATTEMPTS and "in use" in str(error.observed):
                    continue  # somebody else was given the port meanwhile
                raise
            yield bouncer
        return


def _place(database: Database) -> dict[str, str]:
    """Where the server is, as PgBouncer's configuration has it."""
    given = conninfo_to_dict(database.dsn)
    try:
        with database.connect() as connection:
            row = connection.execute(_SQL["find_place"].sql).fetchone()
            found = {"host": connection.info.host, "port": str(connection.info.port), "dbname": str(row and row[0])}
    except psycopg.Error as error:
        raise explain(error, database.dsn) from error
    if given.get("hostaddr"):
        found["host"] = str(given["hostaddr"])
    return found | {name: str(given[name]) for name in _TLS if given.get(name) and not found["host"].startswith("/")}


def _configuration(
    program: Program,
    place: dict[str, str],
    login: Login,
    console: Login,
    doors: Sequence[Door],
    *,
    port: int,
    clients: int,
    wait_s: float,
) -> str:
    server = {name: place[name] for name in ("host", "port", "dbname")}
    server |= {"user": login.name, "password": login.password}
    settings = {
        "listen_addr": _LOOPBACK,
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "md5",
        "auth_file": "users",
        "admin_users": console.name,
        "max_client_conn": clients + _SPARE_CLIENTS,
        "query_wait_timeout": max(1, round(wait_s)),
        "server_login_retry": 1,
        "server_lifetime": round(_LIFETIME_S),
        "server_reset_query": "discard all",
        "log_connections": 0,
        "log_disconnections": 0,
        "log_stats": 0,
        **({"max_prepared_statements": _STATEMENTS} if program.keeps_statements else {}),
        **{ours: place[theirs] for theirs, ours in _TLS.items() if theirs in place},
    }
    rooms = [
        f"{door.name} = {_words(server)} pool_mode={door.mode} pool_size={door.size} max_db_connections={door.size}"
        for door in doors
    ]
    lines = ["[databases]", *rooms, "[pgbouncer]", *(f"{name} = {value}" for name, value in settings.items())]
    return "\n".join(lines) + "\n"


def _words(values: dict[str, str]) -> str:
    return " ".join(f"{name}='{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items())


def _folder(text: str, logins: Sequence[Login]) -> tuple[Path, Account]:
    """A folder that only the account may look into, with the configuration and the passwords."""
    account = server_account()
    home = make_folder(cache_dir() / "bouncers")
    sweep(home)
    folder = home / f"run-{secrets.token_hex(6)}"
    account.require_passage(folder)
    users = "".join(f'"{login.name}" "{login.password}"\n' for login in logins)
    try:
        folder.mkdir(mode=0o700)
        for name, held in ((_CONFIGURATION, text), ("users", users)):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(held, encoding="utf-8")
            account.own(path)
        account.own(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise os_fault(error, folder, "cannot write PgBouncer's configuration") from error
    return folder, account


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((_LOOPBACK, 0))
        port: int = trial.getsockname()[1]
        return port
