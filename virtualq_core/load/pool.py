"""
Pools of connections in the clients' own process, and what stands in for one where PgBouncer pools behind it.

Each kind of pool lends sessions of a subject (`conformance.traffic.source`). A session stays with its connection for as
long as that lives, so that what the session has learnt is not learnt again by each borrower. They wait by the standard
library's locks, hence for threads as well as for gevent's greenlets where that has patched it.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout
from sqlalchemy.exc import TimeoutError as PoolTimedOut
from sqlalchemy.pool import QueuePool

from virtualq_core.conformance.traffic.source import CannotConnect, OwnSession, PoolExhausted
from virtualq_core.subjects import require_poolable
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow
    from sqlalchemy.pool import PoolProxiedConnection

    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.load.scenario import Pool
    from virtualq_core.subjects import PoolableSubject, Subject, SubjectSession

BOUNCED = {"pgbouncer-session": "session", "pgbouncer-transaction": "transaction"}
"""PgBouncer's own word for each mode of it."""
_OPEN_S = 20.0
_WORKERS = 3
_SESSION = "virtualq"
_PREPARED_AFTER = 5  # psycopg's own default


def open_pool(pool: Pool, subject: Subject, dsn: str, *, processes: int = 1, prepares: bool = True) -> Source | None:
    """
    The pool of one of so many processes, which share its size; None where every client has its own connection.

    A pool in the process opens all its connections at once, so that none is opened while the load runs. PgBouncer, for
    which `dsn` is that of its door, keeps the pool itself: in session mode a client connects for each operation, in
    transaction mode it has a connection of its own to it (`own_session`).

    Raises:
        UsageError: the subject cannot work on a pool's connections.
        CannotConnect: they cannot be opened.
    """
    size, timeout_s = max(1, pool.size // processes), pool.timeout_ms / 1000
    match pool.mode:
        case "psycopg":
            return PsycopgPool(require_poolable(subject), dsn_as(dsn, APPLICATION_ROLE), size, timeout_s)
        case "sqlalchemy":
            return SqlalchemyPool(require_poolable(subject), dsn_as(dsn, APPLICATION_ROLE), size, timeout_s)
        case "pgbouncer-session":
            return Passage(_opener(subject, dsn, prepares=prepares))
        case _:
            return None


def own_session(pool: Pool, subject: Subject, dsn: str, *, prepares: bool = True) -> OwnSession | None:
    """
    A client's own session by PgBouncer; None for another pool, where the subject opens it by itself.

    Raises:
        UsageError: the subject cannot work on such a connection.
        psycopg.Error: it cannot be opened.
    """
    return OwnSession(_opener(subject, dsn, prepares=prepares)) if pool.mode in BOUNCED else None


def _opener(subject: Subject, dsn: str, *, prepares: bool) -> Callable[[], SubjectSession]:
    """
    How a session is opened by PgBouncer.

    Its login is bound as the application is; a `set role` in the conninfo would not get through.
    """
    poolable = require_poolable(subject)
    threshold = _PREPARED_AFTER if prepares else None
    return lambda: poolable.on(psycopg.connect(dsn, prepare_threshold=threshold))


class Passage:
    """
    A source whose sessions last for one operation each, as those of a program that starts, asks, and ends.

    For any number of borrowers at once.
    """

    def __init__(self, opened: Callable[[], SubjectSession]) -> None:
        self._open = opened

    def take(self) -> SubjectSession:
        """As the protocol says."""
        try:
            return self._open()
        except Exception as error:
            raise _cannot_connect(error) from error

    def give_back(self, session: SubjectSession, *, is_usable: bool) -> None:  # noqa: ARG002  it ends in any case
        """As the protocol says."""
        _end(session)

    def close(self) -> None:
        """As the protocol says; there is nothing."""


class PsycopgPool:
    """
    psycopg's own pool, of fixed size. For threads and greenlets.

    A connection that was lost is replaced in the background, so the error of one that cannot be opened is found in the
    pool's statistics only.
    """

    def __init__(self, subject: PoolableSubject, dsn: str, size: int, timeout_s: float) -> None:
        self._subject = subject
        self._timeout_s = timeout_s
        self._sessions: dict[Connection[TupleRow], SubjectSession] = {}
        self._lent: dict[int, Connection[TupleRow]] = {}
        self._refused = 0
        self._pool: ConnectionPool[Connection[TupleRow]] = ConnectionPool(
            dsn, min_size=size, max_size=size, timeout=timeout_s, num_workers=min(size, _WORKERS), open=False
        )
        try:
            self._pool.open(wait=True, timeout=_OPEN_S)
        except PoolTimeout as error:
            raise _cannot_connect(error) from error

    def take(self) -> SubjectSession:
        """As the protocol says."""
        try:
            connection = self._pool.getconn()
        except PoolTimeout as error:
            refused = self._pool.get_stats().get("connections_errors", 0)
            if refused > self._refused:
                self._refused = refused
                raise _cannot_connect(error) from error
            raise _exhausted(self._pool.max_size, self._timeout_s) from error
        except PoolClosed as error:
            raise _cannot_connect(error) from error
        session = self._sessions.get(connection)
        if session is None:
            try:
                session = self._sessions[connection] = self._subject.on(connection)
            except BaseException as error:
                connection.close()
                self._pool.putconn(connection)
                if isinstance(error, Exception):
                    raise _cannot_connect(error) from error
                raise
        self._lent[id(session)] = connection
        return session

    def give_back(self, session: SubjectSession, *, is_usable: bool) -> None:
        """As the protocol says."""
        connection = self._lent.pop(id(session))
        if not is_usable or self._pool.closed:
            del self._sessions[connection]
            _end(session)
            connection.close()
        self._pool.putconn(connection)

    def close(self) -> None:
        """As the protocol says."""
        self._pool.close()
        for connection, session in list(self._sessions.items()):
            if id(session) not in self._lent:
                del self._sessions[connection]
                _end(session)


class SqlalchemyPool:
    """SQLAlchemy's queue of connections, of fixed size and without overflow. For threads and greenlets."""

    def __init__(self, subject: PoolableSubject, dsn: str, size: int, timeout_s: float) -> None:
        self._subject = subject
        self._timeout_s = timeout_s
        self._sessions: dict[int, SubjectSession] = {}
        self._lent: dict[int, PoolProxiedConnection] = {}
        self._size = size
        self._is_closed = False
        connect: Any = partial(psycopg.connect, dsn)
        self._pool = QueuePool(connect, pool_size=size, max_overflow=0, timeout=timeout_s)
        try:
            held = [self._pool.connect() for _ in range(size)]
        except psycopg.Error as error:
            self._pool.dispose()
            raise _cannot_connect(error) from error
        for one in held:
            one.close()

    def take(self) -> SubjectSession:
        """As the protocol says."""
        if self._is_closed:
            raise CannotConnect("no connection for a client", observed="the pool is closed")
        try:
            lent = self._pool.connect()
        except PoolTimedOut as error:
            raise _exhausted(self._size, self._timeout_s) from error
        except psycopg.Error as error:
            raise _cannot_connect(error) from error
        session: SubjectSession | None = lent.info.get(_SESSION)
        if session is None:
            connection: Any = lent.driver_connection
            try:
                session = lent.info[_SESSION] = self._subject.on(connection)
            except BaseException as error:
                lent.invalidate()
                if isinstance(error, Exception):
                    raise _cannot_connect(error) from error
                raise
            self._sessions[id(session)] = session
        self._lent[id(session)] = lent
        return session

    def give_back(self, session: SubjectSession, *, is_usable: bool) -> None:
        """As the protocol says."""
        lent = self._lent.pop(id(session))
        if is_usable and not self._is_closed:
            lent.close()
            return
        del self._sessions[id(session)]
        _end(session)
        lent.invalidate()

    def close(self) -> None:
        """As the protocol says."""
        self._is_closed = True
        for number, session in list(self._sessions.items()):
            if number not in self._lent:
                del self._sessions[number]
                _end(session)
        self._pool.dispose()


def _end(session: SubjectSession) -> None:
    with contextlib.suppress(Exception):
        session.__exit__(None, None, None)


def _exhausted(size: int, timeout_s: float) -> PoolExhausted:
    return PoolExhausted(
        "no connection of the pool became free in time",
        observed=f"all {size} lent for {timeout_s:g} s",
        expected=f"one within {timeout_s:g} s",
        next_step="a greater pool, fewer clients, or a longer timeout_ms",
    )


def _cannot_connect(error: BaseException) -> CannotConnect:
    return CannotConnect("no connection for a client", observed=" ".join(str(error).split()) or type(error).__name__)
