"""
The operational queries with the parameters that they are measured with, drawn from the data that is there.

A query is measured for a big, a median, a small and an empty tenant: a plan that suits one may not suit another. One of
a queue is measured for the deepest and the shallowest queue of all besides, and the page for all tickets of the
deepest, closed ones too. A budget that speaks of a queue of so many tickets is measured on such a queue. Drawing is
deterministic: the same data give the same cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import VirtualQError
from virtualq_core.measure.budget import QUEUE
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from virtualq_core.content import Statement
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.observer import Observer

_SQL = content.beside(__file__, "catalogue.sql")
_QUEUES = 4
_ENDLESS = 2**62
_PAGE = "list_queue_page"
_WHOLE_NOUN = "whole_queue"
WHOLE = "whole queue"
"""The class of the case in which all tickets of the deepest queue are listed, closed ones too: their first page."""
QUERIES = "schema/queries"


class WrongAnswer(VirtualQError):
    """A query's rows are not those of its independent, slow counterpart; its time is worth nothing."""

    code = "wrong-answer"


@dataclass(frozen=True)
class Place:
    """A queue, or a whole tenant, to ask about; `tickets` are the queue's open ones."""

    tenant_id: int
    tenant_class: str
    queue_id: int | None = None
    tickets: int = 0


@dataclass(frozen=True)
class Case:
    """
    One query with one set of parameters.

    `tenant_class` is big, median, small or empty, or for a queue of its own `deep queue`, `shallow queue` or `WHOLE`;
    `tickets_in_queue` is then how many open tickets it has, which may not be as many as a budget asks for.
    """

    query: str
    tenant_id: int
    tenant_class: str
    parameters: Mapping[str, Any]
    tickets_in_queue: int | None = None

    @property
    def statement(self) -> Statement:
        """The query's SQL."""
        return content.query(self.query)

    @property
    def label(self) -> str:
        """The case in a few words."""
        return f"{self.query} of tenant {self.tenant_id} ({self.tenant_class})"

    @property
    def plain_parameters(self) -> dict[str, object]:
        """The parameters as values that JSON holds."""
        return {
            name: value.obj
            if isinstance(value, Jsonb)
            else value
            if isinstance(value, int | float | list | None)
            else str(value)
            for name, value in self.parameters.items()
        } | {"tenant_class": self.tenant_class}


def draw(
    observer: Observer, *, queries: Iterable[str] | None = None, tickets_in_queue: int | None = None
) -> list[Case]:
    """
    The cases of the queries (of all, by default), big tenants first, queues of their own last.

    With `tickets_in_queue` they are of queues with that many open tickets, or of those that come nearest to it.
    """
    wanted = [content.query(name) for name in (content.statement_folder(QUERIES) if queries is None else queries)]
    with observer.as_overseer() as connection:
        if tickets_in_queue is None:
            places = tenants_by_class(connection)
            queues = _queues(connection) if any(one.file.stem == QUEUE for one in wanted) else []
        else:
            places, queues = deepest_queues(connection, tickets_in_queue), []
        drawn: dict[tuple[str, int, int | None], dict[str, Any] | None] = {}
        cases = []
        for statement in wanted:
            of_queue = queues if statement.file.stem == QUEUE else []
            whole = [replace(place, tenant_class=WHOLE) for place in of_queue[:1] if statement.name == _PAGE]
            for place in places + of_queue + whole:
                noun = _WHOLE_NOUN if place.tenant_class == WHOLE else statement.file.stem
                key = (noun, place.tenant_id, place.queue_id)
                if key not in drawn:
                    drawn[key] = _parameters(connection, *key)
                if (values := drawn[key]) is not None:
                    asked = statement.sql + _answers()[statement.name].sql
                    named = {name: value for name, value in values.items() if f"%({name})s" in asked}
                    depth = None if place.queue_id is None else place.tickets
                    cases.append(Case(statement.name, place.tenant_id, place.tenant_class, named, depth))
    return cases


def cases_of(observer: Observer, budget: Budget) -> list[Case]:
    """The cases that a budget on a query is judged by."""
    return draw(observer, queries=[budget.query or ""], tickets_in_queue=budget.tickets_in_queue)


def count_tickets(observer: Observer) -> int:
    """All tickets in the database."""
    with observer.as_overseer() as connection:
        row = connection.execute(_SQL["count_tickets"].sql).fetchone()
    return int(row[0]) if row else 0


def fetch(connection: psycopg.Connection[Any], case: Case) -> list[tuple[Any, ...]]:
    """The query's rows, as the application gets them; `connection` is in the tenant's scope."""
    return connection.execute(case.statement.sql, dict(case.parameters)).fetchall()


def check_answer(observer: Observer, case: Case) -> int:
    """
    Compare the query's rows with those of its independent counterpart; return how many they are.

    Raises:
        WrongAnswer: they differ.
    """
    with observer.as_application() as connection, tenant_scope(connection, case.tenant_id):
        given = fetch(connection, case)
    with observer.as_overseer() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SQL["use_plain_scans"].sql)
        # One by one: of a large tenant's day there are hundreds of thousands, and they are here once already.
        true = cursor.stream(_answers()[case.query].sql, dict(case.parameters))
        rows, difference = _compare(given, true)
    if difference is not None:
        raise WrongAnswer(
            f"{case.label} does not answer as its independent counterpart in benchmarks/answers.sql",
            observed=f"{len(given):,} rows, the first difference in row {difference + 1:,}",
            expected=f"the same {rows:,} rows in the same order",
            next_step="its time and its plan mean nothing before that is mended",
        )
    return len(given)


def _compare(given: Sequence[tuple[Any, ...]], true: Iterable[tuple[Any, ...]]) -> tuple[int, int | None]:
    """How many true rows there are, and the place of the first that is not the given one; None where all are."""
    rows, difference = 0, None
    for row in true:
        if difference is None and (rows >= len(given) or given[rows] != row):
            difference = rows
        rows += 1
    if difference is None and rows < len(given):
        difference = rows
    return rows, difference


def _answers() -> dict[str, Statement]:
    return content.statements(content.folder("benchmarks") / "answers.sql")


def deepest_queues(connection: psycopg.Connection[Any], tickets: int) -> list[Place]:
    """The queues with so many open tickets, or those that come nearest from above, or the deepest ones."""
    asked = {"tickets_in_queue": tickets, "at_most": _QUEUES}
    queues = connection.execute(_SQL["choose_queues"].sql, asked).fetchall()
    return [Place(tenant_id, "deep queue", queue_id, depth) for tenant_id, queue_id, depth in queues]


def _queues(connection: psycopg.Connection[Any]) -> list[Place]:
    """The deepest queue of all, and the shallowest that has an open ticket where that is another one."""
    deepest = deepest_queues(connection, _ENDLESS)[:1]
    shallowest = connection.execute(_SQL["choose_shallowest_queue"].sql).fetchall()
    return deepest + [
        Place(tenant_id, "shallow queue", queue_id, depth)
        for tenant_id, queue_id, depth in shallowest
        if queue_id not in {place.queue_id for place in deepest}
    ]


def tenants_by_class(connection: psycopg.Connection[Any]) -> list[Place]:
    """A tenant of each class that there is, the big one first."""
    chosen = connection.execute(_SQL["choose_tenants"].sql).fetchall()
    chosen.sort(key=lambda row: row[3])
    return [Place(tenant_id, tenant_class) for tenant_class, tenant_id, _, _ in chosen]


def _parameters(
    connection: psycopg.Connection[Any], noun: str, tenant_id: int, queue_id: int | None
) -> dict[str, Any] | None:
    """The parameters of all queries of one file; none where the tenant has nothing to ask about."""
    draws = content.statements(content.folder("benchmarks") / "parameters.sql")
    asked = {"tenant_id": tenant_id, "queue_id": queue_id}
    row = connection.cursor(row_factory=dict_row).execute(draws[f"draw_{noun}"].sql, asked).fetchone()
    if row is None:
        return None
    values: dict[str, Any] = {"tenant_id": tenant_id} | row
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in values.items()}
