"""
Reads on both sides: the same answer, the plan and its blocks, and where those differ the time.

Two databases on one server differ by a per cent or two for as long as they live, by where their memory lies, and so do
two connections. So a side's connection is held open from before the change to after it, and the pair is compared with
itself first: what it differed by while both sides were still the same is taken off (`Reader.learn_bias`). Where the
sides never were the same (two servers, two revisions) the greatest such difference of a pair of copies of the base
widens every interval instead (`Reader.bias_limit`).
"""

from __future__ import annotations

import math
import random
import statistics
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from virtualq_core import content
from virtualq_core.measure.budget import load_budgets
from virtualq_core.measure.catalogue import WrongAnswer, cases_of, check_answer, draw
from virtualq_core.measure.explain import explain
from virtualq_core.measure.paired import Estimate, Gate, Judgement, Pair, QueryVariant, estimate, judge, rank
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.paired.gate import LOOKS, NO_BIAS, looks
from virtualq_core.measure.sample import settled_heap
from virtualq_core.measure.twin.effect import Ratio, ReadEffect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    import psycopg

    from virtualq_core.content import Statement
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer

_SQL = content.beside(__file__, "read.sql")
_SPARE_BLOCKS = 3
_SAMPLES = 15
_MOST_S = 60.0


Key: TypeAlias = tuple[object, ...]


def key(case: Case) -> Key:
    """What tells a case from all others of a comparison."""
    return case.query, case.tenant_id, case.tenant_class, case.parameters.get("queue_id")


def all_cases(observer: Observer) -> list[Case]:
    """Every query of the catalogue for every class of tenant and queue, and the queues of which a budget speaks."""
    cases = draw(observer)
    asked = [(case.query, case.parameters) for case in cases]
    for budget in load_budgets().values():
        if budget.query is not None and budget.tickets_in_queue is not None:
            cases += [case for case in cases_of(observer, budget) if (case.query, case.parameters) not in asked]
    return list({key(case): case for case in cases}.values())


def most_changed(effects: Iterable[tuple[Case, ReadEffect]], most: int) -> list[tuple[Case, ReadEffect]]:
    """Of each query at most so many cases: the one that grew most in proportion, then those that differ most."""
    by_query: dict[str, list[tuple[Case, ReadEffect]]] = {}
    for one in effects:
        by_query.setdefault(one[1].query, []).append(one)
    chosen = []
    for group in by_query.values():
        group.sort(key=lambda one: (-abs(one[1].after.buffers - one[1].before.buffers), -one[1].before.buffers))
        worst = max(group, key=lambda one: one[1].blocks.value)
        others = [one for one in group if one is not worst]
        chosen += [worst, *others][:most] if worst[1].blocks.value > 1 else group[:most]
    return chosen


@dataclass(frozen=True, kw_only=True)
class Timing:
    """
    How long and how surely a read is timed.

    It ends when the ratio of times is certainly beyond `gain` (0.2: a fifth faster), beyond `loss` (0.1: a tenth
    slower) or between the two, or when `limit_s` is over. Each limit of its interval is wrong with at most `error`, of
    which the comparison before the change may spend a half.
    """

    gain: float = 0.20
    loss: float = 0.10
    limit_s: float = 8.0
    bias_s: float = 1.5
    error: float = 0.002

    @property
    def half_error(self) -> float:
        """What each of the two comparisons may be wrong with: the one before the change and the one after it."""
        return self.error / 2

    def is_decided(self, ratio: Ratio) -> bool:
        """Whether the ratio lies on one side of both ends."""
        is_no_loss, is_no_gain = ratio.is_below(1 + self.loss), ratio.is_above(1 - self.gain)
        return ratio.is_below(1 - self.gain) or ratio.is_above(1 + self.loss) or (is_no_loss and is_no_gain)


@dataclass
class Reader:
    """
    The two sides of a comparison of reads; a context manager that holds a connection to each.

    `queries` are each side's own statements by name, where they are not the present ones.
    """

    base: Observer
    head: Observer
    timing: Timing = field(default_factory=Timing)
    seed: int = 1
    bias_limit: float = 0.0
    queries: tuple[Mapping[str, Statement], Mapping[str, Statement]] = ({}, {})

    def __enter__(self) -> Self:
        self._held = ExitStack()
        self._base: psycopg.Connection[Any] = self._held.enter_context(self.base.as_application())
        self._head: psycopg.Connection[Any] = self._held.enter_context(self.head.as_application())
        self._bias: dict[Key, Estimate] = {}
        self._generation = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def effects(self, cases: Iterable[Case]) -> list[tuple[Case, ReadEffect]]:
        """
        Plans and blocks of each case on both sides; nothing is timed.

        Raises:
            WrongAnswer: the base answers otherwise than its independent counterpart, or the head than the base.
        """
        return [(case, self.effect(case)) for case in cases]

    def effect(self, case: Case) -> ReadEffect:
        """
        Plan and blocks of one case on both sides; nothing is timed.

        Raises:
            WrongAnswer: the base answers otherwise than its independent counterpart, or the head than the base.
        """
        base, head = self._variants(case)
        with content.stand_in(self._own(0, case)):
            rows = check_answer(self.base, case)
            before = explain(self.base, case)
        with content.stand_in(self._own(1, case)):
            after = explain(self.head, case)
        if next(iter(base.answers())) != next(iter(head.answers())):
            raise WrongAnswer(
                f"{case.label} is answered otherwise by the head than by the base",
                expected=f"the base's {rows:,} rows in their order",
                next_step="a change that alters answers is not judged by its speed",
            )
        return ReadEffect(
            query=case.query,
            tenant_class=case.tenant_class,
            rows=rows,
            before=before,
            after=after,
            tenant_id=case.tenant_id,
            queue_id=case.parameters.get("queue_id"),
        )

    def learn_bias(self, cases: Sequence[Case]) -> None:
        """Compare the sides while they are still the same; what they differ by is taken off what `time` finds."""
        for case in cases:
            pair = self._pair(case)
            found = estimate(
                pair,
                limit_s=self.timing.bias_s,
                error=self.timing.half_error,
                seed=self.seed,
                least_blocks=rank.least_values(self.timing.half_error) + _SPARE_BLOCKS,
            )
            self._bias[key(case)] = found

    def greatest_bias(self) -> float:
        """The greatest log-ratio that any learnt bias may truly have."""
        ends = [abs(end) for found in self._bias.values() for end in (found.low, found.high) if math.isfinite(end)]
        return max(ends, default=0.0)

    def time(self, case: Case, effect: ReadEffect) -> ReadEffect:
        """The effect with the ratio of times and both medians."""
        pair = self._pair(case)
        bias = self._bias_of(case)
        before_ms, after_ms = (
            1000 * statistics.median(one(number) for number in range(_SAMPLES))
            for one in (pair.baseline, pair.candidate)
        )
        limit_s = self._enough_s(before_ms, after_ms)
        return replace(effect, time=self._ratio(pair, bias, limit_s=limit_s), before_ms=before_ms, after_ms=after_ms)

    def judge(self, case: Case, gate: Gate) -> Judgement:
        """Whether the head is slower by an amount that matters."""
        return judge(self._pair(case), gate, seed=self.seed, bias=self._bias_of(case))

    def _bias_of(self, case: Case) -> Estimate:
        return self._bias.get(key(case), replace(NO_BIAS, low=-self.bias_limit, high=self.bias_limit))

    def _enough_s(self, before_ms: float, after_ms: float) -> float:
        """The time that a read is given; where a round takes long, enough of them for the last look's limits."""
        least_blocks = rank.least_values(self.timing.half_error * (LOOKS[-1] - LOOKS[-2])) + _SPARE_BLOCKS
        return max(self.timing.limit_s, min(least_blocks * 2 * (before_ms + after_ms) / 1000, _MOST_S))

    def _ratio(self, pair: Pair, bias: Estimate, *, limit_s: float) -> Ratio:
        timing = self.timing
        error = timing.half_error
        gate = Gate(tolerance=timing.loss, limit_s=limit_s, false_alarm=error, miss=error)
        found = Ratio(value=1.0, low=None, high=None)
        draw = random.Random(self.seed)
        with settled_heap(), closing(run_blocks(pair, limit_s=gate.limit_s, draw=draw)) as blocks:
            for look in looks(blocks, gate, bias=bias):
                low, high = (math.exp(end) if math.isfinite(end) else None for end in (look.low, look.high))
                found = Ratio(value=math.exp(look.centre), low=low, high=high)
                if timing.is_decided(found):
                    break
        return found

    def renew(self) -> None:
        """Forget how statements were planned: to be called once the sides have been made to differ."""
        self._generation += 1

    def configure(self, base: Mapping[str, str], head: Mapping[str, str]) -> None:
        """Change settings of the open connections, and plan everything anew."""
        self.renew()
        for connection, settings in ((self._base, base), (self._head, head)):
            for name, value in settings.items():
                connection.execute(_SQL["configure_session"].sql, {"name": name, "value": value})

    def _own(self, side: int, case: Case) -> dict[str, Statement]:
        """The side's own statement of a case's query, if it has one."""
        own = self.queries[side].get(case.query)
        return {} if own is None else {case.query: own}

    def _pair(self, case: Case) -> Pair:
        base, head = self._variants(case)
        base.warm_up()
        head.warm_up()
        return Pair(base, head)

    def _variants(self, case: Case) -> tuple[QueryVariant, QueryVariant]:
        base, head = (self._own(side, case).get(case.query, case.statement).sql for side in (0, 1))
        # A statement is prepared by its text, and keeps a plan for any parameters whatever is set later.
        remark = f"\n/* {self._generation} */" if self._generation else ""
        return (
            QueryVariant(self._base, [case], text=base + remark),
            QueryVariant(self._head, [case], text=head + remark),
        )
