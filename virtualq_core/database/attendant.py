"""
An attendant: runs a program for as long as the harness lives, ends it, and deletes what it needed.

Its standard input is a pipe that nobody writes to; the harness holds the other end. When that is closed, the harness is
done or gone, however it went, and so must the program be. Both ways are the same one, so the way that matters after a
SIGKILL is taken at the end of every run. The attendant itself gives up after a time that it is told.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from virtualq_core.database.account import Account
from virtualq_core.database.child import search_path
from virtualq_core.database.lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

LOG = "log"
_LOCK = "lock"
_POLL_S = 0.1
_PATIENCE_S = (0.5, 2.0)
_GONE_S = 20.0
_SAID_BYTES = 4000


class Attended:
    """
    A running program with its attendant. A context manager; leaving it ends both.

    The program works in `folder`, writes what it says into the file `log` there, and runs as `account`. The folder is
    deleted with it.
    """

    def __init__(self, command: Sequence[str | Path], folder: Path, account: Account, *, limit_s: float) -> None:
        told = {"command": [str(part) for part in command], "folder": str(folder), "limit_s": limit_s}
        with FileLock(folder / _LOCK) as lock:
            lock.attempt()  # the attendant inherits it, and holds it for as long as it lives
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, json.dumps({**told, "account": asdict(account)})],
                env={**os.environ, "PYTHONPATH": search_path()},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[lock.fd],
                text=True,
                errors="replace",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def has_ended(self) -> bool:
        """Whether the program is gone, by itself or by its attendant."""
        return self._process.poll() is not None

    def close(self) -> str:
        """End the program, and return the last that it said. Closing twice is fine."""
        with self._process as process:
            if process.stdin is not None and not process.stdin.closed:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            if process.stdout is None or process.stdout.closed:
                return ""
            try:
                process.wait(_GONE_S)
            except subprocess.TimeoutExpired:
                process.kill()
            return process.stdout.read()


def sweep(home: Path) -> None:
    """End programs, and delete folders in `home`, whose attendant was killed."""
    for folder in home.glob("*/"):
        # One that is being made has no lock yet, and one that is being deleted must not get a file again.
        with contextlib.suppress(OSError), FileLock(folder / _LOCK, make=False) as lock:
            if lock.attempt():
                for process in psutil.process_iter(["cmdline"]):
                    if any(part.startswith(f"{folder}{os.sep}") for part in process.info["cmdline"] or ()):
                        with contextlib.suppress(psutil.Error):
                            process.kill()
                shutil.rmtree(folder, ignore_errors=True)


def attend(command: Sequence[str], folder: Path, account: Account, *, limit_s: float) -> int:
    """Run the program until it ends, nobody holds the pipe any more, or the time is over; its exit status."""
    deadline = time.monotonic() + limit_s
    log = folder / LOG
    try:
        with log.open("wb") as output:
            program = subprocess.Popen(
                list(command),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **account.process_options,
            )
        try:
            while program.poll() is None and time.monotonic() < deadline:
                ready, _, _ = select.select([sys.stdin], [], [], _POLL_S)
                if ready:
                    break
        finally:
            _end(program)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.write(log.read_bytes()[-_SAID_BYTES:].decode(errors="replace"))
        shutil.rmtree(folder, ignore_errors=True)
    return program.returncode


def _end(program: subprocess.Popen[bytes]) -> None:
    """Ask twice, for a program may take the first time as a wish to wait for its clients; then make it."""
    for patience_s in _PATIENCE_S:
        if program.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            program.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(patience_s)
    program.kill()
    program.wait()


def main() -> int:
    """The attendant's own process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = json.loads(sys.argv[1])
    return attend(told["command"], Path(told["folder"]), Account(**told["account"]), limit_s=told["limit_s"])


if __name__ == "__main__":
    sys.exit(main())
