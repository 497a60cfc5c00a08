"""
The processes of a private server: found, stopped, continued, and waited for until they are gone.

Signals go to the postmaster of a private server, and to processes that are its children; to no other server's.
"""

from __future__ import annotations

import contextlib
import time
from contextlib import contextmanager
from threading import Event, Timer
from typing import TYPE_CHECKING, Self

import psutil
import psycopg

from virtualq_core import content
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.provider import restart
from virtualq_core.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "process.sql")
_WATCHER = "virtualq watcher"
_POLL_S = 0.005
_GONE_S = 30.0
_RECOVERY_S = 60.0
_LONGEST_STOP_S = 2.0  # a stopped process may hold what the whole server needs; that must not last


class Watcher:
    """Somebody beside the clients of a database, who sees them and can end them; a context manager."""

    def __init__(self, database: Database) -> None:
        self._connection = database.connect(application_name=_WATCHER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def clients(self) -> list[int]:
        """The process ids of everybody else's backends in this database."""
        return self._pids("list_clients")

    def holders(self) -> list[int]:
        """Of those who hold a lock that somebody waits for, and wait for none themselves."""
        return self._pids("list_holders")

    def rivals(self, holder: int) -> list[int]:
        """Of those who wait for a lock of that backend's."""
        return self._pids("list_rivals", holder=holder)

    def end(self, pid: int) -> None:
        """`pg_terminate_backend`."""
        self._connection.execute(_SQL["end_session"].sql, {"pid": pid})

    def _pids(self, statement: str, **parameters: int) -> list[int]:
        return [pid for (pid,) in self._connection.execute(_SQL[statement].sql, parameters)]


def postmaster(server: Server) -> psutil.Process:
    """
    The postmaster of a private server.

    Raises:
        UsageError: others may be using the server: it is not private.
        EnvironmentFault: it does not run.
    """
    cluster = _private_cluster(server)
    found = cluster.postmaster()
    if found is None:
        raise EnvironmentFault("the private server does not run", next_step=f"read {cluster.log}")
    return psutil.Process(found.pid)


def backends(server: Server, pids: Iterable[int]) -> Iterator[psutil.Process]:
    """Those of the processes that are children of a private server's postmaster; raises as `postmaster`."""
    parent = postmaster(server).pid
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.ppid() == parent:
                yield process


@contextmanager
def stopped(process: psutil.Process) -> Iterator[Callable[[], bool]]:
    """Stop a process (SIGSTOP) until the end of the body, for two seconds at most; whether it still is stopped."""
    alarm = Timer(_LONGEST_STOP_S, _resume, [process])
    alarm.daemon = True
    process.suspend()
    alarm.start()
    try:
        yield alarm.is_alive
    finally:
        alarm.cancel()
        _resume(process)


def await_gone(pids: Iterable[int]) -> None:
    """
    Wait until none of these processes runs.

    Raises:
        EnvironmentFault: one still does after half a minute.
    """
    deadline, pause = time.monotonic() + _GONE_S, Event()
    for pid in pids:
        while _is_running(pid):
            if time.monotonic() > deadline:
                raise EnvironmentFault("a process of a private server outlives a fault", observed=f"process {pid}")
            pause.wait(_POLL_S)


def await_service(server: Server, *, timeout_s: float = _RECOVERY_S) -> None:
    """
    Bring a private server back that has gone, and wait until it answers; the first start after a kill may fail.

    Raises:
        UsageError: others may be using the server: it is not private.
        EnvironmentFault: it does not answer in time.
    """
    cluster, pause, deadline = _private_cluster(server), Event(), time.monotonic() + timeout_s
    while True:
        try:
            if cluster.postmaster() is None:
                restart(server)
            server.maintenance.connect().close()
        except (EnvironmentFault, psycopg.OperationalError) as error:
            if time.monotonic() > deadline:
                raise EnvironmentFault(
                    "a private server does not come back after a fault",
                    observed=" ".join(str(error).split()),
                    next_step=f"read {cluster.log}",
                ) from error
        else:
            return
        pause.wait(_POLL_S)


def _private_cluster(server: Server) -> Cluster:
    if server.data_dir is not None:
        cluster = Cluster.known(server.data_dir.parent)
        if cluster.disposal.exists():
            return cluster
    raise UsageError("faults strike only at a private server, which nobody else uses")


def _resume(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.resume()


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
