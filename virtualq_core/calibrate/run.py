"""
A calibration: the gate's own trials, on the machine and the data on which it will be believed.

Every trial is a real one, with a connection of its own, warmed up, and ended by the gate. A/A trials and trials with a
planted slowdown take turns in a drawn order, so that the weather of the machine falls on all kinds. Where work was
planted, the same pair runs on for a while once the gate has spoken, with coins of its own: what it then shows is what
the gate's interval is held against, since the same work is another share of the time on each connection.

When all of that is done, as little is planted as the recording says can just be found, to see whether that is so. How
much work that is, the trials before it have shown best.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil

from virtualq_core.calibrate.copies import FALSE_ALARM, MISS, judge_copies
from virtualq_core.calibrate.plant import Work, measure_work, plain_pair, planted_pair
from virtualq_core.calibrate.reach import Stretches
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.errors import UsageError
from virtualq_core.measure.budget import load_budgets
from virtualq_core.measure.calibration import Calibration, Series, Trial
from virtualq_core.measure.catalogue import cases_of, check_answer, count_tickets, draw
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.paired import Gate, estimate
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.paired.gate import judge_blocks
from virtualq_core.measure.quantile import TAIL
from virtualq_core.measure.sample import settled_heap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from virtualq_core.database.server import Database
    from virtualq_core.measure.calibration import Kind as SeriesKind
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.paired import Block, Estimate, Judgement, Pair

_STRETCHES = 500
_REQUESTS = 51
_MOST_S = 600.0
_NEAR_REACH_SHARE = 0.4
"""Of as many trials as each planted slowdown has: they take the whole time."""
_NEAR_REACH = 0.75
"""The share of the smallest change that is planted: what is found nearly always foretells itself, whatever is wrong."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    How much to try.

    `trials` A/A trials and `planted_trials` of each of the slowdowns `planted` (1.1: ten per cent), of which the first
    is to be found within `seconds`; another has as much time as an error that shrinks with the root of the time takes
    to fall with it. `copies` is how many A/A trials there are on two copies of the database.
    """

    trials: int = 400
    planted_trials: int = 80
    planted: tuple[float, ...] = (1.10, 1.05)
    seconds: float = 10.0
    copies: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.planted or not all(math.isfinite(ratio) and ratio > 1 for ratio in self.planted):
            raise UsageError("a planted slowdown must be more than 1", observed=self.planted, expected="such as 1.10")
        if min(self.trials, self.planted_trials) < 1:
            raise UsageError("a calibration needs trials of each kind", expected="at least 1")
        if not 0 < self.seconds <= _MOST_S or max(gate.limit_s for gate in self.gates) > _MOST_S:
            raise UsageError(
                "a trial would take too long",
                observed=", ".join(f"{gate.limit_s:,.0f} s" for gate in self.gates),
                expected=f"at most {_MOST_S:g} s",
                next_step="the first planted slowdown has --seconds, half of it needs four times that",
            )

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gate for each planted slowdown."""
        first = math.log(self.planted[0])
        return tuple(
            Gate(tolerance=round(ratio - 1, 12), limit_s=round(self.seconds * (first / math.log(ratio)) ** 2, 1))
            for ratio in self.planted
        )

    @property
    def near_reach_trials(self) -> int:
        """How often as little is planted as can just be found."""
        return max(1, round(self.planted_trials * _NEAR_REACH_SHARE))


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
class _Found:
    """What a trial ended with, the blocks that it took, and what the pair showed afterwards."""

    judgement: Judgement
    blocks: Sequence[Block] = ()
    after: Estimate | None = None


def calibrate(
    database: Database, *, query: str, effort: Effort, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> Calibration:
    """
    Run the trials; nothing is written into the database, and nothing is kept.

    Raises:
        EnvironmentFault: there is no installed database, or its data cannot be seen, or copies of it cannot be made.
        UsageError: the catalogue has no such query, or the data no case for it.
        WrongAnswer: the query does not answer as its independent counterpart.
    """
    began = time.perf_counter()
    observer = Observer.of(database)
    case = choose_case(observer, query)
    check_answer(observer, case)
    gates = effort.gates
    with observer.as_application() as connection:
        work = measure_work(connection, case, effort.planted, limit_s=effort.seconds, seed=effort.seed)
        request_ms = _median_ms(connection, case)
    planted = [_Kind(gate, ratio, work.rows_for(ratio)) for gate, ratio in zip(gates, effort.planted, strict=True)]
    run = _Run(observer, case, effort, tell)
    with settled_heap():
        found = run.shuffled([_Kind(gates[0]), *planted])
        recording = [one.blocks for one in found[0]]
        stretches = [Stretches.of(recording, gate, stretches=_STRETCHES, seed=effort.seed) for gate in gates]
        reaches = tuple(drawn.reach() for drawn in stretches)
        series = [_series("same", _Kind(gates[0]), found[0], stretches[0])]
        series += [_series("planted", *one) for one in zip(planted, found[1:], stretches, strict=True)]
        if reaches[0].smallest_change:
            share = reaches[0].smallest_change * _NEAR_REACH
            shown = [(kind.rows, one.shown) for kind, one in zip(planted, series[1:], strict=True)]
            rows = Work.of(shown, roughly=work.per_row).rows_for(1 + share)
            kind = _Kind(Gate(tolerance=share, limit_s=gates[0].limit_s), 1 + share, rows)
            drawn = Stretches.of(recording, kind.gate, stretches=_STRETCHES, seed=effort.seed)
            series.append(_series("near reach", kind, run.in_turn(kind, effort.near_reach_trials), drawn))
        if effort.copies:
            gate = Gate(tolerance=gates[0].tolerance, limit_s=gates[0].limit_s, false_alarm=FALSE_ALARM, miss=MISS)
            series.append(_series("copies", _Kind(gate), run.on_copies(database, gate)))
    with database.connect() as connection:
        environment = fingerprint(connection, database.server)
    return Calibration(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=round(time.perf_counter() - began, 1),
        environment=environment,
        query=query,
        tickets=count_tickets(observer),
        request_ms=request_ms,
        load_average=statistics.fmean(run.loads),
        seed=effort.seed,
        overhead=work.overhead,
        overhead_interval=work.overhead_interval,
        row_share=work.per_row,
        series=tuple(series),
        reaches=reaches,
    )


def choose_case(observer: Observer, query: str) -> Case:
    """The query as its budget asks it, or else for the biggest tenant."""
    budget = next((one for one in load_budgets().values() if one.query == query), None)
    cases = draw(observer, queries=[query]) if budget is None else cases_of(observer, budget)
    if not cases:
        raise UsageError(f"the data have nothing that '{query}' could be asked about")
    return cases[0]


class _Run:
    """The trials under way, counted, with the load of the machine at each."""

    def __init__(self, observer: Observer, case: Case, effort: Effort, tell: Callable[[int, int], None]) -> None:
        self._observer = observer
        self._case = case
        self._effort = effort
        self._chance = random.Random(effort.seed)
        self._tell = tell
        self._done = 0
        self._all = effort.trials + effort.planted_trials * len(effort.planted) + effort.copies
        self.loads: list[float] = []

    def shuffled(self, kinds: Sequence[_Kind]) -> list[list[_Found]]:
        """The A/A trials, which are the first kind, and those of the others, in a drawn order."""
        effort = self._effort
        order = [0] * effort.trials + [at for at in range(1, len(kinds)) for _ in range(effort.planted_trials)]
        self._chance.shuffle(order)
        found: list[list[_Found]] = [[] for _ in kinds]
        for at in self._counted(order):
            found[at].append(self._try(kinds[at]))
        return found

    def in_turn(self, kind: _Kind, trials: int) -> list[_Found]:
        """So many of one kind, which was not foreseen when the others were counted."""
        self._all += trials
        return [self._try(kind) for _ in self._counted(range(trials))]

    def on_copies(self, template: Database, gate: Gate) -> list[_Found]:
        """The A/A trials on two copies."""
        seeds = [self._chance.randrange(2**32) for _ in range(self._effort.copies)]
        return [_Found(judge_copies(template, self._case, gate, seed=seed)) for seed in self._counted(seeds)]

    def _counted(self, trials: Sequence[int]) -> Iterator[int]:
        for one in trials:
            self._tell(self._done, self._all)
            self.loads.append(psutil.getloadavg()[0])
            yield one
            self._done += 1
        self._tell(self._done, self._all)

    def _try(self, kind: _Kind) -> _Found:
        """One trial; where work is planted, the pair then runs on."""
        taken: list[Block] = []

        def keep(block: Block) -> Block:
            taken.append(block)
            return block

        limit_s, draw = kind.gate.limit_s, self._chance
        with self._observer.as_application() as connection:
            pair = kind.pair(connection, self._case)
            with closing(run_blocks(pair, limit_s=limit_s, draw=draw)) as blocks:
                judgement = judge_blocks(map(keep, blocks), kind.gate)
            if not kind.rows:
                return _Found(judgement, taken)
            after_s = min(judgement.duration_s, limit_s / 4)
            return _Found(judgement, taken, estimate(pair, limit_s=after_s, error=TAIL, seed=draw.randrange(2**32)))


def _median_ms(connection: psycopg.Connection[Any], case: Case) -> float:
    variant = plain_pair(connection, case).baseline
    return 1000 * statistics.median(variant(number) for number in range(_REQUESTS))


def _series(name: SeriesKind, kind: _Kind, found: Sequence[_Found], stretches: Stretches | None = None) -> Series:
    series = Series(
        kind=name,
        planted=kind.planted,
        tolerance=kind.gate.tolerance,
        limit_s=kind.gate.limit_s,
        false_alarm=kind.gate.false_alarm,
        miss=kind.gate.miss,
        tried=tuple(map(_trial, found)),
    )
    if stretches is None:
        return series
    slower = stretches.called_slower(series.mean, spread=series.spread)
    return replace(series, predicted=slower / len(stretches.looks))


def _trial(found: _Found) -> Trial:
    judgement, after = found.judgement, found.after
    told = Trial(
        verdict=judgement.verdict,
        ratio=judgement.ratio,
        interval=judgement.interval,
        duration_s=judgement.duration_s,
    )
    if after is None:
        return told
    low, high = (None if math.isinf(end) else math.exp(end) for end in (after.low, after.high))
    return replace(told, after=after.ratio, after_interval=(low, high))
