"""
Subjects against each other: what a transition costs by each implementation, on the same ground, in the same minutes.

The subjects take turns in blocks, in an order that is drawn anew for each block, so that a slow moment of the machine
falls on all of them. The ratio of rates is taken within each block, and its interval over blocks is `paired.rank`'s.
"""

from __future__ import annotations

import math
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.errors import EnvironmentFault
from virtualq_core.measure.ground import SEED_FIRST, choose_ground
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.paired import rank
from virtualq_core.measure.result import Ends, SubjectResult
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.subjects import ProceduralSubject, visible_connection
from virtualq_core.subjects.round_trip import count_round_trips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.measure.ground import Ground
    from virtualq_core.subjects import Subject, SubjectSession

LEAST_BLOCKS = 8
_TICKETS = 5
_TAIL = 0.025


@dataclass
class _Run:
    """One subject's part in the comparison."""

    name: str
    session: SubjectSession
    sample: Sample = field(default_factory=Sample)
    rates: list[float] = field(default_factory=list)
    round_trips: float = 0.0


def compare_subjects(
    database: Database, subjects: Sequence[Subject], *, limit_s: float = 6.0, seed: int = 1
) -> list[SubjectResult]:
    """
    Transitions per second, latencies and round trips of each subject, and its rate over the procedural subject's.

    At least eight blocks are done, and more until `limit_s` is over. In a block a subject creates tickets, which is not
    timed, and moves each along the longest way of its machine. The tickets stay in the database. Where the procedural
    subject is not among them there is no ratio.

    Raises:
        EnvironmentFault: the harness may not write there, or there is no queue or type to do it with.
    """
    observer = Observer.of(database)
    if observer.is_read_only:
        raise EnvironmentFault(
            f"comparing subjects writes tickets, and the harness may not write into '{database.name}'",
            next_step="if its data may be changed: virtualq db mark --database-url ...",
        )
    ground = choose_ground(observer)
    if ground is None or not ground.path:
        raise EnvironmentFault(
            "there is no queue, or no type whose tickets can move", expected="seeded data", next_step=SEED_FIRST
        )
    draw = random.Random(seed)
    with settled_heap(), ExitStack() as stack:
        runs = [
            _Run(subject.name, stack.enter_context(subject.open(database.dsn, role=observer.application)))
            for subject in subjects
        ]
        for run in runs:
            _warm_up(run, ground)
        deadline = time.monotonic() + limit_s
        while len(runs[0].rates) < LEAST_BLOCKS or time.monotonic() < deadline:
            for run in draw.sample(runs, len(runs)):
                _block(run, ground)
    observer.renew_statistics()
    reference = next((run for run in runs if run.name == ProceduralSubject.name), None)
    return [_result(run, reference) for run in runs]


def ratio_of_rates(rates: Sequence[float], reference: Sequence[float]) -> tuple[float, Ends]:
    """
    The centre over blocks of one rate over the other in the same block, with its 95 % interval.

    Six blocks at least are needed for the interval; with fewer its ends are 0 and infinity.
    """
    logs = np.log(np.asarray(rates) / np.asarray(reference))
    low, high = rank.limits(logs, low_error=_TAIL, high_error=_TAIL)
    return math.exp(rank.centre(logs)), (math.exp(low), math.exp(high))


def _warm_up(run: _Run, ground: Ground) -> None:
    moved = 0
    while moved < WARM_UP:
        ticket_id = ground.create(run.session)
        for name in ground.path:
            with count_round_trips(visible_connection(run.session)) as counted:
                ground.move(run.session, ticket_id, name)
            run.round_trips = counted.count
            moved += 1


def _block(run: _Run, ground: Ground) -> None:
    tickets = [ground.create(run.session) for _ in range(_TICKETS)]
    begin = time.perf_counter()
    for name in ground.path:
        for ticket_id in tickets:
            run.sample.time(ground.move, run.session, ticket_id, name)
    run.rates.append(len(ground.path) * len(tickets) / (time.perf_counter() - begin))


def _result(run: _Run, reference: _Run | None) -> SubjectResult:
    ratio, ends = (None, None) if reference is None else ratio_of_rates(run.rates, reference.rates)
    return SubjectResult(
        name=run.name,
        transitions_per_s=float(np.median(run.rates)),
        p50_ms=run.sample.percentile(0.5),
        p99_ms=run.sample.percentile(0.99),
        round_trips=run.round_trips,
        ratio_to_procedural=ratio,
        ratio_interval=ends,
    )
