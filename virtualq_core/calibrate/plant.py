"""
Slowdowns of a known size.

Work is planted beside a query, in its statement: the server counts so many rows, which costs so much time a row. How
much, in shares of the query's own time, is measured in the same run, at and near each amount that is to be planted; a
line through what was found has a slope for the rows, and an end for what counting costs however few they are. It aims
the trials, no more: the same work is worth another share on another connection, and what a trial's was is measured in
that trial.

Baseline and candidate are one prepared statement with one plan; only the number of rows differs. psycopg would send a
small number as int2 and a large one as int4, which are two statements, so it is sent as int4 whatever it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql
from psycopg.types.numeric import Int4

from virtualq_core import content
from virtualq_core.measure.paired import Pair, QueryVariant, estimate, require_same_answers
from virtualq_core.measure.quantile import TAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.paired import Estimate

_SQL = content.beside(__file__, "plant.sql")
_FIRST_ROWS = 1_000
_MOST_ROWS = 2**30
_DOUBLED = 2.0
_NEAR = (0.5, 1.0, 1.5)
_LEAST_BLOCKS = 7
_ROUGHLY = 1 / 50
"""The share of the time in which a doubling is found."""


@dataclass(frozen=True)
class Work:
    """
    What planting costs, in shares of the query's own time: `overhead` however few the rows are, `per_row` each.

    `overhead_interval` is 95 % sure; open where the line said nothing.
    """

    overhead: float
    per_row: float
    overhead_interval: tuple[float | None, float | None] = (None, None)

    @classmethod
    def of(cls, found: Sequence[tuple[int, Estimate]], *, roughly: float) -> Work:
        """
        The line through these numbers of rows, each weighted by how surely its ratio is known.

        Where it is too unsure to agree within a factor of two with `roughly` so much a row, which comes from a great
        effect, it says nothing, and that is taken.
        """
        rows = np.array([count for count, _ in found], dtype=float)
        shares = np.array([one.ratio - 1 for _, one in found])
        widths = np.array([one.high - one.low for _, one in found])
        if not np.isfinite(widths).all() or len(set(rows)) < 2:  # noqa: PLR2004 -- points that make a line
            return cls(0.0, roughly)
        sigmas = widths / 2 / NormalDist().inv_cdf(1 - TAIL)
        (slope, end), errors = np.polyfit(rows, shares, 1, w=1 / sigmas, cov="unscaled")
        if not 1 / _DOUBLED < slope / roughly < _DOUBLED:
            return cls(0.0, roughly)
        unsure = NormalDist().inv_cdf(1 - TAIL) * math.sqrt(errors[1][1])
        return cls(float(end), float(slope), (float(end - unsure), float(end + unsure)))

    def rows_for(self, planted: float) -> int:
        """So many rows make the query take about `planted` times as long."""
        return min(max(1, round((planted - 1 - self.overhead) / self.per_row)), _MOST_ROWS)


def plain_pair(connection: psycopg.Connection[Any], case: Case) -> Pair:
    """The query against itself: an A/A trial."""
    variant = QueryVariant(connection, [case])
    variant.warm_up()
    return Pair(variant, QueryVariant(connection, [case]))


def planted_pair(connection: psycopg.Connection[Any], case: Case, rows: int) -> Pair:
    """The query with an idle counter, against the same with so many rows to count."""
    baseline, candidate = _planted(connection, case, 0), _planted(connection, case, rows)
    baseline.warm_up()
    candidate.warm_up()
    return Pair(baseline, candidate)


def measure_work(
    connection: psycopg.Connection[Any], case: Case, planted: Sequence[float], *, limit_s: float, seed: int
) -> Work:
    """
    Find out what planting costs beside this query, at and near these amounts, in two or three times `limit_s`.

    Raises:
        WrongAnswer: the planted query does not answer as the query does.
    """
    require_same_answers(QueryVariant(connection, [case]), _planted(connection, case, _FIRST_ROWS))
    rows = _FIRST_ROWS
    ratio = 1.0
    while ratio < _DOUBLED and rows < _MOST_ROWS:
        rows *= 2
        ratio = _measure(connection, case, rows, limit_s=limit_s * _ROUGHLY, seed=seed).ratio
    roughly = max(ratio - 1, 1 / rows) / rows
    near = sorted({round((one - 1) * share / roughly) for one in planted for share in _NEAR})
    counts = [min(max(1, count), _MOST_ROWS) for count in near]
    each_s = limit_s / len(_NEAR)
    return Work.of(
        [(count, _measure(connection, case, count, limit_s=each_s, seed=seed)) for count in counts], roughly=roughly
    )


def _measure(connection: psycopg.Connection[Any], case: Case, rows: int, *, limit_s: float, seed: int) -> Estimate:
    pair = planted_pair(connection, case, rows)
    return estimate(pair, limit_s=limit_s, error=TAIL, seed=seed, least_blocks=_LEAST_BLOCKS)


def _planted(connection: psycopg.Connection[Any], case: Case, rows: int) -> QueryVariant:
    text = sql.SQL(_SQL["plant_work"].sql).format(query=sql.SQL(case.statement.sql))
    return QueryVariant(connection, [case], text=text.as_string(connection), added={"planted_rows": Int4(rows)})
