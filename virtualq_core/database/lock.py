"""
Advisory locks on files, which the kernel releases when their holder is gone, however it went.

`flock` belongs to the open file description: a process that inherits the descriptor holds the lock as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Self

from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S = 0.02


class FileLock:
    """
    A lock on one file; made when opened, unless `make` is false, and never removed: removing it would make two of it.

    Raises:
        OSError: the file cannot be opened, or is not there and not to be made.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0), 0o600)

    @property
    def fd(self) -> int:
        """The descriptor, to be handed to a child."""
        return self._fd

    def attempt(self, *, shared: bool = False) -> bool:
        """Take the lock if that is possible at once."""
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def take(self, *, shared: bool = False, timeout_s: float, waiting_for: str) -> None:
        """
        Take the lock within `timeout_s`.

        Raises:
            EnvironmentFault: somebody else held it all the time; `waiting_for` says what for.
        """
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not self.attempt(shared=shared):
            if time.monotonic() > deadline:
                raise EnvironmentFault(
                    f"another process {waiting_for} and did not come to an end",
                    observed=f"waited {timeout_s:.0f} s for {self.path}",
                    next_step=f"find it (fuser {self.path}) and end it",
                )
            pause.wait(_POLL_S)

    def note(self, text: str) -> None:
        """Leave a word for those who find the lock taken."""
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def read_note(self) -> str:
        """The word that the holder left."""
        return os.pread(self._fd, 1024, 0).decode(errors="replace")

    def wait(self) -> None:
        """Take the lock alone, however long that takes; the kernel wakes the caller."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go; a lock that a child inherited stays until the child closes it too."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
