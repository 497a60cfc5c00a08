"""Who has the machine's processors during a load, and how much memory the processes take that generate it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable


class Usage(NamedTuple):
    """
    Seconds of processors since the meter was made: of all that there are, of those in use, and of two users.

    `server_s` is None where the server's processes are not known. `generator_bytes` is what the processes that generate
    the load, this one aside, have in memory now.
    """

    total_s: float
    busy_s: float
    generator_s: float
    server_s: float | None
    generator_bytes: int = 0


class ProcessorMeter:
    """
    Adds up what the processes of this one (those that generate the load) and some of a server have used.

    A process that ends between two readings takes what it used since the first of them along.
    """

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._known_s: dict[int, float] = {}
        self._generator_s = self._server_s = 0.0
        self._begin = _machine_s()

    def read(self, server_pids: Iterable[int] | None = None) -> Usage:
        """The seconds so far; `server_pids` are processes of the server, where it runs on this machine."""
        servers = set(server_pids or ())
        generators = {one.pid: one for one in self._own.children(recursive=True) if one.pid not in servers}
        self._generator_s += sum(self._spent_s(one) for one in (self._own, *generators.values()))
        self._server_s += sum(self._spent_s(pid) for pid in servers)
        living = servers | {*generators, self._own.pid}
        self._known_s = {pid: spent_s for pid, spent_s in self._known_s.items() if pid in living}
        total_s, busy_s = _machine_s()
        server_s = None if server_pids is None else self._server_s
        resident = sum(_resident_bytes(one) for one in generators.values())
        return Usage(total_s - self._begin[0], busy_s - self._begin[1], self._generator_s, server_s, resident)

    def _spent_s(self, process: psutil.Process | int) -> float:
        """What it used since it was last looked at; nothing at the first look."""
        try:
            found = psutil.Process(process) if isinstance(process, int) else process
            times = found.cpu_times()
        except psutil.Error:
            return 0.0
        spent = times.user + times.system
        before = self._known_s.get(found.pid, spent)
        self._known_s[found.pid] = spent
        return max(0.0, spent - before)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _machine_s() -> tuple[float, float]:
    times = psutil.cpu_times()
    # Linux counts the time of guests as its user's already.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total, total - times.idle - getattr(times, "iowait", 0.0)
