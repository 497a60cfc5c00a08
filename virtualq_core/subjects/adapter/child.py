"""A process that is spoken to in lines, that cannot keep us waiting, and that never outlives us unnoticed."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
import weakref
from contextlib import suppress
from threading import RLock
from typing import IO, TYPE_CHECKING, cast

from virtualq_core.subjects.adapter.message import show

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LINE_BYTES = 16 * 1024 * 1024
"""How long an answer may be."""
_CHUNK = 64 * 1024
_TAIL_BYTES = 4096
_TAIL_LINES = 10
_LAST_WORDS_S = 1.0
_NOTHING = memoryview(b"")


class NoAnswer(Exception):
    """There is no line to be had from the process; `observed` says what there was instead."""

    def __init__(self, observed: str) -> None:
        super().__init__(observed)
        self.observed = observed


class Child:
    """
    A child process, in a session of its own so that a Ctrl-C comes to it by way of us.

    Whatever goes wrong, an interrupt included, ends the process and all that it started; so does the end of the
    interpreter. One thread speaks to it at a time; any may end it.

    Raises:
        OSError: the command cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._process = process
        streams = (process.stdin, process.stdout, process.stderr)
        self._stdin, self._stdout, self._stderr = (cast("IO[bytes]", stream) for stream in streams)
        self._received = bytearray()
        self._tail = bytearray()
        self._selector = selectors.DefaultSelector()
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._turn = RLock()
        self._end = weakref.finalize(self, _end, process, self._selector)

    @property
    def pid(self) -> int:
        """The process, whether it still runs or not."""
        return self._process.pid

    @property
    def stderr_tail(self) -> str:
        """The last lines that it wrote to its standard error."""
        lines = bytes(self._tail).decode("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def exchange(self, line: bytes, timeout_s: float) -> bytes:
        """
        Send a line, wait for the one that it is answered with.

        Raises:
            NoAnswer: it ended, stayed silent for so long, or said something else than one line; it is gone then.
        """
        with self._turn:
            try:
                return self._exchange(line, timeout_s)
            except BaseException:
                self.kill()
                raise

    def finish(self, timeout_s: float) -> None:
        """
        Close its input and wait for it to end by itself.

        Raises:
            NoAnswer: it said more, or still ran after that time; it is gone in any case.
        """
        with self._turn:
            try:
                self._stdin.close()
                self._read_until_silent(time.monotonic() + timeout_s)
                if self._received:
                    raise NoAnswer(f"one line too many: {_shown(self._received)}")
                if self._is_open(self._stdout):
                    raise NoAnswer(f"that it still ran {timeout_s:g} s after its input had ended")
            finally:
                self.kill()

    @property
    def is_busy(self) -> bool:
        """Another thread is at an exchange."""
        if not self._turn.acquire(blocking=False):
            return True
        self._turn.release()
        return False

    def kill(self) -> None:
        """End it at once, and all that it started; it is reaped. Another thread's exchange ends without an answer."""
        if self._end.alive:
            _signal(self._process)
        with self._turn:
            self._end()

    def _exchange(self, line: bytes, timeout_s: float) -> bytes:
        if not self._end.alive:
            raise NoAnswer("that it was ended")
        deadline = time.monotonic() + timeout_s
        self._step(time.monotonic())
        if self._received:
            raise NoAnswer(f"a line that nobody asked for: {_shown(self._received)}")
        unsent = memoryview(line)
        while True:
            end = self._received.find(b"\n")
            if end >= 0 and not unsent:
                break
            if end >= 0:
                raise NoAnswer(f"a line before it had read the request: {_shown(self._received)}")
            if len(self._received) > MAX_LINE_BYTES:
                raise NoAnswer(f"a line of more than {MAX_LINE_BYTES} bytes: {_shown(self._received)}")
            if not self._is_open(self._stdout):
                raise NoAnswer(self._last_words())
            if time.monotonic() >= deadline:
                half = f", but half a line: {_shown(self._received)}" if self._received else ""
                raise NoAnswer(f"no answer within {timeout_s:g} s{half}")
            unsent = self._step(deadline, unsent)
        answer = bytes(self._received[:end])
        del self._received[: end + 1]
        if self._received:
            raise NoAnswer(f"more than one line; after the first: {_shown(self._received)}")
        return answer

    def _step(self, deadline: float, unsent: memoryview[int] = _NOTHING) -> memoryview[int]:
        """Wait until something can be read or sent, and do so; what is still to be sent."""
        if unsent:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            ready = [key.fileobj for key, _ in self._selector.select(max(0.0, deadline - time.monotonic()))]
        finally:
            if unsent:
                self._selector.unregister(self._stdin)
        for stream in ready:
            if stream is self._stdin:
                try:
                    unsent = unsent[os.write(self._stdin.fileno(), unsent[:_CHUNK]) :]
                except BrokenPipeError:
                    unsent = _NOTHING  # its output has ended, too, or is about to
            elif stream is self._stdout:
                self._received += self._read(self._stdout.fileno(), stream)
            else:
                self._tail += self._read(self._stderr.fileno(), stream)
                del self._tail[:-_TAIL_BYTES]
        return unsent

    def _read(self, descriptor: int, stream: object) -> bytes:
        with suppress(BlockingIOError):
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                self._selector.unregister(stream)  # type: ignore[arg-type]
            return chunk
        return b""

    def _is_open(self, stream: object) -> bool:
        return stream in {key.fileobj for key in self._selector.get_map().values()}

    def _read_until_silent(self, deadline: float) -> None:
        while self._selector.get_map() and time.monotonic() < deadline:
            self._step(deadline)

    def _last_words(self) -> str:
        """How it ended, once its output has."""
        self._read_until_silent(time.monotonic() + _LAST_WORDS_S)
        half = f" after half a line: {_shown(self._received)}" if self._received else ""
        try:
            status = self._process.wait(_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            return f"that it closed its output{half}"
        if status < 0:
            return f"that {signal.Signals(-status).name} ended it{half}"
        return f"that it ended with status {status}{half}"


def _signal(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> None:
    _signal(process)
    process.wait()
    selector.close()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()


def _shown(received: bytearray) -> str:
    return show(bytes(received[:_CHUNK]))
