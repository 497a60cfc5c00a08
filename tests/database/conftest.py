"""Servers to break: each in a cache folder of its own, and processes that use them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from virtualq_core.database import remote
from virtualq_core.database.binaries import embedded, local
from virtualq_core.database.capability import installed_postgres
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.provider import private_server, provide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from virtualq_core.database.server import Server

REPOSITORY = Path(__file__).resolve().parents[2]
HARNESS = Path(__file__).with_name("harness.py")
BOUND_S = 30.0


def eventually(condition: Callable[[], object], what: str, bound_s: float = BOUND_S) -> None:
    """Wait for a condition, and fail when it does not come true within the bound."""
    deadline = time.monotonic() + bound_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {bound_s:.0f} s: {what}"
        pause.wait(0.01)


def processes_of(folder: Path, naming: str = "") -> list[psutil.Process]:
    """The living processes that work in a folder or name it, and name another thing: servers, backends, keepers."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            command = " ".join(process.cmdline())
            is_here = process.cwd().startswith(f"{folder}/") or str(folder) in command
            if is_here and naming in command and is_alive(process):
                found.append(process)
    return found


def kill(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL, and wait until they are gone, with what they held; some may be gone already."""
    doomed = list(processes)
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    eventually(lambda: not any(is_alive(process) for process in doomed), "the killed are gone")


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still holds anything: one that is only to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass
class Harness:
    """A process that runs `harness.py`, and the lines it has said."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def await_line(self, beginning: str) -> str:
        """The rest of the next line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise AssertionError(f"it ended without '{beginning}': {self.said}")

    def kill(self) -> None:
        """SIGKILL: no clean-up of its own."""
        self.process.kill()
        self._close()

    def end(self) -> int:
        """Let it end by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self._close()

    def _close(self) -> int:
        code = self.process.wait(BOUND_S)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        return code


@dataclass(frozen=True)
class Cache:
    """A cache folder of its own, where a cluster can be broken without anybody else noticing."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """For a process that is to use this cache and the package of this checkout."""
        kept = {name: value for name, value in os.environ.items() if name != "VIRTUALQ_DATABASE_URL"}
        return {**kept, "VIRTUALQ_CACHE_DIR": str(self.folder), "PYTHONPATH": str(REPOSITORY)}

    def harness(self, *arguments: str | Path) -> Harness:
        """Start a harness process; whoever starts it ends or kills it."""
        return Harness(
            subprocess.Popen(
                [sys.executable, HARNESS, *arguments],
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def processes(self) -> list[psutil.Process]:
        """The living processes that belong to this cache: servers, their backends, keepers, harnesses of a command."""
        return processes_of(self.folder)

    def kill_keepers(self) -> None:
        """SIGKILL the keepers among them, and nothing else."""
        kill(processes_of(self.folder, "virtualq_core.database.keeper"))

    def kill_all(self) -> None:
        """SIGKILL all of them, keepers first, as a machine's end would."""
        self.kill_keepers()
        kill(self.processes())

    def await_file(self, pattern: str) -> None:
        """Wait for a file of the cluster."""
        eventually(lambda: any(self.folder.glob(f"clusters/*/{pattern}")), f"{pattern} appears")

    def cluster(self) -> Cluster:
        """The embedded cluster in this cache."""
        return Cluster.of(embedded())

    @staticmethod
    def eventually(condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, and fail when it does not come true within the bound."""
        eventually(condition, what)

    def await_quiet(self) -> None:
        """Wait until no process is left that belongs to this cache."""
        eventually(lambda: not self.processes(), "no server and no keeper is left")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cache]:
    """An empty cache folder, that the server's account can reach; nothing of it is left running."""
    folder = Path(tempfile.mkdtemp(prefix="virtualq-test-"))
    folder.chmod(0o755)
    # The programs are the same for all; copying them is tested by itself.
    (folder / "binaries").symlink_to(embedded().bin_dir.parents[3])
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(folder))
    monkeypatch.delenv("VIRTUALQ_DATABASE_URL", raising=False)
    try:
        yield Cache(folder)
    finally:
        try:
            eventually(lambda: not processes_of(folder), "no server and no keeper is left")
        finally:
            kill(processes_of(folder))
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["default", "installed"])
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The session's server, and where the system has one installed, that PostgreSQL too."""
    if request.param == "default":
        yield request.getfixturevalue("server")
        return
    programs = installed_postgres()
    if not programs:
        pytest.skip("missing: a PostgreSQL that the system has installed")
    with provide(postgres_bin=programs[0]) as server:
        yield server


@pytest.fixture
def installed_programs() -> Path:
    """The programs of a PostgreSQL that the system has installed."""
    return local(installed_postgres()[0]).bin_dir


@pytest.fixture(scope="session", params=["embedded", "installed"])
def owned_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server as a managed service gives it: by url, to an owner with CREATEDB and CREATEROLE and no more."""
    programs = None
    if request.param == "installed":
        found = installed_postgres()
        if not found:
            pytest.skip("missing: a PostgreSQL that the system has installed")
        programs = found[0]
    with private_server(postgres_bin=programs) as server:
        with server.maintenance.connect() as connection:
            connection.execute("create role owner login createdb createrole")
            connection.execute("create role poor login")
            connection.execute("grant poor to owner")
            connection.execute("create database given owner owner")
            connection.execute("create database owner owner owner")
        yield remote.server(make_conninfo(server.dsn, user="owner", dbname="given"))


@pytest.fixture
def poor_server(owned_server: Server) -> Iterator[Server]:
    """The same to an owner who may not even make a database, with one that is its own, and empty."""
    with fresh_database(owned_server) as database, owned_server.maintenance.connect() as connection:
        connection.execute(sql.SQL("alter database {} owner to poor").format(sql.Identifier(database.name)))
        yield remote.server(make_conninfo(database.dsn, user="poor"))
