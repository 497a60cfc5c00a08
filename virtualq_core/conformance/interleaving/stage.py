"""Every order of an interleaving on a database: the connections that it takes, and the sum of what came out."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from virtualq_core.conformance.expectation import NotAsRequired
from virtualq_core.conformance.interleaving.client import Client, SqlClient, SubjectClient
from virtualq_core.conformance.interleaving.judgement import expected_of, find_faults, observed_of
from virtualq_core.conformance.interleaving.permutation import Order, count_orders, every_order
from virtualq_core.conformance.interleaving.play import Play, play
from virtualq_core.conformance.interleaving.player import Player
from virtualq_core.conformance.interleaving.scene import build
from virtualq_core.conformance.interleaving.testimony import SQL, read_testimony
from virtualq_core.conformance.interleaving.waiting import Watcher
from virtualq_core.errors import UsageError
from virtualq_core.subjects import backend_pid
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.interleaving.script import Interleaving, SessionPlan
    from virtualq_core.conformance.interleaving.testimony import Testimony
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

# What our own statements write need not outlive a crash; a subject's is committed as it is made to.
_OPTIONS = "-c synchronous_commit=off -c statement_timeout=60s"


class OutOfSight(Exception):
    """The subject speaks to the database out of our sight: whether it waits cannot be known."""


@dataclass
class Summary:
    """What the orders of an interleaving came to: how many were played, were impossible, and ended in which way."""

    orders: int
    played: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    waited: int = 0

    def add(self, played: Play, outcome: str) -> None:
        """One more order, without a fault."""
        self.played += 1
        self.waited += bool(played.waited)
        self.outcomes[outcome] += 1

    def __str__(self) -> str:
        ways = "; ".join(f"{number} × {words}" for words, number in self.outcomes.most_common())
        return (
            f"{self.played} of {self.orders} orders can be played, in {self.waited} somebody waits; no fault ({ways})"
        )


class Stage:
    """
    Where interleavings are played: in tenants of one account, each order in one of its own.

    A context manager that keeps its connections; nobody else may use it at the same time.
    """

    def __init__(self, database: Database, account_id: int) -> None:
        self._database = database
        self._account_id = account_id
        self._connections = ExitStack()
        self._lent: dict[tuple[str | None, int], Connection[TupleRow]] = {}
        self.tenants: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._watcher = Watcher(self._connection(None, 0))
        self._maintainer = self._connection(MAINTAINER_ROLE, 0)
        self._builder = self._connection(APPLICATION_ROLE, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.close()

    def perform(
        self,
        interleaving: Interleaving,
        *,
        subject: Subject | None = None,
        order: Order | None = None,
        alone: str = "",
    ) -> Summary:
        """
        Play every possible order, or only the one that begins so.

        `alone` is the command that plays an order alone, if the sessions are added to it as their steps come.

        Raises:
            NotAsRequired: something is wrong in one of them; the error tells its story.
            OutOfSight: it takes a subject, and whether that waits cannot be seen.
        """
        summary = Summary(count_orders(interleaving.lengths.values()))
        with self._players(interleaving, subject) as players:

            def begin(beginning: Order) -> Play:
                played, faults, testimony = self._play(interleaving, players, beginning)
                if faults:
                    told = f"{expected_of(interleaving, played)} [alone: {alone} '{' '.join(played.order)}']"
                    raise NotAsRequired(f"{'; '.join(faults)} [{played.story}]", told)
                summary.add(played, observed_of(played, testimony))
                return played

            if order is not None:
                begin(order)
            else:
                for _ in every_order(begin, lambda played: played.choices):
                    pass
        return summary

    def audit(self) -> list[str]:
        """What the database's own check of itself finds in the tenants that were used, each with the order's name."""
        with self._maintainer.transaction():
            found = self._maintainer.execute(SQL["find_violations"].sql, {"tenant_ids": list(self.tenants)}).fetchall()
        return [f"{rule}: {detail} ({self.tenants[tenant_id]})" for rule, tenant_id, _, detail in found]

    def _play(
        self, interleaving: Interleaving, players: Sequence[Player], beginning: Order
    ) -> tuple[Play, list[str], Testimony]:
        name = f"interleaving {interleaving.name}"
        scene = build(self._maintainer, self._builder, self._account_id, name, interleaving.setting)
        self.tenants[scene.tenant_id] = interleaving.name
        played = play(scene, players, self._watcher, beginning)
        self.tenants[scene.tenant_id] = f"{interleaving.name}: {played.story}"
        is_off_boarding = any(step.verb == "off_board" for each in interleaving.sessions for step in each.steps)
        testimony = read_testimony(self._maintainer, scene, counts_rows=is_off_boarding)
        return played, find_faults(interleaving, played, testimony), testimony

    @contextmanager
    def _players(self, interleaving: Interleaving, subject: Subject | None) -> Iterator[list[Player]]:
        lent: Counter[str] = Counter()
        with ExitStack() as opened:
            players = []
            for number, plan in enumerate(interleaving.sessions, 1):
                lent[plan.kind] += 1
                player = Player(plan, number, self._client(plan, lent[plan.kind], subject, opened))
                opened.callback(player.close)
                players.append(player)
            yield players

    def _client(self, plan: SessionPlan, number: int, subject: Subject | None, opened: ExitStack) -> Client:
        match plan.kind:
            case "application":
                return SqlClient(self._connection(APPLICATION_ROLE, number), enters_tenant=True)
            case "owner":
                return SqlClient(self._connection(None, number), enters_tenant=False)
            case "subject":
                if subject is None:
                    raise UsageError(f"'{plan.name}' is a client of a subject, and none is given")
                session = opened.enter_context(subject.open(self._database.dsn))
                pid = backend_pid(session)
                if pid is None:
                    raise OutOfSight("a subject whose sessions show by which backend they are served")
                return SubjectClient(session, pid)

    def _connection(self, role: str | None, number: int) -> Connection[TupleRow]:
        """The connection of that number and role; the first use opens it."""
        if (role, number) not in self._lent:
            connection = self._database.connect(role=role, options=_OPTIONS)
            self._lent[role, number] = self._connections.enter_context(connection)
        return self._lent[role, number]
