"""
Operations that write: their latency, their round trips and the write-ahead log that they leave.

Each operation commits, so its time includes the flush. Log bytes are taken over short runs, of which the least is told:
whatever else writes on the server, and the page images after a checkpoint, only add to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.measure.budget import METRICS
from virtualq_core.measure.ground import choose_ground
from virtualq_core.measure.judgement import judge_latency, judge_number, unmeasured
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.subjects import find_subject
from virtualq_core.subjects.round_trip import count_round_trips

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult, LatencyResult
    from virtualq_core.subjects import Subject, SubjectSession

_SQL = content.beside(__file__, "operation.sql")
_RUN = 20


@dataclass
class Cost:
    """What one operation costs: latencies, and round trips and log bytes an operation."""

    sample: Sample = field(default_factory=Sample)
    round_trips: float = 0.0
    wal_bytes: float | None = None
    runs: int = 0

    def note_log(self, written: int, operations: int) -> None:
        """Take a run's log into account."""
        each = written / operations
        self.wal_bytes = each if self.wal_bytes is None else min(self.wal_bytes, each)
        self.runs += 1


def judge_operations(
    observer: Observer, budgets: Iterable[Budget], *, operations: int
) -> tuple[list[BudgetResult], list[LatencyResult]]:
    """Every limit of the budgets on operations. They are skipped where the harness may not write."""
    results: list[BudgetResult] = []
    latencies: list[LatencyResult] = []
    measured: dict[str, dict[str, Cost]] = {}
    for budget in budgets:
        if budget.operation is None:
            continue
        why = "the harness may not write here" if observer.is_read_only else ""
        if not why and budget.subject not in measured:
            ground = choose_ground(observer)
            if ground is None or not ground.path:
                why = "there is no queue, or no type whose tickets can move"
            else:
                measured[budget.subject] = measure_operations(
                    observer, find_subject(budget.subject), ground, operations=operations
                )
        if why:
            results += [unmeasured(budget, metric, why, verdict="skipped") for metric in budget.limits]
            continue
        cost = measured[budget.subject][budget.operation]
        results += _judge(budget, cost)
        latencies.append(cost.sample.result(f"{budget.operation} ({budget.subject})"))
    return results, latencies


def measure_operations(observer: Observer, subject: Subject, ground: Ground, *, operations: int) -> dict[str, Cost]:
    """
    The costs of `create_ticket` and `transition`, each done `operations` times after a warm-up.

    The tickets stay in the database.
    """
    create, transition = Cost(), Cost()
    with (
        settled_heap(),
        subject.open(observer.database.dsn, role=observer.application) as session,
        observer.as_owner() as watcher,
    ):
        for _ in range(WARM_UP):
            ground.live(session)
        while len(create.sample) < operations or len(transition.sample) < operations:
            before = _log_position(watcher)
            fresh = [create.sample.time(ground.create, session) for _ in range(_RUN)]
            between = _log_position(watcher)
            create.note_log(between - before, _RUN)
            if len(transition.sample) >= operations:
                ground.finish(session, fresh)
                continue
            for name in ground.path:
                for ticket_id in fresh:
                    transition.sample.time(ground.move, session, ticket_id, name)
            transition.note_log(_log_position(watcher) - between, _RUN * len(ground.path))
        create.round_trips, transition.round_trips = _count_round_trips(session, ground)
    observer.renew_statistics()
    return {"create_ticket": create, "transition": transition}


def _count_round_trips(session: SubjectSession, ground: Ground) -> tuple[float, float]:
    """The mean number of a creation and of a transition, over one ticket's life for each transition of the way."""
    lives = len(ground.path)
    created = moved = 0
    for _ in range(lives):
        with count_round_trips(session.connection) as counted:
            ticket_id = ground.create(session)
        created += counted.count
        for name in ground.path:
            with count_round_trips(session.connection) as counted:
                ground.move(session, ticket_id, name)
            moved += counted.count
    return created / lives, moved / (lives * len(ground.path))


def _log_position(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(_SQL["read_log_position"].sql).fetchone()
    return int(row[0]) if row else 0


def _judge(budget: Budget, cost: Cost) -> list[BudgetResult]:
    results = []
    for metric in budget.limits:
        if METRICS[metric].share is not None:
            results.append(judge_latency(budget, metric, [(None, cost.sample)]))
        elif metric == "max_round_trips":
            results.append(judge_number(budget, metric, cost.round_trips, samples=1))
        elif cost.wal_bytes is not None:
            detail = "of all runs the one that wrote least; whatever else writes on the server only adds"
            results.append(judge_number(budget, metric, cost.wal_bytes, samples=cost.runs, detail=detail))
    return results
