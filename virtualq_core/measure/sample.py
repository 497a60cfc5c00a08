"""
The stopwatch: latencies as the application sees them, through psycopg, inside a tenant's transaction.

What is timed is one `execute` with all its rows fetched and decoded. Opening the tenant's scope is not: it is the same
for every query. Cases take turns, so that a slow moment of the machine falls on all of them.
"""

from __future__ import annotations

import gc
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from virtualq_core.measure import quantile, spending
from virtualq_core.measure.catalogue import fetch
from virtualq_core.measure.result import LatencyResult
from virtualq_core.subjects.round_trip import count_round_trips
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.quantile import Interval
    from virtualq_core.measure.spending import Errors

_Answer = TypeVar("_Answer")

# psycopg prepares a statement at its sixth use, and PostgreSQL may change to a generic plan five uses later.
WARM_UP = 12


@contextmanager
def settled_heap() -> Iterator[None]:
    """
    Keep the harness's own objects out of the garbage collections that happen while the body runs.

    Its modules make some hundred thousand objects, and a full collection over them takes longer than a query. The
    garbage of the client's own work is collected, and timed, as ever.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass
class Sample:
    """
    The latencies of one operation, in the order in which they were measured.

    `errors` are those of its intervals' ends: 2.5 % each, and less where it was looked at before.
    """

    durations_ms: list[float] = field(default_factory=list)
    errors: Errors = (quantile.TAIL, quantile.TAIL)

    @classmethod
    def pooled(cls, samples: Sequence[Sample]) -> Sample:
        """All latencies as those of one case, to which the errors belong that were divided among several."""
        return cls([duration for sample in samples for duration in sample.durations_ms], (samples[0].errors[1],) * 2)

    def __len__(self) -> int:
        return len(self.durations_ms)

    def time(self, action: Callable[..., _Answer], *arguments: object) -> _Answer:
        """Do the action once, and keep how long it took."""
        begin = time.perf_counter_ns()
        answer = action(*arguments)
        end = time.perf_counter_ns()
        self.durations_ms.append((end - begin) / 1e6)
        return answer

    def percentile(self, share: float) -> float:
        """The nearest rank."""
        return quantile.percentile(self.durations_ms, share)

    def interval(self, share: float) -> Interval:
        """The percentile's interval, 95 % sure over all looks; an end is None where the samples are too few for it."""
        return quantile.interval(self.durations_ms, share, errors=self.errors)

    def needed(self, share: float) -> int:
        """How many samples would have given the interval both its ends."""
        return quantile.samples_needed(share, errors=self.errors)

    def result(self, name: str) -> LatencyResult:
        """The distribution, under a name."""
        return LatencyResult(
            name=name,
            samples=len(self),
            p50=self.percentile(0.5),
            p90=self.percentile(0.9),
            p95=self.percentile(0.95),
            p99=self.percentile(0.99),
            p999=self.percentile(0.999),
            max=max(self.durations_ms),
            histogram=quantile.histogram(self.durations_ms),
        )


def sample_cases(
    observer: Observer,
    cases: Sequence[Case],
    *,
    samples: int,
    limit_s: float,
    is_enough: Callable[[Sequence[Sample]], bool] | None = None,
) -> list[Sample]:
    """
    Time each case `samples` times, and twice as often as long as that is not enough and there is time.

    Ends after `limit_s`, then with fewer samples. Each case has its own connection, as a client would. The intervals of
    the samples hold over all looks at them, and over all cases (`spending`).
    """
    taken = [Sample() for _ in cases]
    deadline = time.monotonic() + limit_s
    with settled_heap(), ExitStack() as stack:
        connections = [stack.enter_context(observer.as_application()) for _ in cases]
        looks = spending.Looks(samples, len(cases))
        rounds = 0
        while True:
            while rounds < WARM_UP + looks.samples and (rounds < WARM_UP or time.monotonic() < deadline):
                for connection, case, sample in zip(connections, cases, taken, strict=True):
                    with tenant_scope(connection, case.tenant_id):
                        (sample if rounds >= WARM_UP else Sample()).time(fetch, connection, case)
                rounds += 1
            is_last = is_enough is None or time.monotonic() >= deadline
            for sample in taken:
                sample.errors = looks.errors(is_last=is_last)
            if is_last or is_enough is None or is_enough(taken):
                return taken
            looks.go_on()


def round_trips(observer: Observer, case: Case) -> int:
    """How often the client waits for the server in one tenant's transaction with the query in it."""
    with (
        observer.as_application() as connection,
        count_round_trips(connection) as counted,
        tenant_scope(connection, case.tenant_id),
    ):
        fetch(connection, case)
    return counted.count
