"""One operation of one client in a thread: watched while it waits for somebody, and asked how it ended."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Generic, TypeVar

from virtualq_core.conformance.expectation import Inconclusive
from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.outcome import read_ending
from virtualq_core.subjects.adapter import NotOffered

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.crash.process import Watcher
    from virtualq_core.subjects import Subject, SubjectSession

_Answer = TypeVar("_Answer")
_PATIENCE_S = 30.0
_POLL_S = 0.005


class Errand(Generic[_Answer]):
    """`send`, on a session of its own that is opened for it by way of `dsn` and closed afterwards; begins at once."""

    def __init__(self, subject: Subject, dsn: str, send: Callable[[SubjectSession], _Answer]) -> None:
        self._subject = subject
        self._dsn = dsn
        self._send = send
        pool = ThreadPoolExecutor(1)
        self._answer = pool.submit(self._run)
        pool.shutdown(wait=False)

    def await_rivalry(self, watcher: Watcher, holder: int) -> int:
        """
        Wait until it waits for a lock of the backend `holder`; the process id of its own backend.

        Raises:
            Inconclusive: it came to an end, or half a minute passed, without it waiting.
        """
        deadline, pause = time.monotonic() + _PATIENCE_S, Event()
        while not (rivals := watcher.rivals(holder)):
            if self._answer.done() or time.monotonic() > deadline:
                said = repr(self._answer.exception() or self.result()) if self._answer.done() else "no answer"
                raise Inconclusive(f"that it did not wait ({said})", "it to wait for who holds the ticket")
            pause.wait(_POLL_S)
        return rivals[0]

    def result(self) -> _Answer:
        """What was answered, or what was raised."""
        return self._answer.result(_PATIENCE_S)

    def told(self) -> str:
        """
        What the client knows of its operation: `ok`, `refused`, `failed` or `unknown`.

        Raises:
            NotOffered: the subject does not have it.
        """
        error = self._answer.exception(_PATIENCE_S)
        if isinstance(error, NotOffered):
            raise error
        return (Outcome.OK if error is None else read_ending(error).outcome).name.lower()

    def _run(self) -> _Answer:
        session = self._subject.open(self._dsn)
        try:
            return self._send(session)
        finally:
            with contextlib.suppress(Exception):  # a session without its connection has nothing to close
                session.__exit__(None, None, None)
