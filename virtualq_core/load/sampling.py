"""
Looks at the server and the machine every half second while a load runs.

The harness does it, beside the processes that generate the load: in a thread, on a connection of its own. Whatever
cannot be read is left out and named, once; the load goes on.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import psycopg

from virtualq_core import content
from virtualq_core.errors import VirtualQError
from virtualq_core.load.processor import ProcessorMeter, Usage
from virtualq_core.load.statement import Reading as StatementReading
from virtualq_core.load.statement import StatementBook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "sampling.sql")
_NAME = "virtualq sampler"
_EVERY_S = 0.5
_MOST = 2000
_TIMEOUT_S = 2
_CONNECT_S = 3
_STOP_S = 10.0
_CHECKPOINTER = 17
IDLE, RUNNING, HIDDEN = "idle", "running", "hidden"
_Answer = TypeVar("_Answer")


class Counters(NamedTuple):
    """What the server counts, since whenever it began to; `blocked` and `dead_tuples` are of the present."""

    blocked: int
    updates: int
    hot_updates: int
    dead_tuples: int
    commits: int
    rollbacks: int
    deadlocks: int
    blocks: int


@dataclass(frozen=True)
class Reading:
    """
    One look, at an instant of `perf_counter_ns`; None is what could not be read.

    `waits` are the load's backends by what they do: `idle`, `running`, or what they wait for. `snapshot_xids` and
    `snapshot_s` are the age of the oldest snapshot, `wal_bytes` how far the log has come.
    """

    at_ns: int
    waits: Mapping[str, int] | None = None
    counters: Counters | None = None
    snapshot_xids: int | None = None
    snapshot_s: float | None = None
    wal_bytes: int | None = None
    checkpoints: int | None = None
    usage: Usage | None = None


class Sampler:
    """
    Reads while its body runs; `finish` takes the last look, when the clients are gone.

    It keeps at most `most` readings: where there would be more it drops every other one, and looks half as often.
    """

    def __init__(
        self, database: Database, application_name: str, *, every_s: float = _EVERY_S, most: int = _MOST
    ) -> None:
        self.readings: list[Reading] = []
        self.missing: dict[str, str] = {}
        self.statements: tuple[StatementReading, StatementReading] | None = None
        self._database = database
        self._application_name = application_name
        self._every_s = every_s
        self._most = most
        self._meter = ProcessorMeter()
        self._book = StatementBook(database)
        self._statements_before: StatementReading | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._hopeless: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)

    def __enter__(self) -> Self:
        self._statements_before = self._attempt("statements", self._book.read)
        if not self._is_here:
            self.missing["server_share"] = "the server's processes are not known here; they count as others"
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_STOP_S)
        if not self._thread.is_alive():
            self._disconnect()

    def finish(self) -> None:
        """The last look; what the clients' backends counted is complete once they are gone."""
        if self._thread.is_alive():  # it hangs on a server that does not answer; nobody else may use its connection
            self.missing.setdefault("server", "no answer to the sampler")
            return
        self._look()
        after = None if self._statements_before is None else self._attempt("statements", self._book.read)
        if self._statements_before is not None and after is not None:
            self.statements = (self._statements_before, after)
        self._disconnect()

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every_s):
                self._look()
        except Exception as error:  # noqa: BLE001  whatever it is, it must not disturb the load
            self.missing["server"] = _line(error)

    def _look(self) -> None:
        begin = perf_counter_ns()
        pids: list[int] = []
        read: dict[str, Any] = {}
        connection = self._attempt("server", self._connected)
        if connection is not None:
            self._ask(connection, read, pids)
            if connection.closed:
                self._disconnect()
        read["usage"] = self._attempt("processors", lambda: self._meter.read(pids if self._is_here else None))
        self.readings.append(Reading((begin + perf_counter_ns()) // 2, **read))
        if len(self.readings) > self._most:
            self.readings = self.readings[::2]
            self._every_s *= 2

    def _ask(self, connection: psycopg.Connection[Any], read: dict[str, Any], pids: list[int]) -> None:
        backends = self._rows(connection, "read_backends", application_name=self._application_name)
        if backends is not None:
            read["waits"] = dict(Counter(_doing(*row[2:]) for row in backends if row[1]))
            pids += [row[0] for row in backends]
            pids.append(connection.info.backend_pid)
        for row in self._rows(connection, "read_counters") or ():
            read["counters"] = Counters(*row)
        for xids, seconds in self._rows(connection, "read_snapshots") or ():
            read |= {"snapshot_xids": xids, "snapshot_s": seconds}
        has_checkpointer = self._database.server.major >= _CHECKPOINTER
        for name, statement in (
            ("wal_bytes", "read_wal"),
            ("checkpoints", "read_checkpoints" if has_checkpointer else "read_checkpoints_before_17"),
        ):
            for (value,) in self._rows(connection, statement) or ():
                read[name] = value

    @property
    def _is_here(self) -> bool:
        """Whether the server's processes are some of this machine, by the numbers that it names."""
        return self._database.server.data_dir is not None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = self._database.connect(
                application_name=_NAME,
                connect_timeout=_CONNECT_S,
                options=f"-c statement_timeout={_TIMEOUT_S * 1000}",
            )
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, connection: psycopg.Connection[Any], statement: str, **given: str) -> list[Any] | None:
        """The statement's rows; one that is refused is not asked again."""
        if statement in self._hopeless or connection.closed:
            return None
        try:
            return connection.execute(_SQL[statement].sql, given or None).fetchall()
        except psycopg.OperationalError as error:
            self.missing.setdefault("server", _line(error))
        except psycopg.Error as error:
            self._hopeless.add(statement)
            self.missing.setdefault(statement.removeprefix("read_"), _line(error))
        return None

    def _attempt(self, what: str, read: Callable[[], _Answer]) -> _Answer | None:
        try:
            return read()
        except VirtualQError as error:
            self.missing.setdefault(what, error.what)
        except Exception as error:  # noqa: BLE001  the same
            self.missing.setdefault(what, _line(error))
        return None


def _doing(state: str | None, wait_type: str | None, wait_event: str | None) -> str:
    if state is None:
        return HIDDEN
    if state != "active":
        return IDLE if state == IDLE else "idle in transaction"
    return RUNNING if wait_type is None else f"{wait_type}:{wait_event}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
