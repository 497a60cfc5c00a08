"""
Faults during a load: done to the server by the harness, at their time, while other processes generate the load.

Each has a thread of its own, so that one may happen within another. The time counts from the first recorded operation;
when a fault really began and ended is measured.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psycopg
from psycopg import IsolationLevel

from virtualq_core import content
from virtualq_core.conformance.crash.process import await_gone, await_service, postmaster
from virtualq_core.conformance.journal import RECORD
from virtualq_core.database.provider import URL_VARIABLE, private_server, provide
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from virtualq_core.database.server import Database, Server
    from virtualq_core.load.scenario import Fault, Scenario

_SQL = content.beside(__file__, "fault.sql")
_NAME = "virtualq fault"
_NS_PER_S = 1_000_000_000
_POLL_S = 0.02
_GONE_S = 10.0
_AGAIN_S = 1.0
_END_S = 90.0  # a crashed server may take a minute to come back
_OPTIONS = "-c idle_in_transaction_session_timeout=0 -c lock_timeout=20s"
CRASH = "crash"


class FaultNotDone(EnvironmentFault):
    """A fault that the scenario names did not happen, so the load has not shown what it was to show."""

    code = "fault-not-done"


class ServerInUse(UsageError):
    """A crash was asked for on a server that is not the harness's own."""

    code = "server-in-use"

    def __init__(self, observed: str) -> None:
        super().__init__(
            "the scenario crashes its server, which is done only to one that nobody else uses",
            observed=observed,
            expected="the embedded PostgreSQL, or --postgres-bin, of which a private server is started",
            next_step="leave out --database-url, VIRTUALQ_DATABASE_URL and --image",
        )


class Strike(NamedTuple):
    """A fault that happened, from `begin_ns` to `end_ns`; it hit so many sessions, or holds them all up (0)."""

    kind: str
    begin_ns: int
    end_ns: int
    hits: int = 0


class Scene(NamedTuple):
    """Where faults happen; `over` is set when the load has ended, and with it what lasts."""

    database: Database
    application_name: str
    over: threading.Event


@contextmanager
def server_for(
    scenario: Scenario, *, database_url: str | None = None, postgres_bin: Path | None = None, image: str | None = None
) -> Iterator[Server]:
    """
    A server for a scenario: as `provide` says, or a private one where the scenario crashes it.

    Raises:
        ServerInUse: it crashes it, and another server is named.
    """
    if not has_crash(scenario):
        with provide(database_url=database_url, postgres_bin=postgres_bin, image=image) as server:
            yield server
        return
    if database_url or image or os.environ.get(URL_VARIABLE):
        raise ServerInUse("a container" if image else "a server that is given by url")
    with private_server(postgres_bin=postgres_bin) as server:
        yield server


def has_crash(scenario: Scenario) -> bool:
    """Whether the scenario ends its server."""
    return any(fault.kind == CRASH for fault in scenario.faults)


def require_strikable(database: Database, scenario: Scenario) -> None:
    """
    Make sure, before anything runs, that the scenario's faults may be done to this database's server.

    Raises:
        ServerInUse: it would be crashed, and is not private.
    """
    if has_crash(scenario):
        try:
            postmaster(database.server)
        except UsageError as error:
            raise ServerInUse(f"{database.server.kind} server") from error


@contextmanager
def striking(database: Database, scenario: Scenario, *, application_name: str, folder: Path) -> Iterator[list[Strike]]:
    """
    Do the scenario's faults while the body generates the load into `folder`; all that happened, by their begin.

    The list is complete after the body.

    Raises:
        FaultNotDone: one did not happen, or not to its end.
    """
    strikes: list[Strike] = []
    errors: dict[str, BaseException] = {}
    scene = Scene(database, application_name, threading.Event())

    def happen(fault: Fault) -> None:
        try:
            _await_time(fault.at_s, folder, scene.over)
            strikes.append(_DONE[fault.kind](scene, fault.for_s))
        except Exception as error:  # noqa: BLE001  told at the end
            errors[fault.kind] = error

    threads = [
        threading.Thread(target=happen, args=[fault], name=f"virtualq {fault.kind}", daemon=True)
        for fault in scenario.faults
    ]
    for thread in threads:
        thread.start()
    try:
        yield strikes
    finally:
        scene.over.set()
        for thread in threads:
            thread.join(_END_S)
    strikes.sort(key=lambda one: one.begin_ns)
    for kind, error in errors.items():
        observed = error.what if isinstance(error, VirtualQError) else " ".join(str(error).split())
        raise FaultNotDone(f"the fault '{kind}' did not happen", observed=observed or repr(error)) from error


def _await_time(at_s: float, folder: Path, over: threading.Event) -> None:
    at_ns = _await_begin(folder, over) + round(at_s * _NS_PER_S)
    if over.wait(max(0.0, (at_ns - perf_counter_ns()) / _NS_PER_S)):
        raise FaultNotDone("the load ended before it")


def _await_begin(folder: Path, over: threading.Event) -> int:
    """When the first operation was invoked, as the first records on disk tell; they come there within a second."""
    while True:
        begins = [
            int(np.fromfile(path, dtype=RECORD, count=1)["invoke_ns"][0])
            for path in folder.glob("*.ops")
            if path.stat().st_size >= RECORD.itemsize
        ]
        if begins:
            return min(begins)
        if over.wait(_POLL_S):
            raise FaultNotDone("no operation was recorded before the load ended")


def _stall(scene: Scene, for_s: float) -> Strike:
    """Clients can be held up from where the lock is asked for, because they queue behind it."""
    with scene.database.connect(autocommit=False, application_name=_NAME, options=_OPTIONS) as connection:
        begin_ns = perf_counter_ns()
        connection.execute(_SQL["lock_tickets"].sql)
        scene.over.wait(for_s)
        connection.rollback()
        return Strike("stall", begin_ns, perf_counter_ns())


def _hold_snapshot(scene: Scene, for_s: float) -> Strike:
    with scene.database.connect(autocommit=False, application_name=_NAME, options=_OPTIONS) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        begin_ns = perf_counter_ns()
        connection.execute(_SQL["take_snapshot"].sql)
        scene.over.wait(for_s)
        connection.rollback()
        return Strike("held-snapshot", begin_ns, perf_counter_ns())


def _kill_backends(scene: Scene, for_s: float) -> Strike:
    """Once, and again every second as long as it lasts; it ends when the last ones that were told to go are gone."""
    begin_ns, hits = perf_counter_ns(), 0
    with scene.database.connect(application_name=_NAME) as connection:
        while True:
            rows = connection.execute(_SQL["end_clients"].sql, {"application_name": scene.application_name}).fetchall()
            hits += sum(was_told for _, was_told in rows)
            _await_ended(connection, [pid for pid, _ in rows])
            left_s = for_s - (perf_counter_ns() - begin_ns) / _NS_PER_S
            if left_s <= 0 or scene.over.wait(min(_AGAIN_S, left_s)):
                return Strike("kill-backends", begin_ns, perf_counter_ns(), hits)


def _await_ended(connection: psycopg.Connection[tuple[int]], pids: list[int]) -> None:
    pause, polls = threading.Event(), round(_GONE_S / _POLL_S)
    for _ in range(polls):
        row = connection.execute(_SQL["count_backends"].sql, {"pids": pids}).fetchone()
        if row is None or row[0] == 0:
            return
        pause.wait(_POLL_S)
    raise FaultNotDone("backends do not end", observed=f"{_GONE_S:.0f} s after they were told to")


def _crash(scene: Scene, for_s: float) -> Strike:
    """What `pg_ctl stop -m immediate` does; it stays down for so long, and ends when it answers again."""
    server = scene.database.server
    parent = postmaster(server)
    with scene.database.connect(application_name=_NAME) as connection:
        sessions = connection.execute(
            _SQL["list_sessions"].sql, {"application_name": scene.application_name}
        ).fetchall()
    begin_ns = perf_counter_ns()
    parent.send_signal(signal.SIGQUIT)
    await_gone([parent.pid, *(pid for pid, _ in sessions)])
    scene.over.wait(for_s)
    await_service(server)
    return Strike(CRASH, begin_ns, perf_counter_ns(), sum(is_client for _, is_client in sessions))


_DONE: Mapping[str, Callable[[Scene, float], Strike]] = {
    "stall": _stall,
    "held-snapshot": _hold_snapshot,
    "kill-backends": _kill_backends,
    CRASH: _crash,
}
