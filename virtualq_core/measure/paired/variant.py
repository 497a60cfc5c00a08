"""
Variants of a query: another text, other settings, another database.

What is timed is one `execute`: the query sent, and its whole answer received. Decoding the rows is not, because it
is the client's and the same for both, and would hide what the server does. Nor is opening the tenant's scope.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.measure.catalogue import WrongAnswer
from virtualq_core.measure.sample import WARM_UP
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from virtualq_core.measure.catalogue import Case

_SQL = content.beside(__file__, "variant.sql")


class QueryVariant:
    """
    A query on one connection, for one case after the other; a `Variant`.

    Two variants on one database should share a connection: then not even a server process's luck, which is worth a per
    cent, lies between them. `text` replaces the case's own statement, and `added` goes to its parameters. `settings`
    hold for the variant alone, from its plan on, which it has to itself.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        cases: Sequence[Case],
        *,
        text: str | None = None,
        added: Mapping[str, object] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = connection
        self._settings = settings or {}
        # A statement is prepared by its text: a remark in it makes it the variant's own.
        remark = f"\n/* {id(self)} */" if settings else ""
        self._asked = [
            (case.tenant_id, f"{text or case.statement.sql}{remark}".encode(), {**case.parameters, **(added or {})})
            for case in cases
        ]

    def __call__(self, number: int) -> float:
        """Ask once; the seconds until the whole answer is there."""
        tenant_id, text, parameters = self._asked[number % len(self._asked)]
        with self._scope(tenant_id):
            begin = time.perf_counter_ns()
            self._connection.execute(text, parameters)
            end = time.perf_counter_ns()
        return (end - begin) / 1e9

    def answers(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of each case in turn."""
        for tenant_id, text, parameters in self._asked:
            with self._scope(tenant_id):
                rows = self._connection.execute(text, parameters).fetchall()
            yield rows

    def warm_up(self) -> None:
        """Ask for each case until the driver has prepared it and the server has settled on a plan."""
        for number in range(WARM_UP * len(self._asked)):
            self(number)

    @contextmanager
    def _scope(self, tenant_id: int) -> Iterator[None]:
        with tenant_scope(self._connection, tenant_id):
            for name, value in self._settings.items():
                self._connection.execute(_SQL["change_setting"].sql, {"name": name, "value": value})
            yield


def require_same_answers(baseline: QueryVariant, candidate: QueryVariant) -> None:
    """
    Refuse variants that do not answer alike: the time of a wrong answer is worth nothing.

    Raises:
        WrongAnswer: a case's rows differ, or their order does.
    """
    for number, (one, other) in enumerate(zip(baseline.answers(), candidate.answers(), strict=True)):
        if one != other:
            raise WrongAnswer(
                f"the two variants answer case {number + 1} differently",
                observed=f"{len(other):,} rows from the candidate",
                expected=f"the baseline's {len(one):,} rows in their order",
            )
