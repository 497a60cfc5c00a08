"""
A calibration: the gate's own trials, on the machine and the data on which it will be believed.

Every trial is a real one, with a connection of its own, warmed up, and ended by the gate. A/A trials and trials with a
planted slowdown take turns in a drawn order, so that the weather of the machine falls on all kinds.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil

from virtualq_core.calibrate.plant import measure_work, plain_pair, planted_pair
from virtualq_core.calibrate.reach import Stretches
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.errors import UsageError
from virtualq_core.measure.budget import load_budgets
from virtualq_core.measure.calibration import Calibration, Series
from virtualq_core.measure.catalogue import cases_of, check_answer, count_tickets, draw
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.paired import Gate, estimate
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.paired.gate import judge_blocks
from virtualq_core.measure.quantile import CONFIDENCE
from virtualq_core.measure.sample import settled_heap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from virtualq_core.database.server import Database
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.paired import Block, Estimate, Judgement, Pair

_STRETCHES = 500
_TAIL = (1 - CONFIDENCE) / 2
_REQUESTS = 51


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    How much to try.

    `trials` A/A trials and `planted_trials` of each of the slowdowns `planted` (1.1: ten per cent), of which the first
    is to be found within `seconds`; another has as much time as an error that shrinks with the root of the time takes
    to fall with it.
    """

    trials: int = 300
    planted_trials: int = 100
    planted: tuple[float, ...] = (1.10, 1.05)
    seconds: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.planted or min(self.planted) <= 1:
            raise UsageError("a planted slowdown must be more than 1", observed=self.planted, expected="such as 1.10")
        if min(self.trials, self.planted_trials) < 1:
            raise UsageError("a calibration needs trials of each kind", expected="at least 1")

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gate for each planted slowdown."""
        first = math.log(self.planted[0])
        return tuple(
            Gate(tolerance=round(ratio - 1, 12), limit_s=round(self.seconds * (first / math.log(ratio)) ** 2, 1))
            for ratio in self.planted
        )


@dataclass(frozen=True)
class _Kind:
    """One kind of trial: what the gate is, how much slower the candidate, and how many rows that takes."""

    gate: Gate
    planted: float = 1.0
    rows: int = 0

    def pair(self, connection: psycopg.Connection[Any], case: Case) -> Pair:
        """The variants, warmed up."""
        return planted_pair(connection, case, self.rows) if self.rows else plain_pair(connection, case)


@dataclass(frozen=True)
class _Trial:
    judgement: Judgement
    blocks: Sequence[Block]


def calibrate(
    database: Database, *, query: str, effort: Effort, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> Calibration:
    """
    Run the trials; nothing is written into the database, and nothing is kept.

    Raises:
        EnvironmentFault: there is no installed database, or its data cannot be seen.
        UsageError: the catalogue has no such query, or the data no case for it.
        WrongAnswer: the query does not answer as its independent counterpart.
    """
    began = time.perf_counter()
    observer = Observer.of(database)
    case = choose_case(observer, query)
    check_answer(observer, case)
    gates = effort.gates
    with observer.as_application() as connection:
        work = measure_work(connection, case, limit_s=effort.seconds, seed=effort.seed)
        request_ms = _median_ms(connection, case)
        asked = zip(gates, effort.planted, strict=True)
        planted = [_Kind(gate, ratio, work.rows_for(ratio)) for gate, ratio in asked]
        measured = [_measure(kind, connection, case, effort.seed) for kind in planted]
    kinds = [_Kind(gates[0]), *planted]
    with settled_heap():
        trials, load_average = _run(observer, case, kinds, effort, tell)
    recording = [trial.blocks for trial in trials[0]]
    stretches = [Stretches.of(recording, gate, stretches=_STRETCHES, seed=effort.seed) for gate in gates]
    with database.connect() as connection:
        environment = fingerprint(connection, database.server)
    return Calibration(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=round(time.perf_counter() - began, 1),
        environment=environment,
        query=query,
        tickets=count_tickets(observer),
        request_ms=request_ms,
        load_average=load_average,
        false_alarm=gates[0].false_alarm,
        miss=gates[0].miss,
        seed=effort.seed,
        series=(
            _series(kinds[0], trials[0], stretches[0]),
            *(
                _series(kind, tried, drawn, known=work.known(kind.planted), measured=found.interval)
                for kind, tried, drawn, found in zip(planted, trials[1:], stretches, measured, strict=True)
            ),
        ),
        reaches=tuple(drawn.reach() for drawn in stretches),
    )


def choose_case(observer: Observer, query: str) -> Case:
    """The query as its budget asks it, or else for the biggest tenant."""
    budget = next((one for one in load_budgets().values() if one.query == query), None)
    cases = draw(observer, queries=[query]) if budget is None else cases_of(observer, budget)
    if not cases:
        raise UsageError(f"the data have nothing that '{query}' could be asked about")
    return cases[0]


def _run(
    observer: Observer, case: Case, kinds: Sequence[_Kind], effort: Effort, tell: Callable[[int, int], None]
) -> tuple[list[list[_Trial]], float]:
    """The trials of each kind, and the mean load of the machine meanwhile."""
    chance = random.Random(effort.seed)
    order = [0] * effort.trials + [at for at in range(1, len(kinds)) for _ in range(effort.planted_trials)]
    chance.shuffle(order)
    trials: list[list[_Trial]] = [[] for _ in kinds]
    loads = []
    for done, at in enumerate(order):
        tell(done, len(order))
        loads.append(psutil.getloadavg()[0])
        with observer.as_application() as connection:
            trials[at].append(_try(kinds[at], connection, case, chance))
    tell(len(order), len(order))
    return trials, statistics.fmean(loads)


def _try(kind: _Kind, connection: psycopg.Connection[Any], case: Case, chance: random.Random) -> _Trial:
    """One trial, and the blocks that it took."""
    taken: list[Block] = []

    def keep(block: Block) -> Block:
        taken.append(block)
        return block

    with closing(run_blocks([kind.pair(connection, case)], limit_s=kind.gate.limit_s, draw=chance)) as blocks:
        return _Trial(judge_blocks(map(keep, blocks), kind.gate), taken)


def _measure(kind: _Kind, connection: psycopg.Connection[Any], case: Case, seed: int) -> Estimate:
    return estimate([kind.pair(connection, case)], limit_s=kind.gate.limit_s, error=_TAIL, seed=seed)


def _median_ms(connection: psycopg.Connection[Any], case: Case) -> float:
    variant = plain_pair(connection, case).baseline
    return 1000 * statistics.median(variant(number) for number in range(_REQUESTS))


def _series(
    kind: _Kind,
    trials: Sequence[_Trial],
    stretches: Stretches,
    *,
    known: tuple[float, float] | None = None,
    measured: tuple[float, float] | None = None,
) -> Series:
    judgements = [trial.judgement for trial in trials]
    verdicts = [judgement.verdict for judgement in judgements]
    return Series(
        planted=kind.planted,
        known=known,
        measured=measured,
        tolerance=kind.gate.tolerance,
        limit_s=kind.gate.limit_s,
        slower=verdicts.count("slower"),
        not_slower=verdicts.count("not slower"),
        inconclusive=verdicts.count("inconclusive"),
        covered=sum(judgement.holds(kind.planted) for judgement in judgements),
        predicted=stretches.called_slower(kind.planted) / len(stretches.looks),
        median_s=statistics.median(judgement.duration_s for judgement in judgements),
    )
