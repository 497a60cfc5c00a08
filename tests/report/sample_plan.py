"""Plans, their texts and the cost of guarantees as a check could have told them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.measure.result import (
    GuaranteeResult,
    PlanResult,
)

if TYPE_CHECKING:
    from virtualq_core.report.verdict import PartVerdict

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
