"""
How greenlets wait for the server, and for how long.

psycopg waits by Python's selectors where gevent has patched them: a poll object and a timer for every answer. Here the
greenlet waits on a watcher of gevent's own loop, and the time goes to its account. Imported by `user` and `turn` alone,
whose processes have patched the standard library.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import psycopg.waiting
from gevent import get_hub, getcurrent

if TYPE_CHECKING:
    from psycopg.abc import PQGen

_TIMER_SLACK = Path("/proc/self/timerslack_ns")
_ACCOUNT = "virtualq_waited_ns"
_psycopg_wait = psycopg.waiting.wait


def install() -> None:
    """
    Make psycopg wait like this; its connections look the function up at each call.

    Where the kernel lets a process say how late its timers may be (Linux: 50 µs unless told), it is told not to be.
    """
    with contextlib.suppress(OSError):
        _TIMER_SLACK.write_text("1", encoding="ascii")
    psycopg.waiting.wait = wait  # type: ignore[assignment]  # it returns what the generator does


def waited_ns() -> int:
    """How long the present greenlet has waited for servers so far."""
    waited: int = getattr(getcurrent(), _ACCOUNT, 0)
    return waited


def wait(generator: PQGen[Any], fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:  # noqa: ANN401
    """As `psycopg.waiting.wait`, without its look for signals every `interval`: gevent's loop takes care of them."""
    if timeout is not None:
        return _psycopg_wait(generator, fileno, interval, timeout)
    hub, greenlet = get_hub(), getcurrent()
    try:
        wanted = next(generator)
        while True:
            watcher = hub.loop.io(fileno, int(wanted))
            begin = perf_counter_ns()
            try:
                hub.wait(watcher)
            finally:
                watcher.close()
            setattr(greenlet, _ACCOUNT, getattr(greenlet, _ACCOUNT, 0) + perf_counter_ns() - begin)
            wanted = generator.send(wanted)
    except StopIteration as done:
        return done.value
