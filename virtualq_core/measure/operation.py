"""
Operations that write: their latency, their round trips and the write-ahead log that they leave.

Each operation commits, so its time includes the flush. Log bytes are those of the database's own functions, as EXPLAIN
counts them for this session alone. They are taken several times on the same pages and the least is told, because the
image of a page that a checkpoint has cleaned is written once, by whoever comes first. That part is rolled back, so the
commit's own record is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import VirtualQError
from virtualq_core.measure.budget import METRICS
from virtualq_core.measure.ground import ACTOR, ITEMS, choose_ground
from virtualq_core.measure.judgement import judge_latency, judge_number, unmeasured
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.subjects import find_subject, visible_connection
from virtualq_core.subjects.round_trip import count_round_trips
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult, LatencyResult
    from virtualq_core.subjects import Subject, SubjectSession

_SQL = content.beside(__file__, "operation.sql")
_RUN = 20
_LIVES = 5


@dataclass
class Cost:
    """What one operation costs: latencies, and round trips and log bytes an operation."""

    sample: Sample = field(default_factory=Sample)
    round_trips: float = 0.0
    wal_bytes: float = 0.0


def judge_operations(
    observer: Observer, budgets: Iterable[Budget], *, operations: int
) -> tuple[list[BudgetResult], list[LatencyResult]]:
    """Every limit of the budgets on operations. They are skipped where the harness may not write."""
    results: list[BudgetResult] = []
    latencies: list[LatencyResult] = []
    measured: dict[str, dict[str, Cost] | str] = {}
    for budget in budgets:
        if budget.operation is None:
            continue
        why = "the harness may not write here" if observer.is_read_only else ""
        if not why and budget.subject not in measured:
            ground = choose_ground(observer)
            if ground is None or not ground.path:
                why = "there is no queue, or no type whose tickets can move"
            else:
                measured[budget.subject] = _measured(observer, budget.subject, ground, operations)
        if why:
            results += [unmeasured(budget, metric, why, verdict="skipped") for metric in budget.limits]
            continue
        costs = measured[budget.subject]
        if isinstance(costs, str):
            results += [unmeasured(budget, metric, costs, verdict="error") for metric in budget.limits]
            continue
        cost = costs[budget.operation]
        results += _judge(budget, cost)
        latencies.append(cost.sample.result(f"{budget.operation} ({budget.subject})"))
    return results, latencies


def _measured(observer: Observer, subject: str, ground: Ground, operations: int) -> dict[str, Cost] | str:
    """The costs, or why a subject's operation, which no rule should refuse, could not be measured."""
    try:
        return measure_operations(observer, find_subject(subject), ground, operations=operations)
    except (VirtualQError, psycopg.Error) as error:
        return f"{subject} could not do it: {error}"


def measure_operations(observer: Observer, subject: Subject, ground: Ground, *, operations: int) -> dict[str, Cost]:
    """
    The costs of `create_ticket` and `transition`, each done `operations` times after a warm-up.

    The tickets stay in the database.
    """
    create, transition = Cost(), Cost()
    with settled_heap(), subject.open(observer.database.dsn, role=observer.application) as session:
        for _ in range(WARM_UP):
            ground.live(session)
        while len(create.sample) < operations or len(transition.sample) < operations:
            fresh = [create.sample.time(ground.create, session) for _ in range(_RUN)]
            if len(transition.sample) >= operations:
                ground.finish(session, fresh)
                continue
            for name in ground.path:
                for ticket_id in fresh:
                    transition.sample.time(ground.move, session, ticket_id, name)
        create.round_trips, transition.round_trips = _count_round_trips(session, ground)
    create.wal_bytes, transition.wal_bytes = measure_log(observer, ground)
    observer.renew_statistics()
    return {"create_ticket": create, "transition": transition}


def measure_log(observer: Observer, ground: Ground) -> tuple[float, float]:
    """The bytes of write-ahead log of a creation, and of a transition in the mean over the way; nothing is kept."""
    created: list[float] = []
    moved: list[float] = []
    common = {"tenant_id": ground.tenant_id, "actor": ACTOR}
    details = {
        "queue_id": ground.queue_id,
        "type_definition_id": ground.type_definition_id,
        "custom_data": None if ground.custom_data is None else Jsonb(ground.custom_data),
        "items": Jsonb([vars(item) for item in ITEMS]),
    }
    with observer.as_application() as connection, connection.transaction(force_rollback=True):
        connection.execute(enter_statement(ground.tenant_id))
        for _ in range(_LIVES):
            created.append(_log_bytes(connection, "explain_create", common | details))
            row = connection.execute(_SQL["newest_ticket"].sql, common).fetchone()
            asked = common | {"ticket_id": row[0] if row else None}
            steps = [_log_bytes(connection, "explain_transition", asked | {"transition": name}) for name in ground.path]
            moved.append(sum(steps) / len(steps))
    return min(created), min(moved)


def _log_bytes(connection: psycopg.Connection[Any], statement: str, parameters: dict[str, Any]) -> float:
    row = connection.execute(_SQL[statement].sql, parameters).fetchone()
    return float(Plan.parse(row[0] if row else None).root.details["WAL Bytes"])


def _count_round_trips(session: SubjectSession, ground: Ground) -> tuple[float, float]:
    """The mean number of a creation and of a transition, over one ticket's life for each transition of the way."""
    lives = len(ground.path)
    created = moved = 0
    for _ in range(lives):
        with count_round_trips(visible_connection(session)) as counted:
            ticket_id = ground.create(session)
        created += counted.count
        for name in ground.path:
            with count_round_trips(visible_connection(session)) as counted:
                ground.move(session, ticket_id, name)
            moved += counted.count
    return created / lives, moved / (lives * len(ground.path))


def _judge(budget: Budget, cost: Cost) -> list[BudgetResult]:
    results = []
    for metric in budget.limits:
        if METRICS[metric].share is not None:
            results.append(judge_latency(budget, metric, [(None, cost.sample)]))
        elif metric == "max_round_trips":
            results.append(judge_number(budget, metric, cost.round_trips, samples=1))
        else:
            results.append(judge_number(budget, metric, cost.wal_bytes, samples=_LIVES))
    return results
