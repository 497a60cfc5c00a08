"""Several clients at once, each in a thread with a connection of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TYPE_CHECKING, TypeVar

from virtualq_core import content
from virtualq_core.conformance.expectation import NotAsRequired

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from virtualq_core.conformance.world import Actor

_SQL = content.beside(__file__, "race.sql")
_PATIENCE_S = 30.0
_POLL_S = 0.005
_Answer = TypeVar("_Answer")


def race(contenders: int, run: Callable[[int, Callable[[], object]], _Answer]) -> list[_Answer]:
    """
    Run `run(number, ready)` for each contender in a thread; the answers, by number.

    Each calls `ready` when it has connected, and goes on when all have. The first error of one is raised.
    """
    barrier = Barrier(contenders, timeout=_PATIENCE_S)
    with ThreadPoolExecutor(contenders) as pool:
        answers = [pool.submit(run, number, barrier.wait) for number in range(contenders)]
        return [answer.result(_PATIENCE_S) for answer in answers]


def begin_blocked(watcher: Actor, waiting: Actor, run: Callable[[], _Answer]) -> Future[_Answer]:
    """
    Begin `run`, which uses the connection of `waiting`, in a thread; its answer to come, once it waits for a lock.

    Raises:
        NotAsRequired: it came to its end, or half a minute passed, without it waiting.
    """
    pool = ThreadPoolExecutor(1)
    answer = pool.submit(run)
    pool.shutdown(wait=False)
    _await_blocked(watcher, waiting, answer)
    return answer


def _await_blocked(watcher: Actor, waiting: Actor, answer: Future[_Answer]) -> None:
    pause = Event()
    pid = waiting.connection.info.backend_pid
    for _ in range(int(_PATIENCE_S / _POLL_S)):
        if watcher.value(_SQL["is_blocked"], pid=pid):
            return
        if answer.done():
            raise NotAsRequired(
                f"that it did not wait ({answer.exception() or answer.result()})", "it to wait for a lock"
            )
        pause.wait(_POLL_S)
    raise NotAsRequired("that it did not wait for half a minute", "it to wait for a lock")
