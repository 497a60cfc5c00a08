"""A load and a comparison of pools as a check could have told them; distributions are drawn, not typed."""

from __future__ import annotations

import numpy as np

from virtualq_core.measure.quantile import Histogram
from virtualq_core.measure.result import (
    LatencyResult,
)
from virtualq_core.report.load_results import (
    Demand,
    Disturbance,
    Instant,
    Invariant,
    Load,
    Moment,
    Observation,
    Phase,
    Statement,
    Wait,
)
from virtualq_core.report.pool_results import PoolKind, PoolPoint, Pools

SEED = 20_250_301


def latency(name: str, median_ms: float, spread: float = 0.22, samples: int = 2_000) -> LatencyResult:
    """A log-normal distribution with a slow tail of one in a hundred."""
    random = np.random.default_rng([SEED, len(name), round(median_ms * 1000)])
    drawn = median_ms * np.exp(random.normal(0, spread, samples))
    drawn[random.random(samples) < 0.01] *= 2.4
    edges = np.geomspace(drawn.min() * 0.98, drawn.max() * 1.02, 49)
    counts, _ = np.histogram(drawn, edges)
    p50, p90, p95, p99, p999 = (float(value) for value in np.percentile(drawn, [50, 90, 95, 99, 99.9]))
    return LatencyResult(
        name=name,
        samples=samples,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        p999=p999,
        max=float(drawn.max()),
        histogram=Histogram(edges_ms=tuple(map(float, edges)), counts=tuple(map(int, counts))),
    )


def load() -> Load:
    """Ten seconds of eight clients, in intervals of a quarter of a second, with a checkpoint's dip."""
    random = np.random.default_rng([SEED, 1])
    times = [index / 4 for index in range(40)]
    slow = [1 + 1.6 * np.exp(-(((t - 6.2) / 0.4) ** 2)) for t in times]
    moments = tuple(
        Moment(
            t_s=t,
            transitions=round(960 / drag * random.normal(1, 0.03)),
            p50_ms=float(1.9 * drag * random.normal(1, 0.03)),
            p99_ms=float(6.1 * drag**1.6 * random.normal(1, 0.12)),
        )
        for t, drag in zip(times, slow, strict=True)
    )
    total = sum(moment.transitions for moment in moments)
    return Load(
        transitions_per_s=total / 10,
        p50_ms=1.96,
        p99_ms=11.37,
        demand=Demand(
            scenario="check",
            operations_per_s=1410.5,
            due=14_105,
            late=12,
            skipped=2,
            latency_limit_ms=250,
            max_late_share=0.01,
            driver_share=0.06,
        ),
        refused=412,
        unknown=0,
        invariants=(
            Invariant(
                name="history-is-a-path",
                verdict="passed",
                text="each step leaves where the last arrived",
                checked=71_402,
            ),
            Invariant(
                name="edges-are-legal", verdict="passed", text="every step is an edge of its revision", checked=71_402
            ),
            Invariant(
                name="acknowledged-exactly-once",
                verdict="passed",
                text="an acknowledged operation is in the history once",
                checked=total,
            ),
            Invariant(
                name="seq-is-gapless",
                verdict="passed",
                text="the steps of a ticket are numbered without gaps",
                checked=20_000,
            ),
        ),
        clients=8,
        duration_s=10.0,
        timeline=moments,
        histogram=latency("load", 1.96, 0.5, total).histogram,
        operations={"transition": total, "claim_next": 1_204, "create": 803},
        subject="procedural",
        server=server(),
        faults=(stall(),),
    )


def server() -> Observation:
    """What the server did in these ten seconds: it logs steadily, and everybody waits for a lock at the sixth."""
    random = np.random.default_rng([SEED, 2])
    samples = []
    for index in range(1, 20):
        t_s = index / 2
        is_stalled = 6 <= t_s < 7
        waits = {"Lock:relation": 8} if is_stalled else {"running": 3, "IO:WalSync": 2, "LWLock:WALWrite": 1, "idle": 2}
        samples.append(
            Instant(
                t_s=t_s,
                waits=waits,
                blocked=8 if is_stalled else 0,
                wal_bytes_per_s=0.0 if is_stalled else float(4.2e6 * random.normal(1, 0.05)),
                hot_share=None if is_stalled else float(np.clip(0.11 * random.normal(1, 0.1), 0, 1)),
                dead_tuples=index * 1_450,
                blocks_per_transaction=48 + index / 3,
                snapshot_s=0.002,
                generator_share=0.05 if is_stalled else 0.31,
                server_share=0.01 if is_stalled else 0.42,
                other_share=0.03,
                generator_bytes=112_000_000 + 10_000 * index,
            )
        )
    return Observation(
        samples=tuple(samples),
        waits=(
            Wait(name="running", share=0.45),
            Wait(name="IO:WalSync", share=0.3),
            Wait(name="LWLock:WALWrite", share=0.15),
            Wait(name="Lock:relation", share=0.1),
        ),
        wal_bytes=41_943_040,
        wal_bytes_per_transition=1_092.3,
        hot_share=0.112,
        dead_tuples_growth=26_100,
        checkpoints=1,
        deadlocks=0,
        snapshot_s=0.004,
        generator_share=0.29,
        server_share=0.39,
        other_share=0.03,
        generator_bytes=112_190_000,
        generator_growth=0.0009,
        execution_ms=0.41,
        execution_share=0.21,
        statements=(
            Statement(
                query="select t.seq from virtualq.transition_ticket( tenant_id => $1, ticket_id => $2) as t",
                calls=38_000,
                mean_ms=0.41,
                wal_bytes=35_000_000,
                blocks=1_710_000,
            ),
        ),
        missing={"snapshots": "permission denied for view pg_stat_activity"},
    )


def stall() -> Disturbance:
    """Half a second in which nobody could touch a ticket."""
    return Disturbance(
        kind="stall",
        begin_s=6.02,
        end_s=6.53,
        unknown=0,
        recovery_s=0.004,
        silence_s=0.511,
        phases=(
            Phase(name="before", duration_s=6.02, transitions_per_s=3_822, p50_ms=1.9, p99_ms=6.2, dead_tuples=17_400),
            Phase(name="during", duration_s=0.51, transitions_per_s=0, p50_ms=262, p99_ms=508.1, dead_tuples=17_400),
            Phase(name="after", duration_s=3.47, transitions_per_s=3_790, p50_ms=1.9, p99_ms=6.4, dead_tuples=26_100),
        ),
    )


def pools() -> Pools:
    """Two kinds of pools in four sizes, one connection for each client, and one kind that is not installed."""
    own = PoolPoint(
        size=32, rate_per_s=3_120.0, samples=9_400, interval=(3_040, 3_190), p50_ms=9.9, p99_ms=24.1, busy_share=0.71
    )
    kinds = (
        PoolKind(name="direct", verdict="passed", points=(own,)),
        _pool("psycopg", (1_210, 2_260, 3_490, 3_410), 4, (4, 8)),
        PoolKind(name="sqlalchemy", verdict="failed", detail="the tenant of one client is still set for the next one"),
        PoolKind(name="pgbouncer-session", verdict="skipped", detail="missing: PgBouncer"),
        _pool("pgbouncer-transaction", (1_020, 1_890, 2_630, 2_700), 4, (4, 4), bouncer="PgBouncer 1.24.1"),
    )
    return Pools(scenario="pools", subject="procedural", clients=32, blocks=6, turn_s=0.5, kinds=kinds)


def _pool(
    name: str, rates: tuple[float, ...], knee: int, knee_interval: tuple[int, int], *, bouncer: str = ""
) -> PoolKind:
    points = tuple(
        PoolPoint(
            size=2**power,
            rate_per_s=rate,
            samples=round(rate * 3),
            interval=(rate * 0.95, rate * 1.04),
            p50_ms=31_000 / rate,
            p99_ms=64_000 / rate,
            pool_wait_p99_ms=None if bouncer else 55_000 / rate,
            bouncer_wait_ms=24_000 / rate if bouncer else None,
            bouncer_most_waiting=32 - 2**power if bouncer else None,
            exhausted=3 if power == 0 else 0,
            busy_share=0.7,
        )
        for power, rate in enumerate(rates)
    )
    return PoolKind(
        name=name, verdict="passed", detail=bouncer, knee=knee, knee_interval=knee_interval, proofs=4, points=points
    )
