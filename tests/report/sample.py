"""
Results as a check could have written them: passed, failed, inconclusive and broken off.

Distributions are drawn, not typed, so that plots and percentiles belong together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.measure.quantile import Histogram
from virtualq_core.measure.result import (
    BudgetResult,
    GuaranteeResult,
    LatencyResult,
    PlanResult,
    Problem,
    SubjectResult,
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
    Violation,
    Wait,
)
from virtualq_core.report.pool_results import PoolKind, PoolPoint, Pools
from virtualq_core.report.results import Calibration, Dataset, Requirement, Results, Stage, StageName

if TYPE_CHECKING:
    from virtualq_core.report.verdict import PartVerdict

SEED = 20_250_301
QUEUE_INDEX = "idx_ticket_queue_state_created"
QUEUE_PLAN = """\
Limit  (cost=0.43..1043.71 rows=1000 width=214) (actual time=0.041..1.873 rows=1000 loops=1)
  Buffers: shared hit=1012
  ->  Index Scan using idx_ticket_queue_state_created on virtualq.ticket t  (cost=0.43..1051.02 rows=1007 width=214) \
(actual time=0.040..1.791 rows=1000 loops=1)
        Index Cond: ((t.queue_id = 42) AND ((t.current_state)::text = 'received'::text))
        Filter: (t.tenant_id = 7)
        Buffers: shared hit=1012
Planning:
  Buffers: shared hit=38
Planning Time: 0.402 ms
Execution Time: 1.951 ms"""
SEQUENTIAL_PLAN = """\
Sort  (cost=1913.20..1915.70 rows=1000 width=214) (actual time=131.882..132.010 rows=1000 loops=1)
  Sort Key: t.created_at DESC
  Sort Method: quicksort  Memory: 312kB
  Buffers: shared hit=1544
  ->  Seq Scan on virtualq.ticket t  (cost=0.00..1863.37 rows=1000 width=214) (actual time=0.011..128.530 rows=1000 \
loops=1)
        Filter: ((t.tenant_id = 7) AND (t.queue_id = 42) AND ((t.current_state)::text = 'received'::text))
        Rows Removed by Filter: 19000
        Buffers: shared hit=1544
Execution Time: 132.204 ms"""
QUEUE_COMPARISON = """\
first difference: Seq Scan on ticket t

as demanded (1,012 blocks)             today (1,544 blocks)
------------------------------------   ------------------------------------
Sort                                   Sort
  Sort Key: t.created_at DESC            Sort Key: t.created_at DESC
 Index Scan                          |  Seq Scan
   idx_ticket_queue_state_created    <
   on ticket t                            on ticket t
   Index Cond: current_state,        |    Filter: current_state, queue_id,
       queue_id                      |        tenant_id
   Filter: tenant_id                 <"""
REQUIREMENTS = (
    ("MAC-001", "A machine without an initial state is refused when it is written."),
    ("MAC-002", "A transition to a state that the machine does not name is refused."),
    ("MAC-003", "Of two edges with one name and one source, the second is refused as ambiguous."),
    ("TRN-001", "A ticket never moves along an edge that its machine lacks, whatever SQL is used."),
    ("TRN-002", "A new ticket starts in its machine's initial state."),
    ("TRN-003", "Of several clients racing one edge with no way back, exactly one succeeds."),
    ("HIS-001", "Every change of state leaves one history row in the same transaction."),
    ("HIS-002", "A history row cannot be changed or deleted by the application."),
    ("HIS-003", "The sequence of a ticket's history has no gaps."),
    ("TEN-001", "With no tenant set, no row is visible."),
    ("TEN-002", "No reference crosses from one tenant to another."),
    ("TEN-003", "A tenant's setting does not outlive its transaction."),
    ("FLD-001", "Custom data that its type's schema refuses is not stored."),
    ("FLD-002", "A schema that is no JSON Schema is refused when it is written."),
    ("UID-001", "No external identifier occurs twice across all tables."),
    ("LIF-001", "A ticket goes from its initial to a final state with every step recorded."),
)
FAMILIES = {
    "MAC": "state machine",
    "TRN": "transition",
    "HIS": "history",
    "TEN": "tenancy",
    "FLD": "custom fields",
    "UID": "identifier",
    "LIF": "lifecycle",
}
STAGES: tuple[tuple[StageName, float, str], ...] = (
    ("environment", 1.842, "PostgreSQL 18.6, embedded, 2 cores, 24 GiB"),
    ("install", 0.611, "schema version 1, 214 objects"),
    ("seed", 4.27, "20,000 tickets, 48,211 items, 71,402 history rows"),
    ("conformance", 9.318, "16 requirements, 88 tests"),
    ("plans", 0.954, "4 queries, each by the index demanded"),
    ("budgets", 11.73, "7 budgets"),
    ("load", 12.04, "8 clients for 10 s"),
)


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


def plan(query: str, index: str, text: str = QUEUE_PLAN) -> PlanResult:
    """A plan that the named index serves."""
    return PlanResult(
        query=query,
        verdict="passed",
        parameters={"tenant_id": 7, "queue_id": 42, "state": "received", "limit": 1000},
        fingerprint="5f1c0e9a",
        served_by=(index,),
        buffers=1012,
        planning_buffers=38,
        rows=1000,
        execution_ms=1.951,
        q_error=1.007,
        plan=[{"Plan": {"Node Type": "Limit", "Plans": [{"Node Type": "Index Scan", "Index Name": index}]}}],
        text=text.replace(QUEUE_INDEX, index),
    )


def passed() -> Results:
    """A smoke check that passed."""
    queue = latency("list_queue", 6.1)
    budgets = (
        BudgetResult(
            name="queue_monitoring",
            metric="p99_ms",
            verdict="passed",
            observed=queue.p99,
            limit=100.0,
            unit="ms",
            query="list_queue",
            tenant=7,
            samples=queue.samples,
            interval=(queue.p99 * 0.94, queue.p99 * 1.09),
            detail="the worst of 12 tenants",
        ),
        BudgetResult(
            name="queue_monitoring",
            metric="max_buffers",
            verdict="passed",
            observed=1012,
            limit=1100,
            unit="blocks",
            query="list_queue",
            tenant=7,
        ),
        BudgetResult(
            name="queue_monitoring",
            metric="max_growth_exponent",
            verdict="passed",
            observed=0.0213,
            limit=0.10,
            query="list_queue",
            samples=4,
            interval=(0.008, 0.034),
            detail="of buffers against all tickets in the database",
        ),
        BudgetResult(
            name="queue_monitoring",
            metric="must_be_served_by",
            verdict="passed",
            observed=QUEUE_INDEX,
            limit=QUEUE_INDEX,
            sense="equals",
            query="list_queue",
        ),
        BudgetResult(
            name="employee_dashboard",
            metric="p99_ms",
            verdict="passed",
            observed=3.42,
            limit=50.0,
            unit="ms",
            query="list_employee_tickets",
            samples=2_000,
            interval=(3.20, 3.71),
        ),
        BudgetResult(
            name="custom_data_search",
            metric="p99_ms",
            verdict="passed",
            observed=71.4,
            limit=100.0,
            unit="ms",
            query="search_custom_data",
            samples=2_000,
            interval=(66.0, 79.8),
        ),
        BudgetResult(
            name="load",
            metric="min_transitions_per_s",
            verdict="passed",
            observed=3_671.0,
            limit=500,
            unit="transitions/s",
            sense="at_least",
        ),
    )
    return Results(
        virtualq_version="0.1.0",
        started_at="2026-03-01T09:14:07+00:00",
        duration_s=41.3,
        command=("virtualq", "check", "--profile", "smoke", "--out", "out"),
        environment={
            "cpu": "AMD EPYC 7763 64-Core Processor",
            "cores": 2,
            "memory_bytes": 25_282_527_232,
            "kernel": "6.1.0-28-amd64",
            "os": "Debian GNU/Linux 12 (bookworm)",
            "python": "3.11.7",
            "postgres_version": "18.6",
            "provider": "embedded",
            "fsync": True,
            "settings": {
                "shared_buffers": "4GB",
                "synchronous_commit": "on",
                "full_page_writes": "on",
                "jit": "off",
                "random_page_cost": "1.1",
                "max_wal_size": "4GB",
            },
            "extensions": ["plpgsql 1.0", "pg_stat_statements 1.12"],
            "packages": {"psycopg": "3.3.9", "SQLAlchemy": "2.1.9", "locust": "2.47.0", "virtualq": "0.1.0"},
        },
        profile="smoke",
        seed=1,
        dataset=Dataset(
            hash="b3f1a0c95e7d2246",
            tickets=20_000,
            items=48_211,
            history=71_402,
            tenants=12,
            queues=96,
            size_bytes=61_341_696,
        ),
        stages=tuple(Stage(name=name, verdict="passed", duration_s=s, summary=line) for name, s, line in STAGES),
        requirements=tuple(
            Requirement(
                id=identity,
                level="must",
                text=text,
                verdict="passed",
                evidence="procedural and orm: 6 of 6 cases hold",
                tests=(f"conformance/test_{FAMILIES[identity[:3]].replace(' ', '_')}.py::test_rule_{identity[-1]}",),
                family=FAMILIES[identity[:3]],
            )
            for identity, text in REQUIREMENTS
        ),
        plans=(
            plan("list_queue", QUEUE_INDEX),
            plan("list_employee_tickets", "idx_ticket_employee_state"),
            plan("search_custom_data", "idx_ticket_custom_data"),
            plan("count_queue", "idx_ticket_tenant_via_queue"),
        ),
        budgets=budgets,
        latencies=(
            queue,
            latency("list_employee_tickets", 2.1),
            latency("search_custom_data", 38.0, 0.25),
            latency("create_ticket", 1.24, 0.3),
            latency("transition_ticket (procedural)", 0.71, 0.28),
            latency("transition_ticket (orm)", 3.6, 0.2),
        ),
        load=load(),
        subjects=(
            SubjectResult(
                name="procedural",
                transitions_per_s=1_384.0,
                p50_ms=0.69,
                p99_ms=1.52,
                round_trips=1,
                ratio_to_procedural=1.0,
            ),
            SubjectResult(
                name="orm",
                transitions_per_s=268.0,
                p50_ms=3.58,
                p99_ms=6.94,
                round_trips=5,
                ratio_to_procedural=0.1936,
                ratio_interval=(0.188, 0.199),
            ),
        ),
        calibration=Calibration(
            taken_at="2026-02-27T18:40:00+00:00",
            query="list_queue",
            tickets=20_000,
            trials=300,
            false_alarms=0,
            false_alarm_interval=(0.0, 0.0122),
            limit_s=10.0,
            smallest_change=0.031,
        ),
        guarantees=guarantees(),
        pools=pools(),
    )


def guarantees() -> tuple[GuaranteeResult, ...]:
    """One of each verdict, one without a target, and one that could not be measured."""
    rate = "transitions/s"
    return (
        _guarantee("statement", "bare_update", rate, 6_910.0, 10_430.0, (0.64, 0.69)),
        _guarantee("procedural", "bare_update", rate, 5_420.0, 10_430.0, (0.50, 0.54), target=0.65, verdict="failed"),
        _guarantee("procedural", "orm", rate, 1_384.0, 268.0, (4.9, 5.4), target=5.0, verdict="inconclusive"),
        _guarantee("bulk", "loop", "tickets/s", 12_900.0, 1_290.0, (9.6, 10.3), target=8.0, verdict="passed"),
        GuaranteeResult(
            name="list_queue",
            reference="pgbench",
            unit="ms",
            clients=1,
            sense="at_most",
            target=1.7,
            verdict="skipped",
            detail="pgbench is not there",
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


def _guarantee(
    name: str,
    reference: str,
    unit: str,
    value: float,
    reference_value: float,
    interval: tuple[float, float],
    *,
    target: float | None = None,
    verdict: PartVerdict | None = None,
) -> GuaranteeResult:
    return GuaranteeResult(
        name=name,
        reference=reference,
        unit=unit,
        clients=8,
        value=value,
        reference_value=reference_value,
        ratio=value / reference_value,
        interval=interval,
        blocks=12,
        target=target,
        verdict=verdict,
    )


def failed() -> Results:
    """The same check on a database without its queue index, with a disabled trigger and a broken history."""
    base = passed()
    slow = latency("list_queue", 118.0, 0.12)
    missing = Problem(
        code="plan-index",
        what=f"list_queue is not served by {QUEUE_INDEX}",
        observed="a sequential scan of virtualq.ticket; 19,000 rows removed by its filter",
        expected=QUEUE_INDEX,
        next_step=f"create the index {QUEUE_INDEX}, as schema/indexes/seed.sql does",
        comparison=QUEUE_COMPARISON,
    )
    over = Problem(
        code="budget-exceeded",
        what="queue_monitoring: p99 of list_queue over its budget in the worst tenant, 7",
        observed="167 ms (158 to 180 ms)",
        expected="at most 100 ms",
        next_step="compare the plan of list_queue with the one that the index gives",
    )
    illegal = Problem(
        code="requirement",
        what="TRN-001 does not hold: an illegal edge was taken by a plain update",
        observed="received → completed was accepted",
        expected="SQLSTATE 23514, constraint ticket_transition_is_legal",
        next_step="enable the trigger ticket_enforce_transition",
    )
    violations = (
        Violation(
            invariant="edges-are-legal",
            what="seq 2 takes 'pickup' from 'received' to 'completed', no edge of revision 1",
            tenant=7,
            ticket=1841,
            evidence=("seq 1  null → received", "seq 2  received → completed  pickup  op 01970c3e"),
        ),
        Violation(
            invariant="history-is-a-path",
            what="seq 4 leaves 'ready'; seq 3 had reached 'in_progress'",
            tenant=3,
            ticket=9077,
        ),
    )
    broken: dict[str, tuple[Problem, ...]] = {
        "conformance": (illegal,),
        "plans": (missing,),
        "budgets": (over,),
        "load": (),
    }
    assert base.load is not None
    return replace(
        base,
        stages=tuple(
            replace(stage, verdict="failed", problems=broken[stage.name]) if stage.name in broken else stage
            for stage in base.stages
        ),
        requirements=tuple(
            replace(one, verdict="failed", evidence="received → completed was accepted; expected 23514")
            if one.id == "TRN-001"
            else one
            for one in base.requirements
        ),
        plans=(
            replace(
                base.plans[0],
                verdict="failed",
                served_by=(),
                buffers=1544,
                execution_ms=132.204,
                q_error=1.0,
                text=SEQUENTIAL_PLAN,
                problems=(missing,),
            ),
            *base.plans[1:],
        ),
        budgets=(
            replace(base.budgets[0], verdict="failed", observed=slow.p99, interval=(158.0, 180.0)),
            replace(base.budgets[1], verdict="failed", observed=1544),
            base.budgets[2],
            replace(base.budgets[3], verdict="failed", observed="no index"),
            *base.budgets[4:],
        ),
        latencies=(slow, *base.latencies[1:]),
        load=replace(
            base.load,
            violations=violations,
            invariants=tuple(
                replace(one, verdict="failed") if one.name in {"edges-are-legal", "history-is-a-path"} else one
                for one in base.load.invariants
            ),
        ),
    )


def inconclusive() -> Results:
    """A check on a noisy machine: nothing failed, but one budget and the load could not be decided."""
    base = passed()
    noisy = Problem(
        code="too-noisy",
        what="custom_data_search: p99 cannot be told from its limit",
        observed="97.2 ms (81.0 to 118 ms)",
        expected="an interval on one side of 100 ms",
        next_step="run again on a quiet machine, or with more samples",
    )
    idle = Problem(
        code="too-little-contention",
        what="too few transitions raced for the same ticket to say anything about races",
        observed="3 races",
        expected="at least 100",
        next_step="run with more clients or longer",
    )
    undecided: dict[str, tuple[Problem, ...]] = {"budgets": (noisy,), "load": (idle,)}
    return replace(
        base,
        stages=tuple(
            replace(stage, verdict="inconclusive", problems=undecided[stage.name]) if stage.name in undecided else stage
            for stage in base.stages
        ),
        budgets=tuple(
            replace(one, verdict="inconclusive", observed=97.2, interval=(81.0, 118.0))
            if one.name == "custom_data_search"
            else one
            for one in base.budgets
        ),
    )


def broken_off() -> Results:
    """A check whose server could not be reached: nothing was measured."""
    unreachable = Problem(
        code="environment",
        what="no server answers at the given URL",
        observed="connection refused",
        expected="a PostgreSQL of version 15 or newer",
        next_step="start the server, or leave --database-url out to use the embedded one",
    )
    first, *others = passed().stages
    return replace(
        passed(),
        duration_s=0.4,
        environment={"python": "3.11.7"},
        dataset=None,
        stages=(
            replace(first, verdict="error", duration_s=0.4, summary="", problems=(unreachable,)),
            *(replace(stage, verdict="skipped", duration_s=0.0, summary="needs a server") for stage in others),
        ),
        requirements=(),
        plans=(),
        budgets=(),
        latencies=(),
        load=None,
        subjects=(),
        guarantees=(),
        pools=None,
        calibration=None,
    )


def hostile(text: str) -> Results:
    """A passed and a failed part of every kind, with `text` wherever a text can stand."""
    base = failed()
    problem = Problem(code=text, what=text, observed=text, expected=text, next_step=text, comparison=text)
    verdicts: tuple[PartVerdict, ...] = ("passed", "failed")
    assert base.load is not None
    return replace(
        base,
        virtualq_version=text,
        command=("virtualq", text),
        environment={text: text, "settings": {text: text}, "list": [text]},
        profile=text,
        dataset=Dataset(hash=text, tickets=1),
        stages=tuple(replace(stage, summary=text, problems=(problem,)) for stage in base.stages),
        requirements=tuple(
            Requirement(id=f"{text}-{verdict}", level="must", text=text, verdict=verdict, evidence=text, tests=(text,))
            for verdict in verdicts
        ),
        plans=tuple(
            replace(
                one,
                query=text,
                parameters={text: text},
                fingerprint=text,
                served_by=(text,),
                text=text,
                problems=(problem,),
            )
            for one in base.plans
        ),
        budgets=tuple(
            replace(one, name=text, metric=text, query=text, unit=text, tenant=text, detail=text, problem=problem)
            for one in base.budgets
        ),
        latencies=tuple(replace(one, name=text) for one in base.latencies),
        load=replace(
            base.load,
            violations=(Violation(invariant=text, what=text, tenant=text, ticket=text, evidence=(text,)),),
            invariants=(Invariant(name=text, verdict="passed", text=text),),
            operations={text: 1},
            subject=text,
        ),
        subjects=tuple(replace(one, name=text) for one in base.subjects),
        guarantees=tuple(replace(one, name=text, reference=text, unit=text, detail=text) for one in base.guarantees),
        pools=replace(
            pools(),
            scenario=text,
            subject=text,
            kinds=tuple(replace(one, name=f"{text}-{at}", detail=text) for at, one in enumerate(pools().kinds)),
        ),
    )


VARIANTS = (passed, failed, inconclusive, broken_off)
