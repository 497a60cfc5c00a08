"""
What can happen to a server while clients work.

Signals go to processes that are known for children of the private server's postmaster, and to that postmaster; no other
server's are touched.
"""

from __future__ import annotations

import contextlib
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Timer
from typing import TYPE_CHECKING

import psutil
import psycopg

from virtualq_core import content
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.provider import restart
from virtualq_core.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

    from virtualq_core.conformance.crash.proxy import Proxy
    from virtualq_core.conformance.traffic.storm import Storm
    from virtualq_core.database.server import Database, Server

_SQL = content.beside(__file__, "fault.sql")
_WATCHER = "virtualq watcher"
_POLL_S = 0.005
_PATIENCE_S = 30.0
_RECOVERY_S = 60.0
_SEARCH_S = 3.0
_LONGEST_STOP_S = 2.0  # a stopped process may hold what the whole server needs; that must not last
_LOST_SHARE = 0.15
_WHILE_LOSING = 40


@dataclass(frozen=True)
class Scene:
    """Where a fault strikes: clients at work in a database on a private server, with a proxy that they may go by."""

    database: Database
    storm: Storm
    proxy: Proxy
    chance: random.Random


@dataclass(frozen=True)
class Fault:
    """
    Something that happens.

    `strike` lets it happen and returns what it hit: sessions, holders of a lock, or answers. `ends_server` says that
    the server loses its memory and has to recover from its log, `is_on_the_way` that it happens to answers at a proxy.
    """

    name: str
    strike: Callable[[Scene], int]
    ends_server: bool = False
    is_on_the_way: bool = False


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


def await_service(server: Server) -> None:
    """
    Bring a private server back that has gone, and wait until it answers; the first start after a kill may fail.

    Raises:
        EnvironmentFault: it does not answer within a minute.
    """
    cluster, pause, deadline = _private_cluster(server), Event(), time.monotonic() + _RECOVERY_S
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


def end_sessions(scene: Scene) -> int:
    """`pg_terminate_backend` of half of the clients."""
    with _watch(scene.database) as watcher:
        pids = [pid for (pid,) in watcher.execute(_SQL["list_clients"].sql)]
        chosen = scene.chance.sample(pids, (len(pids) + 1) // 2)
        for pid in chosen:
            watcher.execute(_SQL["end_session"].sql, {"pid": pid})
    _await_gone(chosen)
    return len(chosen)


def kill_backend(scene: Scene) -> int:
    """SIGKILL of one client's backend: the postmaster ends all sessions and recovers from the log."""
    with _watch(scene.database) as watcher:
        pids = [pid for (pid,) in watcher.execute(_SQL["list_clients"].sql)]
        for victim in _backends(scene.database.server, scene.chance.sample(pids, len(pids))):
            victim.kill()
            _await_gone([*pids, watcher.info.backend_pid])
            return 1
    return 0


def stop_holder_and_continue(scene: Scene) -> int:
    """SIGSTOP of a backend that holds a lock which somebody waits for; then it goes on."""
    with _watch(scene.database) as watcher, _stopped_holder(scene, watcher) as holder:
        return int(holder is not None)


def stop_holder_and_end(scene: Scene) -> int:
    """The same, and it is told to end before it goes on."""
    with _watch(scene.database) as watcher, _stopped_holder(scene, watcher) as holder:
        if holder is None:
            return 0
        watcher.execute(_SQL["end_session"].sql, {"pid": holder.pid})
    _await_gone([holder.pid])
    return 1


def stop_at_once(scene: Scene) -> int:
    """What `pg_ctl stop -m immediate` does: no session is waited for, nothing is written down."""
    return _end_server(scene, signal.SIGQUIT)


def kill_postmaster(scene: Scene) -> int:
    """SIGKILL of the postmaster: the others notice, and go."""
    return _end_server(scene, signal.SIGKILL)


def lose_answers(scene: Scene) -> int:
    """The server commits, and some of the answers do not arrive."""
    before = scene.proxy.lost
    with scene.proxy.losing(lambda: scene.chance.random() < _LOST_SHARE):
        scene.storm.wait_for(_WHILE_LOSING, _PATIENCE_S)
    return scene.proxy.lost - before


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("ended sessions", end_sessions),
        Fault("killed backend", kill_backend, ends_server=True),
        Fault("stopped holder", stop_holder_and_continue),
        Fault("immediate stop", stop_at_once, ends_server=True),
        Fault("ended holder", stop_holder_and_end),
        Fault("killed postmaster", kill_postmaster, ends_server=True),
        Fault("lost answers", lose_answers, is_on_the_way=True),
    )
}
"""All of them, in the order in which a campaign takes its turns."""


def _private_cluster(server: Server) -> Cluster:
    if server.data_dir is not None:
        cluster = Cluster.known(server.data_dir.parent)
        if cluster.disposal.exists():
            return cluster
    raise UsageError("faults strike only at a private server, which nobody else uses")


@contextmanager
def _watch(database: Database) -> Iterator[psycopg.Connection]:
    connection = database.connect(application_name=_WATCHER)
    try:
        yield connection
    finally:
        connection.close()


def _backends(server: Server, pids: list[int]) -> Iterator[psutil.Process]:
    """Those that are still children of the postmaster."""
    parent = postmaster(server).pid
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.ppid() == parent:
                yield process


def _end_server(scene: Scene, how: signal.Signals) -> int:
    with _watch(scene.database) as watcher:
        pids = [pid for (pid,) in watcher.execute(_SQL["list_clients"].sql)]
        parent = postmaster(scene.database.server)
        parent.send_signal(how)
        _await_gone([parent.pid, *pids])
    return len(pids)


@contextmanager
def _stopped_holder(scene: Scene, watcher: psycopg.Connection) -> Iterator[psutil.Process | None]:
    """Stop somebody who holds a lock that is waited for, if one can be caught; he goes on at the end."""
    deadline = time.monotonic() + _SEARCH_S
    while time.monotonic() < deadline:
        holders = [pid for (pid,) in watcher.execute(_SQL["list_holders"].sql)]
        for process in _backends(scene.database.server, holders):
            with _stopped(process) as is_stopped:
                if process.pid in {pid for (pid,) in watcher.execute(_SQL["list_holders"].sql)} and is_stopped():
                    yield process
                    return
    yield None


@contextmanager
def _stopped(process: psutil.Process) -> Iterator[Callable[[], bool]]:
    """Stop a process, for two seconds at most; whether it still is."""
    alarm = Timer(_LONGEST_STOP_S, _resume, [process])
    alarm.daemon = True
    process.suspend()
    alarm.start()
    try:
        yield alarm.is_alive
    finally:
        alarm.cancel()
        _resume(process)


def _resume(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.resume()


def _await_gone(pids: list[int]) -> None:
    """
    Wait until none of these processes runs.

    Raises:
        EnvironmentFault: one still does after half a minute.
    """
    deadline, pause = time.monotonic() + _PATIENCE_S, Event()
    while any(_is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise EnvironmentFault("processes of a private server outlive a fault", observed=f"pids {pids}")
        pause.wait(_POLL_S)


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
