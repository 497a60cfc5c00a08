"""What can happen to a server while clients work."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.conformance.crash.process import Watcher, await_gone, backends, postmaster, stopped

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

    import psutil

    from virtualq_core.conformance.crash.proxy import Proxy
    from virtualq_core.conformance.traffic.storm import Storm
    from virtualq_core.database.server import Database

_PATIENCE_S = 60.0
_SEARCH_S = 3.0
_LOST_SHARE = 0.25
_LOST_ANSWERS = 6
_WRITES_BETWEEN_LOOKS = 8


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

    `strike` lets it happen and returns how many it hit: sessions, holders of a lock, or answers. `ends_server` says
    that the server loses its memory and has to recover from its log, `is_on_the_way` that answers are hit at a proxy.
    """

    name: str
    strike: Callable[[Scene], int]
    ends_server: bool = False
    is_on_the_way: bool = False


def end_sessions(scene: Scene) -> int:
    """`pg_terminate_backend` of half of the clients."""
    with Watcher(scene.database) as watcher:
        pids = watcher.clients()
        chosen = scene.chance.sample(pids, (len(pids) + 1) // 2)
        for pid in chosen:
            watcher.end(pid)
    await_gone(chosen)
    return len(chosen)


def kill_backend(scene: Scene) -> int:
    """SIGKILL of one client's backend: the postmaster ends all sessions and recovers from the log."""
    with Watcher(scene.database) as watcher:
        pids = watcher.clients()
        for victim in backends(scene.database.server, scene.chance.sample(pids, len(pids))):
            victim.kill()
            await_gone(pids)
            return 1
    return 0


def stop_holder_and_continue(scene: Scene) -> int:
    """SIGSTOP of a backend that holds a lock which somebody waits for; then it goes on."""
    with Watcher(scene.database) as watcher, _stopped_holder(scene, watcher) as holder:
        return int(holder is not None)


def stop_holder_and_end(scene: Scene) -> int:
    """The same, and it is told to end before it goes on."""
    with Watcher(scene.database) as watcher, _stopped_holder(scene, watcher) as holder:
        if holder is None:
            return 0
        watcher.end(holder.pid)
    await_gone([holder.pid])
    return 1


def stop_at_once(scene: Scene) -> int:
    """What `pg_ctl stop -m immediate` does: no session is waited for, nothing is written down."""
    return _end_server(scene, signal.SIGQUIT)


def kill_postmaster(scene: Scene) -> int:
    """SIGKILL of the postmaster: the others notice, and go."""
    return _end_server(scene, signal.SIGKILL)


def lose_answers(scene: Scene) -> int:
    """The server commits, and some of the answers do not arrive."""
    before, deadline = scene.proxy.lost, time.monotonic() + _PATIENCE_S
    with scene.proxy.losing(lambda: scene.chance.random() < _LOST_SHARE):
        while scene.proxy.lost - before < _LOST_ANSWERS and time.monotonic() < deadline:
            scene.storm.wait_for(_WRITES_BETWEEN_LOOKS, _PATIENCE_S)
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


def _end_server(scene: Scene, how: signal.Signals) -> int:
    parent = postmaster(scene.database.server)
    with Watcher(scene.database) as watcher:
        pids = watcher.clients()
        parent.send_signal(how)
        await_gone([parent.pid, *pids])
    return len(pids)


@contextmanager
def _stopped_holder(scene: Scene, watcher: Watcher) -> Iterator[psutil.Process | None]:
    """Stop somebody who holds a lock that is waited for, if one can be caught; he goes on at the end."""
    deadline = time.monotonic() + _SEARCH_S
    while time.monotonic() < deadline:
        for process in backends(scene.database.server, watcher.holders()):
            with stopped(process) as is_stopped:
                if watcher.rivals(process.pid) and is_stopped():
                    yield process
                    return
    yield None
