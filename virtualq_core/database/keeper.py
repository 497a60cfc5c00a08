"""
The keeper: a detached process that starts the server and stops it when the last harness is gone.

Every harness holds a shared lock on the cluster's `lease`. The keeper waits for the exclusive one, so the kernel wakes
it when no harness is left, whether the last one ended or was killed. It starts the server itself, so that a harness
that is killed half way leaves no start without somebody to end it: it inherits the harness's locks, and nobody else
starts, stops or takes the cluster for whole before it is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core.database.child import search_path
from virtualq_core.database.cluster import Cluster
from virtualq_core.database.lock import FileLock
from virtualq_core.errors import EnvironmentFault, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCK_NAME = "keeper.lock"
LEASE_NAME = "lease"
_ANSWER_S = 900


def spawn(cluster: Cluster, start: FileLock, lease: FileLock) -> None:
    """
    Start a keeper that inherits the two locks, and return when it has the server running.

    Raises:
        EnvironmentFault: the server does not start, or the keeper died.
    """
    reading, writing = os.pipe()
    try:
        _launch(cluster, (start.fd, lease.fd, writing))
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], _ANSWER_S)
        answer = pipe.read() if ready else b""
    _raise_unless_ready(cluster, answer)


def _launch(cluster: Cluster, descriptors: tuple[int, int, int]) -> None:
    with (cluster.folder / "keeper.log").open("ab") as log:
        # It forks and its first process ends at once: the keeper is no child of the harness.
        done = subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                __name__,
                cluster.folder,
                *map(str, descriptors),
            ],
            env={**os.environ, "PYTHONPATH": search_path()},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=descriptors,
            check=False,
        )
    if done.returncode != 0:
        raise EnvironmentFault(
            "the embedded server's keeper does not start", next_step=f"read {cluster.folder / 'keeper.log'}"
        )


def _raise_unless_ready(cluster: Cluster, answer: bytes) -> None:
    if not answer:
        raise EnvironmentFault(
            "the embedded server's keeper was ended before the server ran",
            next_step=f"run again; its log is {cluster.folder / 'keeper.log'}",
        )
    told = json.loads(answer)
    if told:
        code = told.pop("code")
        fault = EnvironmentFault(**told)
        fault.code = code
        raise fault


def main(arguments: Sequence[str]) -> None:
    """The keeper's life: start the server, tell the harness, let go of its locks, wait, stop the server."""
    folder, *descriptors = arguments
    if os.fork():
        os._exit(0)
    start_fd, lease_fd, report_fd = map(int, descriptors)
    cluster = Cluster.known(Path(folder))
    own = FileLock(cluster.folder / LOCK_NAME)
    is_keeper = own.attempt()
    if is_keeper:
        own.note(process_space())
    answer = _start(cluster)
    with contextlib.suppress(BrokenPipeError):
        os.write(report_fd, json.dumps(answer).encode())
    for descriptor in (report_fd, start_fd, lease_fd):
        os.close(descriptor)
    if is_keeper:
        _keep(cluster, own)


def process_space() -> str:
    """A name for the processes that can see one another; containers that share a folder do not."""
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return "one"


def _start(cluster: Cluster) -> dict[str, str | None]:
    """Start the server; empty, or what to tell the harness."""
    try:
        cluster.start()
    except VirtualQError as error:
        told = {name: getattr(error, name) for name in ("code", "what", "observed", "expected", "next_step")}
        return {name: None if value is None else str(value) for name, value in told.items()}
    except Exception as error:  # noqa: BLE001 -- nobody else would hear of it
        traceback.print_exc()
        return {"code": EnvironmentFault.code, "what": "the server's keeper failed", "observed": repr(error)}
    return {}


def _keep(cluster: Cluster, own: FileLock) -> None:
    with FileLock(cluster.folder / LEASE_NAME) as lease:
        lease.wait()
        try:
            if not cluster.pin.exists():
                cluster.stop()
            if cluster.disposal.exists():
                cluster.dispose()
        finally:
            # Before the lease: the harness that takes the lease next must see that there is no keeper.
            own.close()


if __name__ == "__main__":
    main(sys.argv[1:])
