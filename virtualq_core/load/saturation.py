"""
Pools compared: how much the same clients get done by each kind of pool, in each size, and where more is of no use.

All kinds and sizes take turns, in an order that is drawn anew for each block, so that a slow moment of the machine
falls on all of them. Every turn opens its pool, lets the clients warm it up, and counts then. What all the turns
together left in the database is judged at the end, as that of any load.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.journal import read_journals
from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.backend import free_connections
from virtualq_core.conformance.traffic.source import PoolExhausted
from virtualq_core.database.bouncer import MISSING, Wait, find_program
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError
from virtualq_core.load.arrival import Arrival
from virtualq_core.load.crew import Crew, Taken, Turn
from virtualq_core.load.distribution import distribution
from virtualq_core.load.figure import latency_ns
from virtualq_core.load.fleet import LoadFailed
from virtualq_core.load.isolation import TenantLeak, Unbound
from virtualq_core.load.knee import LEAST_BLOCKS, find_knee, rate_of
from virtualq_core.load.pool import BOUNCED
from virtualq_core.load.run import prepare
from virtualq_core.load.scenario import POOLS, Pool, find_scenario
from virtualq_core.load.way import DIRECT, open_ways
from virtualq_core.measure.result import Problem
from virtualq_core.subjects import find_subject, require_poolable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from virtualq_core.conformance.journal import Recording
    from virtualq_core.database.server import Database
    from virtualq_core.load.run import Run
    from virtualq_core.load.scenario import Scenario
    from virtualq_core.load.way import Way, Ways
    from virtualq_core.measure.result import Ends, Verdict
    from virtualq_core.subjects import Subject

SCENARIO = "pools"
SIZES = (1, 2, 4, 8, 16, 32)
CLIENTS = 32
TURN_S = 1.0
_WARM_SHARE = 0.25
_BESIDES_S = 0.15  # opening and closing a pool, for each turn
_LEAST_SIZES = 3
_LEAST_TURN_S = 0.15
_SPARE_CONNECTIONS = 4
_NS_PER_S = 1_000_000_000
_JUDGED = {"history-violation", "database-violation"}


@dataclass(frozen=True, kw_only=True)
class PoolPoint:
    """
    One kind of pool in one size.

    `rate_per_s` are the operations that were answered (refusals are answers), with its 95 % interval over the blocks.
    Latencies are of all that were under way in the turns, from where a client asked for a connection, and so is
    `pool_wait_p99_ms`, the time until it was lent one; None where each has its own. PgBouncer is waited for out of
    sight: it says how long in the mean (`bouncer_wait_ms`), and how many at most. `exhausted` operations got no
    connection in time, `failed` ones met another error that no rule explains. `busy_share` is how much of a processor
    the clients themselves took.
    """

    size: int
    rate_per_s: float
    interval: Ends | None
    p50_ms: float | None
    p99_ms: float | None
    pool_wait_p99_ms: float | None
    bouncer_wait_ms: float | None
    bouncer_most_waiting: int | None
    samples: int
    exhausted: int
    failed: int
    busy_share: float


@dataclass(frozen=True, kw_only=True)
class PoolKind:
    """
    One kind of pool: passed, or failed, or why it was skipped.

    The knee is the smallest size as good as the best one, to 5 %, and between which sizes it lies; None where there is
    only one size. `proofs` is how often a borrower was seen to find nothing of the one before it.
    """

    name: str
    verdict: Verdict
    detail: str = ""
    knee: int | None = None
    knee_interval: tuple[int, int] | None = None
    proofs: int = 0
    points: tuple[PoolPoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PoolComparison:
    """All kinds of pools under the same load. `problems` are what failed of them, and of the history that they left."""

    scenario: str
    subject: str
    clients: int
    blocks: int
    turn_s: float
    kinds: tuple[PoolKind, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Failed where anything did."""
        return "failed" if self.problems else "passed"

    @property
    def summary(self) -> str:
        """The knees in one clause."""
        told = [f"{kind.name} {kind.knee}" for kind in self.kinds if kind.knee is not None]
        return f"pools' knees for {self.clients} clients: {', '.join(told) or 'none'}"


class _Turn(NamedTuple):
    """A turn that was taken: whose, the number of its first client, when it counted, and what PgBouncer says of it."""

    place: int
    first: int
    taken: Taken
    wait: Wait | None


def compare_pools(
    database: Database,
    scenario: Scenario | str = SCENARIO,
    *,
    subject: str = "procedural",
    clients: int = CLIENTS,
    sizes: Sequence[int] = SIZES,
    turn_s: float = TURN_S,
    limit_s: float | None = None,
    blocks: int = LEAST_BLOCKS,
    seed: int = 1,
    tell: Callable[[str, int, int], None] | None = None,
) -> PoolComparison:
    """
    Put the scenario's mix on a database by each kind of pool and in each size, in a closed loop.

    A turn counts for `turn_s`, or for as long as fits into `limit_s` altogether; where that is too short, every other
    size is left out. So are sizes beyond the clients. `tell` hears how many turns are over. The database must be quiet
    otherwise.

    Raises:
        UsageError, GuardRefusal, NothingToDo, EnvironmentFault: as `run_load` does.
        LoadFailed: the clients' process ended.
    """
    chosen = find_scenario(scenario) if isinstance(scenario, str) else scenario
    chosen = replace(chosen, clients=clients, arrival=Arrival(), faults=(), pool=Pool(), thresholds=Thresholds())
    implementation = find_subject(subject)
    skipped = _unavailable(implementation)
    fitting = sorted({size for size in sizes if size <= clients}) or [clients]
    pools = _plan(fitting, clients, skipped)
    while limit_s is not None and len(fitting) > _LEAST_SIZES and _fits(limit_s, blocks * len(pools)) < _LEAST_TURN_S:
        fitting = fitting[::2]
        pools = _plan(fitting, clients, skipped)
    faults: dict[str, VirtualQError] = {}
    with prepare(database, chosen, subject=subject, seed=seed) as run:
        _require_connections(database, max(clients, *fitting))
        with ExitStack() as held:
            ways = _open(held, run, database, pools, skipped)
            _prove(ways, implementation, run, faults)
            places = [place for place, way in enumerate(ways.ways) if way.pool.mode not in faults]
            if limit_s is not None:
                turn_s = max(_LEAST_TURN_S, _fits(limit_s, blocks * len(places)))
            turns = _take_turns(run, ways, places, turn_s=turn_s, blocks=blocks, tell=tell)
            found = list(ways.ways)
        result = run.conclude()
        recording = read_journals(run.plan.folder)
    kinds = []
    for mode in POOLS:
        own = [place for place in places if found[place].pool.mode == mode]
        measured = [_point(found[place].pool, recording, turns[place], clients) for place in own]
        kinds.append(_kind(mode, skipped.get(mode), faults.get(mode), [found[place] for place in own], measured))
    judged = [Problem(**one) for one in result.problems() if one["code"] in _JUDGED]  # type: ignore[arg-type]
    return PoolComparison(
        scenario=chosen.name,
        subject=subject,
        clients=clients,
        blocks=blocks,
        turn_s=round(turn_s, 3),
        kinds=tuple(kinds),
        problems=(*(_problem(mode, fault) for mode, fault in faults.items()), *judged),
    )


def _plan(sizes: Sequence[int], clients: int, skipped: Mapping[str, str]) -> list[Pool]:
    """Every kind that is there, in every size; without a pool there are as many connections as clients."""
    return [
        Pool(mode=mode, size=size)
        for mode in POOLS
        if mode not in skipped
        for size in ([clients] if mode == DIRECT else sizes)
    ]


def _fits(limit_s: float, turns: int) -> float:
    """For how long each turn may count, where all of them take so long."""
    return (limit_s / turns - _BESIDES_S) / (1 + _WARM_SHARE)


def _unavailable(subject: Subject) -> dict[str, str]:
    """The kinds that cannot be measured here, and why."""
    try:
        require_poolable(subject)
    except UsageError as error:
        return {mode: error.what for mode in POOLS if mode != DIRECT}
    return {} if find_program() is not None else dict.fromkeys(BOUNCED, f"missing: {MISSING}")


def _require_connections(database: Database, most: int) -> None:
    free, needed = free_connections(database), most + _SPARE_CONNECTIONS
    if free < needed:
        raise EnvironmentFault(
            "the server has too few connections for the greatest pool",
            observed=f"{free} free",
            expected=f"{needed}",
            next_step="fewer clients (--clients), or a greater max_connections",
        )


def _open(held: ExitStack, run: Run, database: Database, pools: Sequence[Pool], skipped: dict[str, str]) -> Ways:
    """The ways of all pools; without those of PgBouncer, and with the reason in `skipped`, where it is of no use."""
    clients = run.plan.scenario.clients
    try:
        return held.enter_context(open_ways(database, pools, clients=clients, application_name=run.name))
    except EnvironmentFault as error:
        fit = [pool for pool in pools if pool.mode not in BOUNCED]
        if len(fit) == len(pools):
            raise
        skipped |= dict.fromkeys(BOUNCED, f"{error.what}: {error.observed}" if error.observed else error.what)
        return held.enter_context(open_ways(database, fit, clients=clients, application_name=run.name))


def _prove(ways: Ways, subject: Subject, run: Run, faults: dict[str, VirtualQError]) -> None:
    """What must hold of each kind is proved on its first way, and what was found then goes for its other sizes."""
    proved: dict[str, Way] = {}
    for place, way in enumerate(ways.ways):
        mode = way.pool.mode
        if mode in faults:
            continue
        if mode not in proved:
            try:
                proved[mode] = ways.prove(place, subject, run.plan.target)
            except (TenantLeak, Unbound) as error:
                faults[mode] = error
                continue
        like = proved[mode]
        ways.ways[place] = replace(way, prepares=like.prepares, note=like.note, proofs=like.proofs)


def _take_turns(
    run: Run,
    ways: Ways,
    places: Sequence[int],
    *,
    turn_s: float,
    blocks: int,
    tell: Callable[[str, int, int], None] | None,
) -> dict[int, list[_Turn]]:
    """Every way's turns, one a block."""
    draw = random.Random(f"{run.plan.seed}/turns")
    taken: dict[int, list[_Turn]] = {place: [] for place in places}
    warm_s, number = turn_s * _WARM_SHARE, 0
    with Crew(run.plan) as crew:
        for _ in range(blocks):
            for place in draw.sample(places, len(places)):
                way = ways.ways[place]
                first = 1 + number * run.plan.scenario.clients
                turn = Turn(number, first, asdict(way.pool), way.dsn, way.prepares, warm_s, turn_s)
                watch = way.watch()
                answer = crew.take(turn._asdict(), for_s=warm_s + turn_s)
                wait = None if watch is None else watch.conclude()
                if "code" in answer:
                    raise LoadFailed(f"a turn of {way.pool.mode} failed: {answer['what']}", observed=answer["observed"])
                taken[place].append(_Turn(place, first, Taken(**answer), wait))
                if way.bouncer is not None and way.door is not None:
                    way.bouncer.renew(way.door)
                number += 1
                if tell is not None:
                    tell("turns", number, blocks * len(places))
    return taken


class _Measured(NamedTuple):
    """A point, and its rate in each block."""

    point: PoolPoint
    rates: list[float]


def _point(pool: Pool, recording: Recording, turns: Sequence[_Turn], clients: int) -> _Measured:
    rates, latencies, waits = [], [], []
    exhausted = failed = 0
    reasons = {name: code for code, name in enumerate(recording.names)}
    for turn in turns:
        begin_ns, end_ns, _ = turn.taken
        of_turn = recording.records["client"] - turn.first
        records = _calls(recording.records[(of_turn >= 0) & (of_turn < clients)])
        # What was under way meanwhile counts as slow or as quick as it was, also where it took longer than the turn: a
        # client that got no connection at all would be left out otherwise.
        asked_ns = records["invoke_ns"] - records["pooled_ns"]
        records = records[(asked_ns < end_ns) & (records["return_ns"] > begin_ns)]
        is_answered = np.isin(records["outcome"], [Outcome.OK, Outcome.REFUSED])
        ended = int(np.count_nonzero(is_answered & (records["return_ns"] <= end_ns)))
        rates.append(ended * _NS_PER_S / (end_ns - begin_ns))
        latencies.append(latency_ns(records[is_answered]))
        waits.append(records["pooled_ns"][records["pooled_ns"] > 0])
        is_exhausted = records["reason"] == reasons.get(PoolExhausted.code, -1)
        exhausted += int(np.count_nonzero(is_exhausted))
        failed += int(np.count_nonzero(~is_answered & ~is_exhausted))
    rate, interval = rate_of(rates)
    latency, wait = distribution("operation", np.concatenate(latencies)), distribution("wait", np.concatenate(waits))
    bounced = [turn.wait for turn in turns if turn.wait is not None and turn.wait.mean_ms is not None]
    lent = sum(one.lent for one in bounced)
    point = PoolPoint(
        size=pool.size,
        rate_per_s=rate,
        interval=interval,
        p50_ms=latency.p50_ms,
        p99_ms=latency.p99_ms,
        pool_wait_p99_ms=wait.p99_ms,
        bouncer_wait_ms=sum(one.lent * (one.mean_ms or 0.0) for one in bounced) / lent if lent else None,
        bouncer_most_waiting=max((one.most_waiting for one in bounced), default=None),
        samples=latency.samples,
        exhausted=exhausted,
        failed=failed,
        busy_share=float(np.mean([turn.taken.busy_share for turn in turns])),
    )
    return _Measured(point, rates)


def _calls(records: NDArray[np.void]) -> NDArray[np.void]:
    """One record a call: a bulk call is recorded once a ticket, and answered where one of its tickets was."""
    ordered = records[np.lexsort((records["outcome"], records["invoke_ns"], records["client"]))]
    _, first = np.unique(ordered[["client", "invoke_ns"]], return_index=True)
    return ordered[first]


def _kind(
    mode: str, reason: str | None, fault: VirtualQError | None, ways: Sequence[Way], measured: Sequence[_Measured]
) -> PoolKind:
    if reason is not None:
        return PoolKind(name=mode, verdict="skipped", detail=reason)
    if fault is not None:
        return PoolKind(name=mode, verdict="failed", detail=fault.what)
    way = ways[0]
    knee = find_knee({one.point.size: one.rates for one in measured}) if len(measured) > 1 else None
    return PoolKind(
        name=mode,
        verdict="passed",
        detail="; ".join(filter(None, (way.pooling().program, way.note))),
        knee=None if knee is None else knee.size,
        knee_interval=None if knee is None else (knee.low, knee.high),
        proofs=way.proofs,
        points=tuple(one.point for one in measured),
    )


def _problem(mode: str, fault: VirtualQError) -> Problem:
    told = Problem.of(fault)
    return replace(told, what=f"{mode}: {told.what}")
