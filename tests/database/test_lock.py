"""Locks on files: the kernel's, so nobody can forget to let go."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from virtualq_core.database.lock import FileLock
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path


def test_a_shared_lock_keeps_out_the_exclusive_and_not_the_shared(tmp_path: Path) -> None:
    """Many harnesses use a server; none stops it meanwhile."""
    path = tmp_path / "lock"
    with FileLock(path) as first, FileLock(path) as second, FileLock(path) as alone:
        assert first.attempt(shared=True)
        assert second.attempt(shared=True)
        assert not alone.attempt()

        first.close()
        second.close()

        assert alone.attempt()


def test_waiting_ends_in_a_clear_error(tmp_path: Path) -> None:
    """A process that hangs must not hang others for ever."""
    path = tmp_path / "lock"
    with FileLock(path) as holder, FileLock(path) as other:
        holder.attempt()

        with pytest.raises(EnvironmentFault, match=r"another process is starting the server .*\n.*fuser"):
            other.take(timeout_s=0.05, waiting_for="is starting the server")


def test_whoever_waits_is_woken_by_the_holders_end(tmp_path: Path) -> None:
    """Without looking again and again."""
    path = tmp_path / "lock"
    woken = threading.Event()
    with FileLock(path) as holder, FileLock(path) as other:
        holder.attempt()

        def wait() -> None:
            other.wait()
            woken.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not woken.is_set()

        holder.close()

        assert woken.wait(10)
        waiting.join()


def test_a_word_is_left_for_those_who_find_it_taken(tmp_path: Path) -> None:
    """The last one counts, however long the one before was."""
    with FileLock(tmp_path / "lock") as holder, FileLock(tmp_path / "lock") as other:
        holder.note("a long word")
        holder.note("word")

        assert other.read_note() == "word"
