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
from typing import TYPE_CHECKING, Any, Self

from virtualq_core.measure.catalogue import WrongAnswer, check_answer
from virtualq_core.measure.explain import explain
from virtualq_core.measure.paired import Estimate, Gate, Pair, QueryVariant, estimate
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.paired.gate import NO_BIAS, looks
from virtualq_core.measure.sample import settled_heap
from virtualq_core.measure.twin.effect import Ratio, ReadEffect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer

_LEAST_BLOCKS = 12
_SAMPLES = 15


@dataclass(frozen=True, kw_only=True)
class Timing:
    """
    How long and how surely a read is timed.

    It ends when the ratio of times is certainly beyond `gain` (0.2: a fifth faster), beyond `loss` (0.1: a tenth
    slower) or between the two, or when `limit_s` is over. Each limit of its interval is wrong with at most `error`.
    """

    gain: float = 0.20
    loss: float = 0.10
    limit_s: float = 8.0
    bias_s: float = 1.5
    error: float = 0.002

    def is_decided(self, ratio: Ratio) -> bool:
        """Whether the ratio lies on one side of both ends."""
        is_no_loss, is_no_gain = ratio.is_below(1 + self.loss), ratio.is_above(1 - self.gain)
        return ratio.is_below(1 - self.gain) or ratio.is_above(1 + self.loss) or (is_no_loss and is_no_gain)


@dataclass
class Reader:
    """The two sides of a comparison of reads; a context manager that holds a connection to each."""

    base: Observer
    head: Observer
    timing: Timing = field(default_factory=Timing)
    seed: int = 1
    bias_limit: float = 0.0
    texts: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})

    def __enter__(self) -> Self:
        self._held = ExitStack()
        self._base: psycopg.Connection[Any] = self._held.enter_context(self.base.as_application())
        self._head: psycopg.Connection[Any] = self._held.enter_context(self.head.as_application())
        self._bias: dict[str, Estimate] = {}
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
        return [(case, self._effect(case)) for case in cases]

    def learn_bias(self, cases: Sequence[Case]) -> None:
        """Compare the sides while they are still the same; what they differ by is taken off what `time` finds."""
        for case in cases:
            pair = self._pair(case)
            found = estimate(
                [pair],
                limit_s=self.timing.bias_s,
                error=self.timing.error,
                seed=self.seed,
                least_blocks=_LEAST_BLOCKS,
            )
            self._bias[case.label] = found

    def greatest_bias(self) -> float:
        """The greatest log-ratio that any learnt bias may truly have."""
        ends = [abs(end) for found in self._bias.values() for end in (found.low, found.high) if math.isfinite(end)]
        return max(ends, default=0.0)

    def time(self, case: Case, effect: ReadEffect) -> ReadEffect:
        """The effect with the ratio of times and both medians."""
        pair = self._pair(case)
        bias = self._bias.get(case.label, replace(NO_BIAS, low=-self.bias_limit, high=self.bias_limit))
        before_ms, after_ms = (
            1000 * statistics.median(one(number) for number in range(_SAMPLES))
            for one in (pair.baseline, pair.candidate)
        )
        return replace(effect, time=self._ratio(pair, bias), before_ms=before_ms, after_ms=after_ms)

    def _ratio(self, pair: Pair, bias: Estimate) -> Ratio:
        timing = self.timing
        gate = Gate(tolerance=timing.loss, limit_s=timing.limit_s, false_alarm=timing.error, miss=timing.error)
        found = Ratio(value=1.0, low=None, high=None)
        draw = random.Random(self.seed)
        with settled_heap(), closing(run_blocks([pair], limit_s=gate.limit_s, draw=draw)) as blocks:
            for look in looks(blocks, gate, bias=bias):
                low, high = (math.exp(end) if math.isfinite(end) else None for end in (look.low, look.high))
                found = Ratio(value=math.exp(look.centre), low=low, high=high)
                if timing.is_decided(found):
                    break
        return found

    def _effect(self, case: Case) -> ReadEffect:
        rows = check_answer(self.base, case)
        base, head = self._variants(case)
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
            before=explain(self.base, case),
            after=explain(self.head, case),
        )

    def _pair(self, case: Case) -> Pair:
        base, head = self._variants(case)
        base.warm_up()
        head.warm_up()
        return Pair(base, head)

    def _variants(self, case: Case) -> tuple[QueryVariant, QueryVariant]:
        base_text, head_text = (texts.get(case.query) for texts in self.texts)
        return QueryVariant(self._base, [case], text=base_text), QueryVariant(self._head, [case], text=head_text)
