"""
The way that clients of a load take to the database: as it is, or by a PgBouncer that is started for the run.

What a way must keep (`isolation`) is proved before anybody takes it.
"""

from __future__ import annotations

import contextlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from virtualq_core.conformance.traffic.source import OwnSession
from virtualq_core.database.bouncer import MISSING, Door, Watch, run_bouncer
from virtualq_core.database.login import run_login
from virtualq_core.load import isolation
from virtualq_core.load.pool import BOUNCED, open_pool, own_session
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.conformance.traffic.target import Target
    from virtualq_core.database.bouncer import Bouncer, Wait
    from virtualq_core.database.server import Database
    from virtualq_core.load.scenario import Pool
    from virtualq_core.subjects import Subject

DIRECT = "direct"
_PROOFS = 2


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """
    How the clients of a load came to the database.

    `program` is what pools outside their process, with its version, and `wait` how they waited there. `prepares` is
    whether they prepare statements. So many times (`proofs`) a borrower was seen to find nothing of the last one's.
    """

    mode: str
    size: int
    prepares: bool = True
    program: str = ""
    proofs: int = 0
    note: str = ""
    wait: Wait | None = None


@dataclass(frozen=True)
class Way:
    """One pool's way: what a client connects to, and how."""

    pool: Pool
    dsn: str
    prepares: bool = True
    bouncer: Bouncer | None = None
    door: Door | None = None
    note: str = ""
    proofs: int = 0

    def watch(self) -> Watch | None:
        """Begin to look at how clients wait in PgBouncer; None without one."""
        return None if self.bouncer is None or self.door is None else Watch(self.bouncer, self.door)

    def pooling(self, wait: Wait | None = None) -> Pooling:
        """As the result of a load has it."""
        program = "" if self.bouncer is None else f"{MISSING} {self.bouncer.program.version}"
        return Pooling(
            mode=self.pool.mode,
            size=self.pool.size,
            prepares=self.prepares,
            program=program,
            proofs=self.proofs,
            note=self.note,
            wait=wait,
        )


class Ways:
    """The ways of several pools; those by PgBouncer share one, which runs until this is left."""

    def __init__(self, ways: Sequence[Way], held: ExitStack) -> None:
        self.ways = list(ways)
        self._held = held

    def prove(self, place: int, subject: Subject, target: Target) -> Way:
        """
        The way at a place, with what was found of it: what must hold was proved, and whether statements are prepared.

        Raises:
            UsageError, Unbound, TenantLeak: see `prove`.
        """
        self.ways[place] = prove(self.ways[place], subject, target)
        return self.ways[place]

    def close(self) -> None:
        """End PgBouncer, and drop its login. Closing twice is fine."""
        self._held.close()


@contextmanager
def open_ways(database: Database, pools: Sequence[Pool], *, clients: int, application_name: str) -> Iterator[Ways]:
    """
    The ways of these pools, one each in their order, for so many clients at once; nothing is proved of them yet.

    Raises:
        BouncerBroke: PgBouncer is missing where it is needed, or does not start.
        EnvironmentFault: the role may make no login for it.
    """
    bounced = {place: pool for place, pool in enumerate(pools) if pool.mode in BOUNCED}
    with ExitStack() as held:
        running: Bouncer | None = None
        doors = {place: Door(f"door_{place}", BOUNCED[pool.mode], pool.size) for place, pool in bounced.items()}
        if doors:
            login = held.enter_context(run_login(database, APPLICATION_ROLE))
            wait_s = max(pool.timeout_ms for pool in bounced.values()) / 1000
            running = held.enter_context(
                run_bouncer(database, login, list(doors.values()), clients=clients * len(doors), wait_s=wait_s)
            )
        ways = []
        for place, pool in enumerate(pools):
            if running is None or place not in doors:
                ways.append(Way(pool, make_conninfo(database.dsn, application_name=application_name)))
            else:
                dsn = running.dsn(doors[place], application_name=application_name)
                ways.append(Way(pool, dsn, bouncer=running, door=doors[place]))
        yield Ways(ways, held)


def prove(way: Way, subject: Subject, target: Target) -> Way:
    """
    The same way, with what was found of it: what must hold was proved, and statements are prepared if that works.

    The way without a pool has nothing to prove: its subject enters the application's role by itself.

    Raises:
        UsageError: the subject cannot work on a pool's connections.
        Unbound: its connections may more than the application may.
        TenantLeak: a client finds the tenant of the one before it.
    """
    if way.pool.mode == DIRECT:
        return way
    way = _settle_statements(way)
    with ExitStack() as held:
        one = held.enter_context(contextlib.closing(_source(way, subject)))
        # A pool has one client after the other; behind PgBouncer's each client is connected for itself.
        other = held.enter_context(contextlib.closing(_source(way, subject))) if isinstance(one, OwnSession) else one
        isolation.prove_bound(one)
        proofs = isolation.prove_separate(one, other, _tickets(target))
    return replace(way, proofs=proofs)


def _source(way: Way, subject: Subject) -> Source:
    """What a client borrows from on this way, where the pool has one connection."""
    single = replace(way.pool, size=1)
    shared = open_pool(single, subject, way.dsn, prepares=way.prepares)
    own = None if shared is not None else own_session(single, subject, way.dsn, prepares=way.prepares)
    return shared or own or OwnSession(partial(subject.open, way.dsn))


def _settle_statements(way: Way) -> Way:
    """Let clients prepare statements where a connection that they share keeps them apart; say so where it does not."""
    if way.bouncer is None or way.door is None or way.door.mode != BOUNCED["pgbouncer-transaction"]:
        return way
    try:
        isolation.prove_prepared(lambda: psycopg.connect(way.dsn, autocommit=True))
    except isolation.StatementsLost as error:
        # What is prepared on the server by now would be in the way of the next one of that name.
        way.bouncer.renew(way.door)
        return replace(way, prepares=False, note=f"statements are not prepared: {error.observed}")
    return way


def _tickets(target: Target) -> list[tuple[int, int]]:
    """Tickets of different tenants, or a tenant's ticket that is not there."""
    found = {ticket.tenant_id: ticket.id for ticket in target.tickets}
    for queue in target.queues:
        found.setdefault(queue.tenant_id, 0)
    return list(found.items())[:_PROOFS]
