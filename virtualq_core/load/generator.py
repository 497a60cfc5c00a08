"""
The tests of one process that generates load: what its clients share, and when they begin.

Imported by `user` alone, because it waits by gevent.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from virtualq_core.conformance.journal import JournalWriter
from virtualq_core.conformance.traffic.board import Board
from virtualq_core.conformance.traffic.client import Client
from virtualq_core.database.clone import working_database
from virtualq_core.database.provider import provide
from virtualq_core.errors import ExitCode, UsageError
from virtualq_core.load import wire
from virtualq_core.load.arrival import Schedule
from virtualq_core.load.plan import PLAN_VARIABLE, SCENARIO_VARIABLE, LoadPlan
from virtualq_core.load.pool import open_pool, own_session
from virtualq_core.load.run import prepare
from virtualq_core.load.scenario import find_scenario
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from locust.env import Environment

    from virtualq_core.conformance.operation import Operation
    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.load.run import Run
    from virtualq_core.load.scenario import Scenario
    from virtualq_core.subjects import Subject

_log = logging.getLogger("virtualq")
_EXIT = {"passed": ExitCode.PASSED, "failed": ExitCode.FAILED, "inconclusive": ExitCode.INCONCLUSIVE}
_SPILL_EVERY_S = 0.5
_CLIENTS_OF_A_PROCESS = 100_000


@dataclass
class Test:
    """
    What the users of a running test have in common.

    `begun` is set when all of them are connected and may begin, `over` when they should stop; there is a `schedule`
    from the begin on, in an open loop.
    """

    plan: LoadPlan
    board: Board
    journal: JournalWriter
    subject: Subject
    pool: Source | None
    numbers: Iterator[int]
    begun: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    connected: int = 0
    schedule: Schedule | None = None

    def wait_s(self, client: Client) -> float | None:
        """How long the client has to wait before its next operation; None where there is none any more."""
        if self.schedule is None:
            return self.plan.scenario.think_time_ms / 1000
        now = perf_counter_ns()
        if client.due_ns is None or self.schedule.has_given_up(client.due_ns, now):
            # Otherwise it found no connection for the operation, which is still due.
            client.due_ns = self.schedule.take(now)
        return None if client.due_ns is None else max(0.0, (client.due_ns - now) / 1e9)


class Generator:
    """
    The tests of this process, one at a time.

    With a plan in the environment it does what the plan says and leaves the judging to whoever wrote it. Started by
    hand, it prepares a run of its own at each start, and judges it at each stop.
    """

    def __init__(self) -> None:
        path = os.environ.get(PLAN_VARIABLE)
        self.given = None if path is None else LoadPlan.read(Path(path))
        self.scenario: Scenario = (
            find_scenario(os.environ.get(SCENARIO_VARIABLE, "check")) if self.given is None else self.given.scenario
        )
        self.environment: Environment | None = None
        self.test: Test | None = None
        self._worker = 0
        self._run: Run | None = None
        self._held = ExitStack()

    def prepare(self, processes: int = 1) -> LoadPlan:
        """By hand: fix what the test works on; `end` judges it."""
        if self.scenario.faults:
            raise UsageError(
                f"the faults of '{self.scenario.name}' are not done by hand",
                next_step=f"virtualq load {self.scenario.name}",
            )
        server = self._held.enter_context(provide())
        database = working_database(server)
        self._run = self._held.enter_context(prepare(database, self.scenario, processes=processes))
        return self._run.plan

    def begin(self, plan: LoadPlan, worker: int = 0, *, spilled: Callable[[], None] = lambda: None) -> None:
        """A test starts: open the record; `spilled` hears of what is on disk. Workers are numbered from 0."""
        self.scenario = plan.scenario
        extent = self.scenario.extent
        journal = self._held.enter_context(JournalWriter(plan.folder, f"process-{os.getpid()}"))
        subject = find_subject(plan.subject)
        pool = open_pool(self.scenario.pool, subject, plan.dsn, processes=plan.processes, prepares=plan.prepares)
        if pool is not None:
            self._held.callback(pool.close)
        self.test = Test(
            plan,
            Board(
                plan.target,
                self.scenario.contention.hot_tickets,
                at_most=extent.open_tickets,
                tenant_skew=extent.tenant_skew,
                hot_tenant_share=extent.hot_tenant_share,
            ),
            journal,
            subject,
            pool,
            itertools.count(1 + worker * _CLIENTS_OF_A_PROCESS),
        )
        self._worker = worker
        spilling = gevent.spawn(self._spill, self.test, spilled)
        self._held.callback(spilling.kill)

    def own_dsn(self) -> str:
        """By hand, on another machine than the master's: this one's way to the database."""
        return working_database(self._held.enter_context(provide()), make=False).dsn

    def client(self, told: Callable[[Operation], None]) -> Client:
        """One more client of the running test, connected."""
        test = self.test
        if test is None:
            raise UsageError("no test is running")
        client = Client(
            next(test.numbers),
            self.scenario,
            test.plan.target,
            test.board,
            test.journal,
            subject=test.subject,
            dsn=test.plan.dsn,
            seed=test.plan.seed,
            source=test.pool
            or own_session(self.scenario.pool, test.subject, test.plan.dsn, prepares=test.plan.prepares),
            told=told if self.given is None else None,
            waited_ns=wire.waited_ns,
        )
        test.connected += 1
        return client

    def let_loose(self, clients: int) -> None:
        """Wait until so many are connected, and let them all begin at once."""
        test = self.test
        while test is not None and test.connected < clients and not test.over.is_set():
            gevent.sleep(0.01)
        if test is None or test.begun.is_set():
            return
        # A full collection over the tickets of the board takes longer than an operation.
        gc.collect()
        gc.freeze()
        begin_ns = perf_counter_ns()
        test.journal.note_begin(begin_ns)
        if self.scenario.arrival.is_open:
            test.schedule = Schedule(
                self.scenario.arrival,
                self.scenario.duration_s,
                begin_ns=begin_ns,
                share=1 / test.plan.processes,
                seed=test.plan.seed * _CLIENTS_OF_A_PROCESS + self._worker,
                latency_limit_s=self.scenario.limit.latency_ms / 1000,
                skip=test.journal.skip,
            )
        test.begun.set()

    def stop(self) -> None:
        """The users should come to an end; those that have not begun never will."""
        test = self.test
        if test is None:
            return
        if test.schedule is not None and not test.over.is_set():
            # What has waited too long is skipped now, as it would have been when a client had come to it.
            test.schedule.take(perf_counter_ns())
        test.over.set()
        test.begun.set()

    def end(self, lost: Sequence[str] = ()) -> ExitCode:
        """The test is over and its users are gone: close the record; by hand, say what it amounts to."""
        test, self.test = self.test, None
        run, self._run = self._run, None
        with self._held:
            if test is not None:
                test.journal.close()
            if run is None:
                return ExitCode.PASSED
            result = run.conclude(lost=lost)
        _log.warning("%s: %s", result.verdict, result.summary)
        for problem in result.problems():
            lines = (f"  {name}: {problem[name]}" for name in ("observed", "expected", "next_step") if problem[name])
            _log.warning("%s", "\n".join([f"{problem['code']}: {problem['what']}", *lines]))
        return _EXIT[result.verdict]

    @staticmethod
    def _spill(test: Test, spilled: Callable[[], None]) -> None:
        """What is on disk survives a process that is killed, and can be sent."""
        while not test.over.wait(_SPILL_EVERY_S):
            test.journal.spill()
            spilled()
