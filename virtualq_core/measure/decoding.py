"""
How much of a query's latency is the client's own: turning the rows that have arrived into the driver's objects.

psycopg's `execute` returns when the whole answer is there, and `fetchall` decodes it. Both are timed in the same call,
so the share is a ratio within one request, and what slows the machine slows both. Its median has an interval.
"""

from __future__ import annotations

import time
from statistics import median
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

METRIC = "max_decode_share"
_TIMES = 40


def judge_decoding(observer: Observer, budget: Budget, cases: Sequence[Case]) -> BudgetResult:
    """The limit on the median share, the worst tenant's; the rows decoded a second are told beside it."""
    seen = [(case, *measure_decoding(observer, case)) for case in cases]
    fastest = max((rows_per_s for _, _, rows_per_s in seen), default=0.0)
    told = f"the client decodes {fastest:,.0f} rows/s" if fastest else ""
    return judge_latency(budget, METRIC, [(case, shares) for case, shares, _ in seen], told=told)


def measure_decoding(observer: Observer, case: Case) -> tuple[Sample, float]:
    """The share of each of several requests that was decoding, from 0 to 1, and the rows decoded in a second."""
    shares, rates = Sample(), []
    with settled_heap(), observer.as_application() as connection:
        for number in range(WARM_UP + _TIMES):
            with tenant_scope(connection, case.tenant_id):
                begin = time.perf_counter_ns()
                cursor = connection.execute(case.statement.sql, dict(case.parameters))
                arrived = time.perf_counter_ns()
                rows = len(cursor.fetchall())
                end = time.perf_counter_ns()
            if number >= WARM_UP:
                shares.durations_ms.append((end - arrived) / (end - begin))
                rates.append(rows / max(end - arrived, 1) * 1e9)
    return shares, median(rates)
