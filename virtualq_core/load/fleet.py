"""Locust's processes of one run: one that does it all, or a master and its workers; bounded in time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from threading import Event
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.database.child import search_path
from virtualq_core.errors import EnvironmentFault, ExitCode
from virtualq_core.load.plan import PLAN_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from virtualq_core.load.plan import LoadPlan

LOCUSTFILE = "transitions.py"
STOP_TIMEOUT_S = 20
_START_ALLOWANCE_S = 30.0
_TERMINATE_S = 5.0
_WORKER_ALLOWANCE_S = 10.0
_POLL_S = 0.05
_LAST_LINES = 3
_LOOPBACK = "127.0.0.1"
_MOST_SELECTED = 400


class LoadFailed(EnvironmentFault):
    """The load could not be generated, so nothing is known about the database."""

    code = "load-failed"


class Fleet:
    """
    A context manager: the processes run from its begin, and none is left at its end.

    `lost` names the workers that came to another end than they should have, once `wait` has returned.
    """

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.lost: list[str] = []

    def __enter__(self) -> Self:
        environment = _environment(self._plan)
        try:
            if self._plan.processes == 1:
                self._start("locust", [*_crowd(self._plan), *_headless()], environment)
                return self
            port = str(_free_port())
            workers = self._plan.processes
            expected = ("--expect-workers", str(workers), "--expect-workers-max-wait", f"{_START_ALLOWANCE_S:.0f}")
            bound = ("--master", "--master-bind-host", _LOOPBACK, "--master-bind-port", port)
            self._start("master", [*_crowd(self._plan), *_headless(), *bound, *expected], environment)
            for number in range(1, workers + 1):
                reached = ("--worker", "--master-host", _LOOPBACK, "--master-port", port)
                self._start(f"worker {number}", [*reached, "--stop-timeout", str(STOP_TIMEOUT_S)], environment)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pids(self) -> dict[str, int]:
        """The processes by what they are: `locust`, or `master`, `worker 1` and so on."""
        return {name: process.pid for name, process in self._processes.items()}

    def wait(self) -> None:
        """
        Wait until all of them are through, or the clock says that they should be.

        Raises:
            LoadFailed: the load came to no end of its own, and recorded nothing.
        """
        name, *workers = self._processes
        first = self._processes[name]
        status: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = first.wait(_START_ALLOWANCE_S + self._plan.scenario.duration_s + STOP_TIMEOUT_S)
        deadline = time.monotonic() + _WORKER_ALLOWANCE_S
        pause = Event()
        while any(self._processes[one].poll() is None for one in workers) and time.monotonic() < deadline:
            pause.wait(_POLL_S)
        self.lost = [_describe(one, self._processes[one].poll()) for one in workers if self._processes[one].poll() != 0]
        self._end()
        has_recorded = any(path.stat().st_size for path in self._plan.folder.glob("*.ops"))
        if status == ExitCode.PASSED or (has_recorded and (status is None or self.lost)):
            return
        raise LoadFailed(
            "Locust did not end in time" if status is None else f"Locust ended with status {status}",
            observed=self._last_words() or "no message",
            next_step="is the database reachable from here for that many clients?",
        )

    def _start(self, name: str, options: list[str], environment: dict[str, str]) -> None:
        locustfile = str(content.folder("loadtests") / LOCUSTFILE)
        command = [sys.executable, "-m", "locust", "--locustfile", locustfile, "--loglevel", "WARNING", *options]
        with self._log(name).open("wb") as output:
            self._processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._plan.folder,
                env=environment,
                pass_fds=() if self._plan.lifeline is None else (self._plan.lifeline,),
                start_new_session=True,
            )

    def _end(self) -> None:
        """Ask those that still run to stop, then make them; each has a process group of its own."""
        for number, patience_s in ((signal.SIGTERM, _TERMINATE_S), (signal.SIGKILL, None)):
            running = [process for process in self._processes.values() if process.poll() is None]
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(patience_s)

    def _log(self, name: str) -> Path:
        return self._plan.folder / f"{name.replace(' ', '-')}.log"

    def _last_words(self) -> str:
        lines = [
            line.strip()
            for name in self._processes
            for line in self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
            if line.strip()
        ]
        return " / ".join(lines[-_LAST_LINES:])


def _crowd(plan: LoadPlan) -> list[str]:
    clients = str(plan.scenario.clients)
    return ["--users", clients, "--spawn-rate", clients, "--stop-timeout", str(STOP_TIMEOUT_S)]


def _headless() -> list[str]:
    return ["--headless", "--only-summary"]


def _describe(name: str, status: int | None) -> str:
    if status is None:
        return f"{name} did not end"
    return f"{name} was ended by {signal.Signals(-status).name}" if status < 0 else f"{name} ended with status {status}"


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((_LOOPBACK, 0))
        port: int = trial.getsockname()[1]
        return port


def _environment(plan: LoadPlan) -> dict[str, str]:
    """
    The caller's, without settings for Locust that are not meant for this run.

    gevent's timers are as exact as what its loop waits by: `epoll` counts in milliseconds, `select` in microseconds,
    but it looks at every connection each time.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "PSYCOPG_WAIT"))}
    if plan.scenario.clients <= _MOST_SELECTED * plan.processes:
        kept["GEVENT_BACKEND"] = "select"
    return {**kept, "PYTHONPATH": search_path(), PLAN_VARIABLE: str(plan.write())}
