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


def begin_blocked(watcher: Actor, waiting: Actor | int, run: Callable[[], _Answer]) -> Future[_Answer]:
    """
    Begin `run`, which uses the connection of `waiting` (or of that server process), in a thread.

    Its answer to come is returned once it waits for a lock.

    Raises:
        NotAsRequired: it came to its end, or half a minute passed, without it waiting.
    """
    answer = _begin(run)
    if not _is_blocked(watcher, waiting, answer):
        raise NotAsRequired(f"that it did not wait ({answer.exception() or answer.result()})", "it to wait for a lock")
    return answer


def begin_meanwhile(watcher: Actor, waiting: Actor | int, run: Callable[[], _Answer]) -> Future[_Answer]:
    """Begin `run`, which uses that connection, in a thread; its answer to come, once it waits for a lock or has it."""
    answer = _begin(run)
    _is_blocked(watcher, waiting, answer)
    return answer


def answer_unblocked(watcher: Actor, waiting: Actor | int, run: Callable[[], _Answer]) -> _Answer:
    """
    The answer of `run`, which uses that connection and must not wait for a lock.

    Raises:
        NotAsRequired: it waits; it goes on when the caller lets go of what it waits for.
    """
    answer = _begin(run)
    if _is_blocked(watcher, waiting, answer):
        raise NotAsRequired("that it waits for a lock", "it not to wait")
    return answer.result()


def _begin(run: Callable[[], _Answer]) -> Future[_Answer]:
    pool = ThreadPoolExecutor(1)
    answer = pool.submit(run)
    pool.shutdown(wait=False)
    return answer


def _is_blocked(watcher: Actor, waiting: Actor | int, answer: Future[_Answer]) -> bool:
    """Whether it waits for a lock, rather than being done, as soon as one of the two is so."""
    pause = Event()
    pid = waiting if isinstance(waiting, int) else waiting.connection.info.backend_pid
    for _ in range(int(_PATIENCE_S / _POLL_S)):
        if watcher.value(_SQL["is_blocked"], pid=pid):
            return True
        if answer.done():
            return False
        pause.wait(_POLL_S)
    raise NotAsRequired("that it neither waited for a lock nor came to its end for half a minute", "one of the two")
