"""
Cycles of a fault under load, a recovery, and a judgement over all that the clients were told.

Each cycle has tenants of its own. Unknown outcomes are resolved by the operation's id once the server has let go of
every client.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from statistics import median
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.conformance.contention import Tally, Thresholds
from virtualq_core.conformance.crash.fault import FAULTS, Fault, Scene
from virtualq_core.conformance.crash.process import await_service
from virtualq_core.conformance.crash.proxy import Proxy
from virtualq_core.conformance.traffic.demand import Mix
from virtualq_core.conformance.traffic.storm import Storm
from virtualq_core.conformance.witness import find_violations
from virtualq_core.conformance.world import World
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.conformance.checker import Judgement
    from virtualq_core.conformance.invariant import Invariant
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

_SQL = content.beside(__file__, "campaign.sql")
_CLIENTS = 8
_WRITES_BEFORE = 50
_WRITES_AFTER = 15
# In turns. A flush for one operation brings to disk what was to be flushed for others before it, so that an operation
# that does not wait is best seen where there are few others.
_MIXES = (
    Mix(transition=60, create=15, claim=8, bulk=5, read=5),
    Mix(transition=95, read=5),
    Mix(transition=20, create=40, claim=20, bulk=15, read=5),
)
_PATIENCE_S = 60.0
_ANYTHING = Thresholds(min_operations=0, min_contended=0, min_races=0, max_unknown_share=1.0)
# Of a campaign as a whole. A fault costs each client one operation at most, or the tickets of one bulk call.
ENOUGH = Thresholds(min_operations=_WRITES_BEFORE, min_contended=1, min_races=0, max_unknown_share=0.5)


@dataclass(frozen=True)
class Cycle:
    """
    One fault and what it left.

    `hits` are the sessions, holders or answers that it hit, `torn` the tickets of which only a part is there,
    `standing` what the database's own audit finds wrong. `recovery_s` is from the fault until the server answered.
    """

    fault: Fault
    seed: int
    judgement: Judgement
    hits: int
    torn: int
    standing: tuple[str, ...]
    recovery_s: float

    @property
    def tally(self) -> Tally:
        """What the recording holds."""
        return self.judgement.tally

    def faults(self, *invariants: Invariant) -> list[str]:
        """What breaks these invariants, in words; without any, all that is wrong."""
        found = [one for one in self.judgement.violations if not invariants or one.invariant in invariants]
        told = [f"{one} ({'; '.join(one.evidence[:2])})" if one.evidence else str(one) for one in found]
        if not invariants:
            told += self.standing
            if self.torn:
                told.append(f"{self.torn} tickets without the items that they were created with")
        return [f"{self.fault.name}, seed {self.seed}: {one}" for one in told]


@dataclass(frozen=True)
class Campaign:
    """Cycles of one subject, all of them or those of some faults."""

    subject: str
    cycles: Sequence[Cycle]

    def of(self, *names: str) -> Campaign:
        """The cycles of these faults."""
        return Campaign(self.subject, [one for one in self.cycles if one.fault.name in names])

    def ending_the_server(self) -> Campaign:
        """The cycles after which the server had to recover."""
        return Campaign(self.subject, [one for one in self.cycles if one.fault.ends_server])

    @property
    def tally(self) -> Tally:
        """What all recordings hold together."""
        total: Counter[str] = Counter()
        for one in self.cycles:
            total.update(asdict(one.tally))
        return Tally(**total)

    @property
    def hits(self) -> int:
        """How many sessions, holders or answers were hit."""
        return sum(one.hits for one in self.cycles)

    @property
    def torn(self) -> int:
        """How many tickets are there of which only a part is."""
        return sum(one.torn for one in self.cycles)

    def faults(self, *invariants: Invariant) -> list[str]:
        """What breaks these invariants, in words; without any, all that is wrong."""
        return [told for one in self.cycles for told in one.faults(*invariants)]

    def count(self, *invariants: Invariant) -> int:
        """How often these invariants are broken."""
        return sum(
            finding.violations
            for one in self.cycles
            for finding in one.judgement.findings
            if finding.invariant in invariants
        )

    @property
    def summary(self) -> str:
        """The campaign in one line."""
        tally = self.tally
        counted = Counter(one.fault.name for one in self.cycles)
        told = ", ".join(f"{name} {number}" for name, number in counted.items())
        recoveries = [one.recovery_s * 1000 for one in self.cycles if one.fault.ends_server]
        recovery = f"; recovery p50 {median(recoveries):.0f} ms, max {max(recoveries):.0f} ms" if recoveries else ""
        cycles = f"{len(self.cycles)} cycle{'' if len(self.cycles) == 1 else 's'}"
        return (
            f"{self.subject}: {cycles} ({told}); {tally.ok} acknowledged, {tally.lost} lost, "
            f"{tally.unknown} unknown of which {tally.applied} applied{recovery}"
        )


def run_campaign(database: Database, subject: Subject, *, cycles: int, seed: int = 1) -> Campaign:
    """
    So many cycles on a private copy, over the faults in turn.

    Raises:
        UsageError: the database's server is not private.
        EnvironmentFault: the server does not come back after a fault, or the clients get nothing done.
    """
    turns = islice(cycle(FAULTS.values()), cycles)
    return Campaign(
        subject.name, [run_cycle(database, subject, fault, seed=seed + turn) for turn, fault in enumerate(turns)]
    )


def run_cycle(database: Database, subject: Subject, fault: Fault, *, seed: int = 1) -> Cycle:
    """Clients at work, the fault, the recovery, clients at work again, and the judgement; raises as `run_campaign`."""
    with _tenants(database) as tenant_ids, Proxy(database) as proxy:
        dsn, mix = proxy.dsn if fault.is_on_the_way else None, _MIXES[seed % len(_MIXES)]
        with Storm(database, subject, tenant_ids=tenant_ids, clients=_CLIENTS, seed=seed, dsn=dsn, mix=mix) as storm:
            storm.wait_for(_WRITES_BEFORE, _PATIENCE_S)
            began = time.perf_counter()
            hits = fault.strike(Scene(database, storm, proxy, random.Random(seed)))
            await_service(database.server)
            recovery_s = time.perf_counter() - began
            storm.wait_for(_WRITES_AFTER, _PATIENCE_S)
            judgement = storm.judge(thresholds=_ANYTHING, was_restarted=fault.ends_server)
        standing = tuple(f"{one.rule}: {one.detail}" for one in find_violations(database))
        return Cycle(fault, seed, judgement, hits, _count_torn(database, tenant_ids), standing, recovery_s)


@contextmanager
def _tenants(database: Database) -> Iterator[list[int]]:
    world = World(database)
    try:
        tenant_ids = [world.open_tenant(name).id for name in ("North", "South")]
        world.disconnect()
        with database.connect() as connection:
            connection.execute(_SQL["settle"].sql)
        yield tenant_ids
    finally:
        world.close()


def _count_torn(database: Database, tenant_ids: list[int]) -> int:
    with database.connect(role=MAINTAINER_ROLE) as connection:
        row = connection.execute(_SQL["count_torn_tickets"].sql, {"tenant_ids": tenant_ids}).fetchone()
    return int(row[0]) if row else 0
