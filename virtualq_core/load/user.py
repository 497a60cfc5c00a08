"""
Locust drives the clients of a load.

Importing Locust patches the standard library for gevent; psycopg, imported after it, then waits in a way that lets the
other users run. So this module is imported by a locustfile and by nothing else in the package.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import gevent
import gevent.event
import gevent.socket
from locust import User, events
from locust.runners import MasterRunner, WorkerRunner
from locust.user.task import LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

from virtualq_core.conformance.operation import Operation, Outcome
from virtualq_core.errors import EnvironmentFault, ExitCode, UsageError, VirtualQError
from virtualq_core.load import wire
from virtualq_core.load.generator import Generator
from virtualq_core.load.relay import MasterRelay, WorkerRelay

if TYPE_CHECKING:
    from pathlib import Path

    from locust.env import Environment

    from virtualq_core.conformance.traffic.client import Client
    from virtualq_core.load.plan import LoadPlan

_log = logging.getLogger("virtualq")
_STOP_TIMEOUT_S = 20.0
_LONG_S = 3600.0
_SOON_S = 0.2
_BEGIN_S = 30.0
_BEGUN = "virtualq-begun"
_MS_PER_NS = 1e-6


def _leave(error: VirtualQError) -> NoReturn:
    """One clear error instead of a traceback."""
    sys.stderr.write(f"{error}\n")
    sys.exit(error.exit_code)


def _generator() -> Generator:
    try:
        return Generator()
    except VirtualQError as error:
        _leave(error)


wire.install()
generator = _generator()


@dataclass
class _Relays:
    """Of a load by hand on several machines, this process's end."""

    master: MasterRelay | None = None
    worker: WorkerRelay | None = None


_relays = _Relays()
_begun = gevent.event.Event()
_workers_begun: list[int] = []


def share(kind: str) -> int:
    """The weight of a kind of operation in the scenario's mix."""
    weight: int = getattr(generator.scenario.mix, kind)
    return weight


class TicketUser(User):
    """A Locust user with one client, which does and records the operations, when they are due."""

    abstract = True
    client: Client
    _wakes_s = 0.0

    def on_start(self) -> None:
        """Connect, and wait for the others; without a connection the whole test is pointless and is stopped."""
        test = generator.test
        try:
            self.client = generator.client(self._tell)
        except Exception as error:
            if test is not None:
                _stop(self.environment, EnvironmentFault("a client cannot connect", observed=_line(error)))
            # Locust prints the traceback of anything else.
            raise gevent.GreenletExit from error
        if test is not None:
            test.begun.wait()
            # Before its first task Locust does not wait, and an error here is one that it prints.
            if test.over.wait(self.wait_time()):
                raise gevent.GreenletExit

    def on_stop(self) -> None:
        """Disconnect."""
        if hasattr(self, "client"):
            self.client.close()

    def wait_time(self) -> float:
        """How long until the next operation, in seconds."""
        wait_s = None if generator.test is None else generator.test.wait_s(self.client)
        wait_s = _LONG_S if wait_s is None else wait_s
        self._wakes_s = time.monotonic() + wait_s
        return wait_s

    def stop(self, force: bool = False) -> bool:  # noqa: FBT001, FBT002  Locust's signature
        """
        Let the user end before its next operation.

        Locust would kill it while it waits, and when that comes to pass it may already be in the middle of one.
        """
        is_asleep = self._state == LOCUST_STATE_WAITING and self._wakes_s - time.monotonic() > _SOON_S
        if force or is_asleep or self._state is None:
            return bool(super().stop(force=force))
        self._state = LOCUST_STATE_STOPPING
        return False

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


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _stop(environment: Environment, error: VirtualQError) -> None:
    """The test makes no sense: say why, and end it."""
    _log.error("%s", error)
    generator.stop()
    environment.process_exit_code = error.exit_code
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)


def _prepare(environment: Environment, web_ui: object = None, **_: object) -> None:
    """Before anything starts; the page does not listen yet."""
    options = environment.parsed_options
    generator.environment = environment
    if generator.given is None:
        _connect(environment)
    if web_ui is not None and options is not None:
        _require_port(options.web_host, options.web_port)
    environment.stop_timeout = environment.stop_timeout or _STOP_TIMEOUT_S
    if options is not None and options.num_users is None:
        options.num_users = options.spawn_rate = generator.scenario.clients
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message(_BEGUN, _count_begun)
    if generator.given is not None and generator.given.lifeline is not None:
        gevent.spawn(_watch, generator.given.lifeline, generator.given.folder)


def _connect(environment: Environment) -> None:
    """By hand, a master and its workers have only Locust between them."""
    try:
        if isinstance(environment.runner, MasterRunner):
            _relays.master = MasterRelay(environment.runner)
        elif isinstance(environment.runner, WorkerRunner):
            _relays.worker = WorkerRelay(environment.runner, generator.own_dsn())
    except VirtualQError as error:
        _leave(error)


def _begin(environment: Environment, **_: object) -> None:
    runner = environment.runner
    try:
        match runner:
            case MasterRunner() if _relays.master is not None:
                _relays.master.send(generator.prepare(runner.worker_count))
            case MasterRunner():
                pass
            case WorkerRunner() if _relays.worker is not None:
                generator.begin(_relays.worker.wait_for_plan(), runner.worker_index, spilled=_relays.worker.send)
            case WorkerRunner():
                generator.begin(_require_plan(), runner.worker_index)
            case _:
                generator.begin(generator.given or generator.prepare())
    except VirtualQError as error:
        _stop(environment, error)


def _require_plan() -> LoadPlan:
    if generator.given is None:
        raise UsageError("a worker has nothing to do")
    return generator.given


def _let_loose(**_: object) -> None:
    """All users are there. A run with a plan ends by the plan, and its clock starts with the first operation."""
    gevent.spawn(_run)


def _run() -> None:
    environment = generator.environment
    runner = None if environment is None else environment.runner
    if runner is None:
        return
    if isinstance(runner, MasterRunner):
        _begun.wait(_BEGIN_S)
    else:
        generator.let_loose(runner.user_count)
        if isinstance(runner, WorkerRunner):
            runner.send_message(_BEGUN)
    if generator.given is not None and not isinstance(runner, WorkerRunner):
        gevent.sleep(generator.scenario.duration_s)
        runner.quit()


def _count_begun(environment: Environment, **_: object) -> None:
    """A worker's clients have begun; when all have, the clock starts."""
    _workers_begun.append(1)
    if isinstance(environment.runner, MasterRunner) and len(_workers_begun) >= environment.runner.worker_count:
        _begun.set()


def _stopping(**_: object) -> None:
    generator.stop()


def _end(environment: Environment, **_: object) -> None:
    try:
        if _relays.worker is not None and generator.test is not None:
            generator.test.journal.note_clock(*_relays.worker.clock)
        status = generator.end(_relays.master.collect() if _relays.master is not None else ())
        if _relays.worker is not None:
            _relays.worker.send(is_last=True)
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
    (events.spawning_complete, _let_loose),
    (events.test_stopping, _stopping),
    (events.test_stop, _end),
    (events.quitting, _quit),
):
    _hook.add_listener(_listener)  # type: ignore[no-untyped-call]  # Locust's hooks have no types
