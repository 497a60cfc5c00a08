"""
Locust drives the clients of a load.

Importing Locust patches the standard library for gevent; psycopg, imported after it, then waits in a way that lets the
other users run. So this module is imported by a locustfile and by nothing else in the package.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import gevent
import gevent.socket
from locust import User, events
from locust.runners import LocalRunner

from virtualq_core.conformance.journal import JournalWriter
from virtualq_core.conformance.operation import Operation, Outcome
from virtualq_core.conformance.traffic.board import Board
from virtualq_core.conformance.traffic.client import Client
from virtualq_core.database.clone import working_database
from virtualq_core.database.provider import provide
from virtualq_core.errors import EnvironmentFault, ExitCode, UsageError, VirtualQError
from virtualq_core.load.plan import PLAN_VARIABLE, SCENARIO_VARIABLE, LoadPlan
from virtualq_core.load.run import prepare
from virtualq_core.load.scenario import find_scenario
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from locust.env import Environment

    from virtualq_core.load.run import Run
    from virtualq_core.load.scenario import Scenario
    from virtualq_core.subjects import Subject

_log = logging.getLogger("virtualq")
_STOP_TIMEOUT_S = 20.0
_MS_PER_NS = 1e-6
_EXIT = {"passed": ExitCode.PASSED, "failed": ExitCode.FAILED, "inconclusive": ExitCode.INCONCLUSIVE}


@dataclass(frozen=True)
class Test:
    """What the users of a running test have in common."""

    plan: LoadPlan
    board: Board
    journal: JournalWriter
    subject: Subject
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


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
        self._run: Run | None = None
        self._held = ExitStack()

    def begin(self) -> None:
        """A test starts: choose what it works on, and open the record."""
        plan = self.given
        if plan is None:
            server = self._held.enter_context(provide())
            self._run = self._held.enter_context(prepare(working_database(server), self.scenario))
            plan = self._run.plan
        journal = self._held.enter_context(JournalWriter(plan.folder, f"process-{os.getpid()}"))
        board = Board(plan.target, self.scenario.contention.hot_tickets)
        self.test = Test(plan, board, journal, find_subject(plan.subject))

    def client(self, told: Callable[[Operation], None]) -> Client:
        """One more client of the running test, connected."""
        test = self.test
        if test is None:
            raise UsageError("no test is running")
        return Client(
            next(test.numbers),
            self.scenario,
            test.plan.target,
            test.board,
            test.journal,
            subject=test.subject,
            dsn=test.plan.dsn,
            seed=test.plan.seed,
            told=told if self.given is None else None,
        )

    def stop(self, error: VirtualQError) -> None:
        """The test makes no sense: say why, and end it."""
        _log.error("%s", error)
        if self.environment is not None and self.environment.runner is not None:
            self.environment.process_exit_code = error.exit_code
            gevent.spawn(self.environment.runner.quit)

    def end(self) -> ExitCode:
        """The test is over and its users are gone: close the record; by hand, say what it amounts to."""
        test, self.test = self.test, None
        run, self._run = self._run, None
        with self._held:
            if test is not None:
                test.journal.close()
            if run is None:
                return ExitCode.PASSED
            result = run.conclude()
        _log.warning("%s: %s", result.verdict, result.summary)
        for problem in result.problems():
            lines = (f"  {name}: {problem[name]}" for name in ("observed", "expected", "next_step") if problem[name])
            _log.warning("%s", "\n".join([f"{problem['code']}: {problem['what']}", *lines]))
        return _EXIT[result.verdict]


def _leave(error: VirtualQError) -> NoReturn:
    """One clear error instead of a traceback."""
    sys.stderr.write(f"{error}\n")
    sys.exit(error.exit_code)


def _generator() -> Generator:
    try:
        return Generator()
    except VirtualQError as error:
        _leave(error)


generator = _generator()


def share(kind: str) -> int:
    """The weight of a kind of operation in the scenario's mix."""
    weight: int = getattr(generator.scenario.mix, kind)
    return weight


class TicketUser(User):
    """A Locust user with one connection to the subject; `client` does and records the operations."""

    abstract = True
    client: Client

    def on_start(self) -> None:
        """Connect; without a connection the whole test is pointless and is stopped."""
        try:
            self.client = generator.client(self._tell)
        except Exception as error:
            if generator.test is not None:
                generator.stop(EnvironmentFault("a client cannot connect", observed=" ".join(str(error).split())))
            # Locust prints the traceback of anything else.
            raise gevent.GreenletExit from error

    def on_stop(self) -> None:
        """Disconnect."""
        if hasattr(self, "client"):
            self.client.close()

    def wait_time(self) -> float:
        """Think, in seconds."""
        return generator.scenario.think_time_ms / 1000

    def _tell(self, operation: Operation) -> None:
        """Let Locust's page count along. Its figures are rounded; the harness takes its own from the record."""
        name = operation.kind.word
        error = None
        if operation.outcome is Outcome.REFUSED:
            name += f" ({operation.reason})"
        elif operation.outcome is not Outcome.OK:
            error = RuntimeError(f"{operation.outcome.name.lower()}: {operation.reason}")
        self.environment.events.request.fire(
            request_type=generator.test.plan.subject if generator.test is not None else "",
            name=name,
            response_time=(operation.return_ns - operation.invoke_ns) * _MS_PER_NS,
            response_length=0,
            exception=error,
            context={},
        )


def _prepare(environment: Environment, web_ui: object = None, **_: object) -> None:
    """Before anything starts; the page does not listen yet."""
    options = environment.parsed_options
    generator.environment = environment
    if not isinstance(environment.runner, LocalRunner):
        _leave(UsageError("a load by hand is one process", next_step="leave out --master, --worker and --processes"))
    if web_ui is not None and options is not None:
        _require_port(options.web_host, options.web_port)
    environment.stop_timeout = environment.stop_timeout or _STOP_TIMEOUT_S
    if options is not None and options.num_users is None:
        options.num_users = options.spawn_rate = generator.scenario.clients
    if generator.given is not None and generator.given.lifeline is not None:
        gevent.spawn(_watch, generator.given.lifeline, generator.given.folder)


def _begin(**_: object) -> None:
    try:
        generator.begin()
    except VirtualQError as error:
        generator.stop(error)


def _limit(**_: object) -> None:
    """A run with a plan ends by the plan; the clock starts when all users are there."""
    environment = generator.environment
    if generator.given is not None and environment is not None and environment.runner is not None:
        gevent.spawn_later(generator.scenario.duration_s, environment.runner.quit)


def _end(environment: Environment, **_: object) -> None:
    try:
        status = generator.end()
    except VirtualQError as error:
        _log.error("%s", error)
        status = error.exit_code
    if environment.process_exit_code is None:
        environment.process_exit_code = status


def _quit(environment: Environment, **_: object) -> None:
    """Locust settles its exit status before it stops a test that is still running; ours depends on its end."""
    if environment.runner is not None:
        environment.runner.stop()


def _watch(lifeline: int, folder: Path) -> None:
    """Whoever started this is gone when the pipe ends: nobody will read the record or delete it."""
    gevent.socket.wait_read(lifeline)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(ExitCode.ENVIRONMENT)


def _require_port(host: str, port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("" if host == "*" else host, port))
        except OSError as error:
            _leave(
                EnvironmentFault(
                    f"port {port} for Locust's page cannot be used",
                    observed=error.strerror,
                    next_step="another one (--web-port), or no page (--headless)",
                )
            )


for _hook, _listener in (
    (events.init, _prepare),
    (events.test_start, _begin),
    (events.spawning_complete, _limit),
    (events.test_stop, _end),
    (events.quitting, _quit),
):
    _hook.add_listener(_listener)  # type: ignore[no-untyped-call]  # Locust's hooks have no types
