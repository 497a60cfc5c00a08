"""
How greenlets wait for the server, and for how long.

psycopg waits by Python's selectors where gevent has patched them: a poll object and a timer for every answer. Here the
greenlet waits on a watcher of gevent's own loop, and the time goes to its account. Imported by `user` and `turn` alone,
whose processes have patched the standard library.
"""

from __future__ import annotations

import contextlib
import weakref
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import gevent
import psycopg.waiting
from gevent import get_hub, getcurrent

if TYPE_CHECKING:
    from psycopg.abc import PQGen

_TIMER_SLACK = Path("/proc/self/timerslack_ns")
_waited_ns: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
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
    return _waited_ns.get(getcurrent(), 0)


def wait(generator: PQGen[Any], fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:  # noqa: ANN401
    """As `psycopg.waiting.wait`, without its look for signals every `interval`: gevent's loop takes care of them."""
    if timeout is not None:
        return _psycopg_wait(generator, fileno, interval, timeout)
    loop = get_hub().loop
    try:
        wanted = next(generator)
        while True:
            watcher = loop.io(fileno, int(wanted))
            begin = perf_counter_ns()
            try:
                gevent.get_hub().wait(watcher)
            finally:
                watcher.close()
            greenlet = getcurrent()
            _waited_ns[greenlet] = _waited_ns.get(greenlet, 0) + perf_counter_ns() - begin
            wanted = generator.send(wanted)
    except StopIteration as done:
        return done.value
