"""
Slowdowns of a known size.

Work is planted beside a query, in its statement: the server counts so many rows, which costs so much time a row. How
much, in shares of the query's own time, is measured in the same run, by planting so many rows that the query takes
about three times as long. That ratio is known well, because the effect is large; and since counting k times as
many rows is k times the same work, a tenth of the rows is a tenth of the effect. Baseline and candidate
are one prepared statement with one plan; only the number of rows differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from virtualq_core import content
from virtualq_core.measure.paired import Pair, QueryVariant, estimate, require_same_answers
from virtualq_core.measure.quantile import CONFIDENCE

if TYPE_CHECKING:
    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.paired import Estimate

_SQL = content.beside(__file__, "plant.sql")
_FIRST_ROWS = 1_000
_MOST_ROWS = 2**30
_TAIL = (1 - CONFIDENCE) / 2
_TRIPLED = 3.0


@dataclass(frozen=True)
class Work:
    """What planting costs: `rows` of it make the query take `ratio` times as long, known to lie within `interval`."""

    rows: int
    ratio: float
    interval: tuple[float, float]

    def rows_for(self, planted: float) -> int:
        """So many rows make the query take `planted` times as long."""
        return max(1, round(self.rows * (planted - 1) / (self.ratio - 1)))

    def known(self, planted: float) -> tuple[float, float]:
        """Between what limits `rows_for(planted)` lies in truth, 95 % sure."""
        share = self.rows_for(planted) / self.rows
        low, high = self.interval
        return 1 + share * (low - 1), 1 + share * (high - 1)


def plain_pair(connection: psycopg.Connection[Any], case: Case) -> Pair:
    """The query against itself: an A/A trial."""
    variant = QueryVariant(connection, [case])
    variant.warm_up()
    return Pair(variant, QueryVariant(connection, [case]))


def planted_pair(connection: psycopg.Connection[Any], case: Case, rows: int) -> Pair:
    """The query with an idle counter, against the same with so many rows to count."""
    baseline, candidate = _planted(connection, case, 0), _planted(connection, case, rows)
    candidate.warm_up()
    return Pair(baseline, candidate)


def measure_work(connection: psycopg.Connection[Any], case: Case, *, limit_s: float, seed: int) -> Work:
    """
    Find out what planting costs beside this query, in a little more than `limit_s`.

    Raises:
        WrongAnswer: the planted query does not answer as the query does.
    """
    require_same_answers(QueryVariant(connection, [case]), _planted(connection, case, _FIRST_ROWS))
    rows = _FIRST_ROWS
    ratio = 1.0
    while ratio < (1 + _TRIPLED) / 2 and rows < _MOST_ROWS:
        rows *= 2
        ratio = _measure(connection, case, rows, limit_s=limit_s / 50, seed=seed).ratio
    rows = round(rows * (_TRIPLED - 1) / (ratio - 1))
    found = _measure(connection, case, rows, limit_s=limit_s, seed=seed)
    return Work(rows, found.ratio, found.interval)


def _measure(connection: psycopg.Connection[Any], case: Case, rows: int, *, limit_s: float, seed: int) -> Estimate:
    return estimate([planted_pair(connection, case, rows)], limit_s=limit_s, error=_TAIL, seed=seed)


def _planted(connection: psycopg.Connection[Any], case: Case, rows: int) -> QueryVariant:
    text = sql.SQL(_SQL["plant_work"].sql).format(query=sql.SQL(case.statement.sql))
    return QueryVariant(connection, [case], text=text.as_string(connection), added={"planted_rows": rows})
