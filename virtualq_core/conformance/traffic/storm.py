"""Clients in threads of this process, on one subject, all at once, until they are told to stop."""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from virtualq_core.conformance import witness
from virtualq_core.conformance.journal import JournalWriter, read_journals
from virtualq_core.conformance.operation import WRITES, Kind
from virtualq_core.conformance.traffic.backend import await_silence
from virtualq_core.conformance.traffic.board import Board
from virtualq_core.conformance.traffic.client import Client
from virtualq_core.conformance.traffic.demand import Contention, Demand, Extent, Mix
from virtualq_core.conformance.traffic.target import choose_target
from virtualq_core.database.server import CONNECT_TIMEOUT_S
from virtualq_core.errors import EnvironmentFault
from virtualq_core.subjects import offered_operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from virtualq_core.conformance.checker import Judgement
    from virtualq_core.conformance.contention import Thresholds
    from virtualq_core.conformance.operation import Operation
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

_MIX = Mix(transition=60, create=12, read=12, list=2, claim=8, bulk=6)
_CONTENTION = Contention(hot_tickets=6, hot_share=0.7, blind_share=0.1, expecting_share=0.4)
_BULK_TICKETS = 6
_OPERATIONS: Mapping[Kind, Callable[[Client], None]] = {
    Kind.TRANSITION: Client.transition,
    Kind.BULK: Client.bulk,
    Kind.CLAIM: Client.claim,
    Kind.CREATE: Client.create,
    Kind.LIST: Client.list_queue,
    Kind.READ: Client.read,
    Kind.DASHBOARD: Client.dashboard,
    Kind.SEARCH: Client.search,
    Kind.PUBLISH: Client.publish,
}
_CALLED = {"bulk": "transition_many", "claim": "claim_next"}
"""What of a mix is an operation that a subject may leave out, and what it is called there."""
_STOP_S = 30.0


class Stalled(EnvironmentFault):
    """The clients of a storm got less done than was waited for, or do not come to an end."""

    code = "stalled"


class Storm:
    """
    So many clients that do operations in these tenants, each in a thread, recording into journals in a folder.

    A context manager: they run from its begin until `stop()` or its end, which deletes what they recorded. They survive
    a server that goes away: they try to reconnect, without haste, until they are stopped. `dsn` is the way that the
    clients take to the `database` (through a proxy, say); by default it is the database's own. Nobody else may write
    to the tenants meanwhile. What the subject does not offer is left out of the mix, and named in `left_out`.
    """

    def __init__(
        self,
        database: Database,
        subject: Subject,
        *,
        tenant_ids: Sequence[int],
        clients: int = 8,
        seed: int = 1,
        dsn: str | None = None,
        mix: Mix = _MIX,
        contention: Contention = _CONTENTION,
    ) -> None:
        self._database = database
        self._subject = subject
        self._tenant_ids = tuple(tenant_ids)
        self._clients = clients
        self._seed = seed
        self._name = f"virtualq storm {secrets.token_hex(4)}"
        self._dsn = make_conninfo(
            dsn or database.dsn, application_name=self._name, connect_timeout=str(CONNECT_TIMEOUT_S)
        )
        extent = Extent(tenants=len(self._tenant_ids), bulk_tickets=_BULK_TICKETS)
        self.left_out = sorted(set(_CALLED.values()) - offered_operations(subject))
        mix = replace(mix, **{kind: 0 for kind, called in _CALLED.items() if called in self.left_out})
        self._demand = Demand(mix=mix, contention=contention, extent=extent)
        self._progress = Condition()
        self._written = 0
        self._stopping = Event()
        self._threads: list[Thread] = []
        self._broken: list[BaseException] = []
        self._failures: dict[str, str] = {}

    def __enter__(self) -> Self:
        """
        Connect the clients and let them loose.

        Raises:
            NothingToDo: the tenants have no queue, or no type.
            psycopg.OperationalError: a client gets no connection.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="virtualq-storm-"))
        try:
            crew = self._assemble()
        except BaseException:
            self._forget()
            raise
        for client, journal in crew:
            work = Thread(target=self._work, args=(client, journal), name=f"client {client.number}", daemon=True)
            self._threads.append(work)
            work.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._join()
        finally:
            self._forget()

    @property
    def written(self) -> int:
        """How many writes were recorded so far, whatever became of them."""
        with self._progress:
            return self._written

    @property
    def failures(self) -> Mapping[str, str]:
        """Once judged: the first message of each kind of operation that ended without a rule that refused it."""
        return self._failures

    def wait_for(self, writes: int, timeout_s: float) -> None:
        """
        Wait until so many more writes have been recorded.

        Raises:
            Stalled: they have not been by then.
        """
        with self._progress:
            begun = self._written
            self._progress.wait_for(lambda: self._written - begun >= writes or bool(self._broken), timeout_s)
            done = self._written - begun
        self._raise_broken()
        if done < writes:
            raise Stalled("the clients get too little done", observed=f"{done} in {timeout_s:g} s", expected=writes)

    def stop(self) -> None:
        """
        Stop the clients, each after the operation that it is at; stopping twice is fine.

        Raises:
            Stalled: one is still at its operation after half a minute.
        """
        self._join()
        self._raise_broken()

    def judge(self, *, thresholds: Thresholds | None = None, was_restarted: bool = False) -> Judgement:
        """
        Stop, wait until the server has let go of the clients, and hold what they recorded against these tenants.

        Raises:
            EnvironmentFault: the clients do not come to an end.
        """
        self.stop()
        await_silence(self._database, self._name)
        recording = read_journals(self._folder)
        self._failures = recording.failures
        return witness.judge(self._database, recording, self._mark, thresholds=thresholds, was_restarted=was_restarted)

    def _assemble(self) -> list[tuple[Client, JournalWriter]]:
        target = choose_target(self._database, self._demand.extent, seed=self._seed, tenant_ids=self._tenant_ids)
        board = Board(target, self._demand.contention.hot_tickets)
        self._mark = witness.take_mark(self._database, tenant_ids=self._tenant_ids)
        crew = []
        with ExitStack() as held:
            for number in range(1, self._clients + 1):
                journal = held.enter_context(JournalWriter(self._folder, f"client-{number}"))
                client = Client(
                    number,
                    self._demand,
                    target,
                    board,
                    journal,
                    subject=self._subject,
                    dsn=self._dsn,
                    seed=self._seed,
                    told=self._count,
                )
                held.callback(client.close)
                crew.append((client, journal))
            held.pop_all()
        return crew

    def _work(self, client: Client, journal: JournalWriter) -> None:
        weights = {kind: getattr(self._demand.mix, kind.word) for kind in _OPERATIONS}
        chance = random.Random(f"{self._seed}/{client.number}/operation")
        try:
            with journal:
                while not self._stopping.is_set():
                    [kind] = chance.choices(list(weights), list(weights.values()))
                    _OPERATIONS[kind](client)
        except BaseException as error:  # noqa: BLE001  the one who waits for the clients raises it
            with self._progress:
                self._broken.append(error)
                self._progress.notify_all()
        finally:
            client.close()

    def _count(self, operation: Operation) -> None:
        if operation.kind in WRITES:
            with self._progress:
                self._written += 1
                self._progress.notify_all()

    def _join(self) -> None:
        self._stopping.set()
        deadline = time.monotonic() + _STOP_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise Stalled(
                "clients do not come to an end",
                observed=f"{', '.join(stuck)} still waiting after {_STOP_S:.0f} s",
                next_step="look for what they wait for: select * from pg_stat_activity",
            )

    def _raise_broken(self) -> None:
        if self._broken:
            raise self._broken[0]

    def _forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
