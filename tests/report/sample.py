"""
Results as a check could have written them: passed, failed, inconclusive and broken off.

Distributions are drawn, not typed, so that plots and percentiles belong together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.report.sample_load import latency, load, pools
from tests.report.sample_plan import QUEUE_COMPARISON, QUEUE_INDEX, SEQUENTIAL_PLAN, guarantees, plan
from virtualq_core.measure.result import (
    BudgetResult,
    Problem,
    SubjectResult,
)
from virtualq_core.report.load_results import (
    Invariant,
    Violation,
)
from virtualq_core.report.results import Calibration, Dataset, Requirement, Results, Stage, StageName

if TYPE_CHECKING:
    from virtualq_core.report.verdict import PartVerdict

SEED = 20_250_301
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
