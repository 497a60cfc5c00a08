"""
Who uses an embedded cluster: while a process holds its lease, the server runs and is not stopped under it.

The order of locks is: `start.lock`, then `lease`, then `keeper.lock`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtualq_core.database import keeper
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.lock import FileLock
from virtualq_core.errors import EnvironmentFault, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from virtualq_core.database.cluster import Postmaster

_WAIT_S = 300
_ATTEMPTS = 6


@contextmanager
def hold(cluster: Cluster, answers: Callable[[Postmaster], bool]) -> Iterator[Postmaster]:
    """
    Use the cluster's server: started if it does not run, adopted if it does, stopped by a keeper after the last user.

    `answers` says whether a connection succeeds; a process that was killed this moment still looks alive.

    Raises:
        EnvironmentFault: it does not start, or another process hangs while starting or stopping it.
    """
    with FileLock(cluster.folder / keeper.LEASE_NAME) as lease:
        with _starting(cluster) as start:
            lease.take(shared=True, timeout_s=_WAIT_S, waiting_for="is stopping the embedded server")
            server = _ensure(cluster, start, lease, answers)
        try:
            yield server
        finally:
            _replace_lost_keeper(cluster, lease)


@contextmanager
def alone(cluster: Cluster, *, purpose: str, is_forced: bool = False) -> Iterator[None]:
    """
    Keep every other process away from the cluster, so that its server can be stopped or its data removed.

    Raises:
        EnvironmentFault: another process uses the server, unless `is_forced`.
    """
    with _starting(cluster), FileLock(cluster.folder / keeper.LEASE_NAME) as lease:
        deadline = time.monotonic() + _WAIT_S
        pause = threading.Event()
        # Held alone by a keeper that is stopping the server, the lease cannot be shared either: that passes.
        while not lease.attempt() and not is_forced:
            if time.monotonic() < deadline and not lease.attempt(shared=True):
                pause.wait(0.02)
                continue
            raise EnvironmentFault(
                f"cannot {purpose} the embedded server: another process uses it",
                next_step="wait for it to end, or add --force, which ends its sessions",
            )
        yield


def sweep(folders: Iterable[Path]) -> None:
    """Remove private clusters that no process uses any more: their harness and their keeper were killed."""
    for folder in folders:
        # One that is being deleted must not get a file again, or its folder stays.
        with contextlib.suppress(OSError, ValueError), FileLock(folder / keeper.LEASE_NAME, make=False) as lease:
            if lease.attempt() and (folder / keeper.LOCK_NAME).exists():
                abandoned = Cluster.known(folder)
                abandoned.stop()
                abandoned.dispose()


def is_in_use(cluster: Cluster) -> bool:
    """Whether any process holds the lease now."""
    with FileLock(cluster.folder / keeper.LEASE_NAME) as lease:
        return not lease.attempt()


@contextmanager
def _starting(cluster: Cluster) -> Iterator[FileLock]:
    with FileLock(cluster.folder / "start.lock") as start:
        start.take(timeout_s=_WAIT_S, waiting_for="is starting the embedded server")
        yield start


def _ensure(cluster: Cluster, start: FileLock, lease: FileLock, answers: Callable[[Postmaster], bool]) -> Postmaster:
    """The server, answering and with a keeper; whoever calls holds both locks."""
    pause = threading.Event()
    for attempt in range(_ATTEMPTS):
        has_keeper = _has_keeper(cluster)
        server = cluster.postmaster()
        if server is None or not server.is_ready or not has_keeper:
            keeper.spawn(cluster, start, lease)
            server = cluster.postmaster()
        if server is not None and answers(server):
            return server
        pause.wait(0.05 * 2**attempt)
    raise EnvironmentFault("the embedded server ends as soon as it has started", next_step=f"read {cluster.log}")


def _has_keeper(cluster: Cluster) -> bool:
    with FileLock(cluster.folder / keeper.LOCK_NAME) as lock:
        if lock.attempt():
            return False
        if lock.read_note() not in {"", keeper.process_space()}:
            raise EnvironmentFault(
                f"the cluster in {cluster.folder} is in use from another container",
                next_step="set VIRTUALQ_CACHE_DIR to a folder that containers do not share",
            )
        return True


def _replace_lost_keeper(cluster: Cluster, lease: FileLock) -> None:
    """Leave no server without a keeper behind, where ours was killed meanwhile."""
    # Nor is anything to be done where the folder was deleted: the server notices, and ends.
    with contextlib.suppress(OSError, VirtualQError), FileLock(cluster.folder / "start.lock") as start:
        # Whoever is starting sees to a keeper itself.
        if start.attempt() and cluster.postmaster() is not None and not _has_keeper(cluster):
            keeper.spawn(cluster, start, lease)
