"""
How much of a query's latency is the client's own: turning the rows that have arrived into the driver's objects.

psycopg's `execute` returns when the whole answer is there, and `fetchall` decodes it. Both are timed in the same call,
so the share is a ratio within one request, and what slows the machine slows both. The rows decoded in a second are the
client's own pace, and the machine's. Both are medians with an interval.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from virtualq_core.measure.judgement import judge_latency
from virtualq_core.measure.sample import WARM_UP, Sample, settled_heap
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult

SHARE = "max_decode_share"
RATE = "min_rows_decoded_per_s"
METRICS = (SHARE, RATE)
_TIMES = 40


@dataclass(frozen=True)
class Decoding:
    """What several requests took to decode: its share of each, from 0 to 1, and the rows decoded in a second."""

    shares: Sample = field(default_factory=Sample)
    rows_per_s: Sample = field(default_factory=Sample)


def judge_decoding(observer: Observer, budget: Budget, metric: str, cases: Sequence[Case]) -> BudgetResult:
    """The limit on the median share, or on the median pace: the worst tenant's."""
    seen = [(case, measure_decoding(observer, case)) for case in cases]
    if metric == SHARE:
        return judge_latency(budget, metric, [(case, found.shares) for case, found in seen])
    # Without a row there is no pace.
    paces = [(case, found.rows_per_s) for case, found in seen if any(found.rows_per_s.durations_ms)]
    return judge_latency(budget, metric, paces)


def measure_decoding(observer: Observer, case: Case) -> Decoding:
    """Decode the answer of several requests, one after the other."""
    found = Decoding()
    with settled_heap(), observer.as_application() as connection:
        for number in range(WARM_UP + _TIMES):
            with tenant_scope(connection, case.tenant_id):
                begin = time.perf_counter_ns()
                cursor = connection.execute(case.statement.sql, dict(case.parameters))
                arrived = time.perf_counter_ns()
                rows = len(cursor.fetchall())
                end = time.perf_counter_ns()
            if number >= WARM_UP:
                found.shares.durations_ms.append((end - arrived) / (end - begin))
                found.rows_per_s.durations_ms.append(rows / max(end - arrived, 1) * 1e9)
    return found
