"""
A load by hand on several machines: what a master and its workers tell each other through Locust.

The master fixes the run and sends its plan, without the way to the database: every worker has its own. A worker asks
the master for the time, several times, and takes the answer that came back fastest: the master's clock was read at some
instant between question and answer, so half of that is what the two clocks' difference is sure to. What a worker
records it sends as it goes, so that one that dies has lost no more than its last half second.

Imported by `user` alone, because it waits by gevent.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from virtualq_core.errors import UsageError
from virtualq_core.load.plan import LoadPlan

if TYPE_CHECKING:
    from locust.rpc.protocol import Message
    from locust.runners import MasterRunner, WorkerRunner

_PLAN, _STOP, _RECORD = "virtualq-plan", "virtualq-stop", "virtualq-record"
_ASK, _TELL = "virtualq-ask-time", "virtualq-tell-time"
_QUESTIONS = 12
_PATIENCE_S = 10.0
_PORTION = 4_000_000


class MasterRelay:
    """The master's end: sends the plan, tells the time, and writes down what the workers send."""

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        self._folder: Path | None = None
        self._open: set[int] = set()
        runner.register_message(_ASK, self._tell_time)
        runner.register_message(_RECORD, self._write)

    def send(self, plan: LoadPlan) -> None:
        """Make the plan known to all workers that are there."""
        self._folder = plan.folder
        self._open = {self._index(client_id) for client_id in self._runner.clients}
        self._runner.send_message(_PLAN, plan.public())

    def collect(self) -> list[str]:
        """
        Let the workers stop, and wait until each has sent its last record; those that have not by now, by name.

        A master that quits tells its workers so only after its own test has stopped, which is too late for a verdict.
        """
        self._runner.send_message(_STOP)
        with gevent.Timeout(_PATIENCE_S, False):  # noqa: FBT003  gevent's way to end without an error
            while self._open:
                gevent.sleep(0.02)
        return [f"worker {index} sent no last record" for index in sorted(self._open)]

    def _tell_time(self, msg: Message, **_: object) -> None:
        told = {"asked_ns": msg.data["asked_ns"], "told_ns": perf_counter_ns()}
        self._runner.send_message(_TELL, told, client_id=msg.node_id)

    def _write(self, msg: Message, **_: object) -> None:
        index = self._index(msg.node_id)
        if self._folder is None or index not in self._open or not self._folder.exists():
            return
        for suffix in ("names", "ops"):
            with (self._folder / f"worker-{index}.{suffix}").open("ab") as file:
                file.write(msg.data[suffix])
        if msg.data["is_last"]:
            self._open.discard(index)

    def _index(self, client_id: str) -> int:
        index: int = self._runner.get_worker_index(client_id)  # type: ignore[no-untyped-call]  # it has no types
        return index


class WorkerRelay:
    """A worker's end: receives the plan, compares clocks, and sends what is recorded."""

    def __init__(self, runner: WorkerRunner, dsn: str) -> None:
        self._runner = runner
        self._dsn = dsn
        self._held = tempfile.TemporaryDirectory(prefix="virtualq-load-")
        self._sent: dict[Path, int] = {}
        self._answers: list[tuple[int, int]] = []
        self._answered = Event()
        self.plan: LoadPlan | None = None
        runner.register_message(_PLAN, self._receive)
        runner.register_message(_TELL, self._compare)
        runner.register_message(_STOP, self._stop, concurrent=True)

    def wait_for_plan(self) -> LoadPlan:
        """
        The plan, which the master sends before it lets users spawn.

        Raises:
            UsageError: it sent none: it drives another locustfile.
        """
        if self.plan is None:
            raise UsageError("the master has sent no plan", expected="a master with the same locustfile")
        return self.plan

    @property
    def clock(self) -> tuple[int, int]:
        """How far the master's clock is ahead of this one, and how far off that may be at most, in ns."""
        slack_ns, ahead_ns = min(self._answers, default=(0, 0))
        return ahead_ns, slack_ns

    def send(self, *, is_last: bool = False) -> None:
        """Send what was recorded since the last time."""
        if self.plan is None:
            return
        while True:
            parts = {suffix: self._new(suffix) for suffix in ("names", "ops")}
            is_through = all(len(part) < _PORTION for part in parts.values())
            self._runner.send_message(_RECORD, {**parts, "is_last": is_last and is_through})
            if is_through:
                return

    def _new(self, suffix: str) -> bytes:
        [path] = Path(self._held.name).glob(f"*.{suffix}")
        with path.open("rb") as file:
            file.seek(self._sent.get(path, 0))
            part = file.read(_PORTION)
            self._sent[path] = file.tell()
        return part

    def _receive(self, msg: Message, **_: object) -> None:
        self.plan = LoadPlan.from_public(msg.data, dsn=self._dsn, folder=Path(self._held.name))
        gevent.spawn(self._ask)

    def _stop(self, **_: object) -> None:
        self._runner.stop()

    def _ask(self) -> None:
        for _ in range(_QUESTIONS):
            self._answered.clear()
            self._runner.send_message(_ASK, {"asked_ns": perf_counter_ns()})
            self._answered.wait(_PATIENCE_S / _QUESTIONS)

    def _compare(self, msg: Message, **_: object) -> None:
        now = perf_counter_ns()
        asked_ns: int = msg.data["asked_ns"]
        told: dict[str, Any] = msg.data
        self._answers.append(((now - asked_ns) // 2, told["told_ns"] - (asked_ns + now) // 2))
        self._answered.set()
