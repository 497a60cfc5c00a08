"""Whoever takes the steps of a session: a client of the subject under test, or one of our own with plain SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from psycopg import pq

from virtualq_core.conformance.interleaving.offer import OFFERED
from virtualq_core.conformance.interleaving.script import SKIPPED
from virtualq_core.conformance.interleaving.statement import SQL, STATEMENTS
from virtualq_core.subjects.procedural import ProceduralSession
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.interleaving.deed import Deed
    from virtualq_core.conformance.interleaving.scene import Scene
    from virtualq_core.subjects import SubjectSession


class Client(Protocol):
    """What takes steps, one after the other, and answers what became of each."""

    pid: int

    def take(self, deed: Deed, scene: Scene) -> None:
        """Take a step to its end, however long it waits."""

    def let_go(self) -> None:
        """End the transaction that is open, if one is."""


class SubjectClient:
    """A client of the subject under test: each operation is a transaction, which is committed when it returns."""

    def __init__(self, session: SubjectSession, pid: int) -> None:
        self.pid = pid
        self._session = session

    def take(self, deed: Deed, scene: Scene) -> None:
        """One operation."""
        deed.do(lambda one: OFFERED[one.step.verb](one, scene, self._session))
        deed.is_committed = not deed.is_error

    def let_go(self) -> None:
        """There is nothing to end."""


class SqlClient:
    """
    The application in the tenant's name, or the owner, in transactions that the steps end.

    A transaction begins with the first step after the last one's end. One that was refused takes no further step, and
    its commit is a rollback, as the server's answer tells.
    """

    def __init__(self, connection: Connection[TupleRow], *, enters_tenant: bool) -> None:
        self.pid = connection.info.backend_pid
        self._connection = connection
        self._enters_tenant = enters_tenant
        self._session = ProceduralSession(connection)
        self._done: list[Deed] = []

    def take(self, deed: Deed, scene: Scene) -> None:
        """One statement, or the end of the transaction."""
        if deed.step.ends_transaction:
            self._end(deed)
        elif any(one.is_error for one in self._done):
            deed.word = SKIPPED
            deed.come_to_nothing()
        else:
            if not self._done:
                self._begin(scene)
            self._done.append(deed)
            deed.do(lambda one: self._act(one, scene))
            if deed.is_error and len(self._done) > 1:
                # It was judged by what its own transaction had done, which nobody else will ever see.
                deed.come_to_nothing()

    def let_go(self) -> None:
        """Roll back what is open."""
        self._done = []
        if self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
            self._connection.execute(SQL["rollback"].sql)

    def _begin(self, scene: Scene) -> None:
        self._connection.execute(SQL["begin"].sql)
        if self._enters_tenant:
            self._connection.execute(enter_statement(scene.tenant_id))

    def _act(self, deed: Deed, scene: Scene) -> str:
        verb = deed.step.verb
        if verb in OFFERED:
            return OFFERED[verb](deed, scene, self._session)
        return STATEMENTS[verb](deed, scene, self._connection)

    def _end(self, deed: Deed) -> None:
        deed.do(self._send_end)
        for one in self._done:
            if deed.word == "committed":
                one.commit(deed.return_ns)
            elif not one.is_error:
                one.come_to_nothing()
        self._done = []

    def _send_end(self, deed: Deed) -> str:
        said = self._connection.execute(SQL[deed.step.verb].sql).statusmessage
        return "committed" if said == "COMMIT" else "rolled-back"
