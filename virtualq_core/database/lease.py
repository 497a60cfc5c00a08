"""
Who uses an embedded cluster: while a process holds its lease, the server runs and is not stopped under it.

The order of locks is: `start.lock`, then `lease`, then `keeper.lock`.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtualq_core.database import keeper
from virtualq_core.database.lock import FileLock
from virtualq_core.errors import EnvironmentFault, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.cluster import Cluster, Postmaster

_WAIT_S = 300
_ATTEMPTS = 3


@contextmanager
def hold(cluster: Cluster) -> Iterator[Postmaster]:
    """
    Use the cluster's server: started if it does not run, adopted if it does, stopped by a keeper after the last user.

    Raises:
        EnvironmentFault: it does not start, or another process hangs while starting or stopping it.
    """
    with FileLock(cluster.folder / keeper.LEASE_NAME) as lease:
        with _starting(cluster) as start:
            lease.take(shared=True, timeout_s=_WAIT_S, waiting_for="is stopping the embedded server")
            server = _ensure(cluster, start, lease)
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
        if not lease.attempt() and not is_forced:
            raise EnvironmentFault(
                f"cannot {purpose} the embedded server: another process uses it",
                next_step="wait for it to end, or add --force, which ends its sessions",
            )
        yield


def is_in_use(cluster: Cluster) -> bool:
    """Whether any process holds the lease now."""
    with FileLock(cluster.folder / keeper.LEASE_NAME) as lease:
        return not lease.attempt()


@contextmanager
def _starting(cluster: Cluster) -> Iterator[FileLock]:
    with FileLock(cluster.folder / "start.lock") as start:
        start.take(timeout_s=_WAIT_S, waiting_for="is starting the embedded server")
        yield start


def _ensure(cluster: Cluster, start: FileLock, lease: FileLock) -> Postmaster:
    """The ready server, with a keeper; whoever calls holds both locks."""
    for _ in range(_ATTEMPTS):
        server = cluster.postmaster()
        if server is not None and server.is_ready and _has_keeper(cluster):
            return server
        keeper.spawn(cluster, start, lease)
        server = cluster.postmaster()
        if server is not None:
            return server
    raise EnvironmentFault("the embedded server ends as soon as it has started", next_step=f"read {cluster.log}")


def _has_keeper(cluster: Cluster) -> bool:
    with FileLock(cluster.folder / keeper.LOCK_NAME) as lock:
        return not lock.attempt()


def _replace_lost_keeper(cluster: Cluster, lease: FileLock) -> None:
    """Leave no server without a keeper behind, where ours was killed meanwhile."""
    with FileLock(cluster.folder / "start.lock") as start, contextlib.suppress(VirtualQError):
        # Whoever is starting sees to a keeper itself.
        if start.attempt() and cluster.postmaster() is not None and not _has_keeper(cluster):
            keeper.spawn(cluster, start, lease)
