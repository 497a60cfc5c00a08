"""The catalogue: every query has parameters and a true answer for every class of tenant."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.measure.catalogue import WHOLE, cases_of, check_answer, draw, fetch
from virtualq_core.measure.depth import fill_queues
from virtualq_core.measure.observer import Observer
from virtualq_core.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget

QUERIES = content.statement_folder("schema/queries")
BENCHMARKS = content.folder("benchmarks")
INNER = content.statements(BENCHMARKS / "inner.sql")
FAULTS = content.beside(__file__, "fault.sql")


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_every_query_names_the_tenant_itself(query: str) -> None:
    """The tables may be spread over nodes, where row security alone does not find the one to ask."""
    assert "%(tenant_id)s" in QUERIES[query].sql


def test_every_function_that_a_query_calls_has_its_statement_explained() -> None:
    """EXPLAIN does not look into functions: a plan of the call would say nothing."""
    calling = {name for name, statement in QUERIES.items() if re.search(r"virtualq\.\w+\(", statement.sql)}

    assert set(INNER) == calling


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_every_query_says_who_asks_it(query: str) -> None:
    """In a comment above it."""
    assert len(QUERIES[query].comment) > 40


def test_every_query_has_an_independent_answer_and_its_noun_has_parameters() -> None:
    """A query that is added without them is not measured, and this says so."""
    answers = content.statements(BENCHMARKS / "answers.sql")
    draws = content.statements(BENCHMARKS / "parameters.sql")

    assert set(answers) == set(QUERIES)
    assert {f"draw_{statement.file.stem}" for statement in QUERIES.values()} | {"draw_whole_queue"} == set(draws)


def test_no_answer_is_the_query_itself() -> None:
    """A copy would agree with every mistake."""
    answers = content.statements(BENCHMARKS / "answers.sql")

    assert [name for name, statement in QUERIES.items() if statement.sql == answers[name].sql] == []


@pytest.mark.server
def test_every_class_of_tenant_is_drawn_for_every_query(observer: Observer) -> None:
    """Big, median and small ones and one without tickets; for a queue's queries the deepest and the shallowest, too."""
    cases = draw(observer)

    for query, statement in QUERIES.items():
        queues = ["deep queue", "shallow queue"] if statement.file.stem == "queue" else []
        queues += [WHOLE] if query == "list_queue_page" else []
        found = [case.tenant_class for case in cases if case.query == query]
        assert found == ["big", "median", "small", "empty", *queues]


@pytest.mark.server
def test_the_deep_and_the_shallow_queue_are_the_extremes(observer: Observer) -> None:
    """By their open tickets, which the display lists; a queue without any says nothing of depth."""
    cases = draw(observer, queries=["list_queue"])
    [deep] = [case for case in cases if case.tenant_class == "deep queue"]
    [shallow] = [case for case in cases if case.tenant_class == "shallow queue"]
    with observer.as_overseer() as connection:
        depths = [row[0] for row in connection.execute(FAULTS["list_depths"].sql)]

    assert (deep.tickets_in_queue, shallow.tickets_in_queue) == (max(depths), min(depths))
    assert check_answer(observer, deep) == max(depths)
    assert check_answer(observer, shallow) == min(depths)


@pytest.mark.server
def test_the_page_is_the_second_one(observer: Observer) -> None:
    """Fifty rows on from the first, where the queue has as many."""
    cases = draw(observer, queries=["list_queue", "list_queue_page"])
    listing, page = (case for case in cases if case.tenant_class == "deep queue")
    with observer.as_application() as connection, tenant_scope(connection, page.tenant_id):
        rows, listed = fetch(connection, page), fetch(connection, listing)

    assert [row[0] for row in rows] == [row[0] for row in listed[50:100]]


@pytest.mark.server
def test_the_whole_queue_is_listed_with_its_closed_tickets(observer: Observer) -> None:
    """Its first page, the newest first, whatever state they are in."""
    [whole] = [case for case in draw(observer, queries=["list_queue_page"]) if case.tenant_class == WHOLE]
    asked = {"tenant_id": whole.tenant_id, "queue_id": whole.parameters["queue_id"]}
    with observer.as_overseer() as connection:
        newest = connection.execute(FAULTS["list_newest_of_queue"].sql, asked).fetchall()
    with observer.as_application() as connection, tenant_scope(connection, whole.tenant_id):
        rows = fetch(connection, whole)

    assert [row[0] for row in rows] == [ticket_id for ticket_id, _ in newest]
    assert any(is_closed for _, is_closed in newest)
    assert check_answer(observer, whole) == 50


@pytest.mark.server
def test_the_same_data_give_the_same_cases(observer: Observer) -> None:
    """So that figures of two runs are about the same questions."""
    first = [case.plain_parameters for case in draw(observer)]

    assert [case.plain_parameters for case in draw(observer)] == first
    assert json.dumps(first)


@pytest.mark.server
def test_every_query_answers_as_its_counterpart_does(observer: Observer) -> None:
    """
    For every class of tenant, and for the queue of a thousand; the big tenant's answers are not empty.

    Those of the tenant without tickets are, but for figures, which are told of every queue.
    """
    rows = {(case.query, case.tenant_class): check_answer(observer, case) for case in draw(observer)}
    [deep] = draw(observer, queries=["list_queue"], tickets_in_queue=1000)

    assert check_answer(observer, deep) == 1000
    assert all(rows[query, "big"] > 0 for query in QUERIES)
    empty = {query: count for (query, tenant_class), count in rows.items() if tenant_class == "empty"}
    assert {query for query, count in empty.items() if count} == {"estimate_wait", "summarise_tenant"}


@pytest.mark.server
def test_the_queue_of_the_asked_depth_is_found_or_the_nearest_above(observer: Observer) -> None:
    """And where all are shallower, the deepest."""
    [exact] = draw(observer, queries=["list_queue"], tickets_in_queue=1000)
    above = draw(observer, queries=["list_queue"], tickets_in_queue=999)
    beyond = draw(observer, queries=["list_queue"], tickets_in_queue=10**6)

    assert exact.tickets_in_queue == 1000
    assert {case.tickets_in_queue for case in above} == {1000}
    assert [case.tickets_in_queue for case in beyond] == [max(case.tickets_in_queue or 0 for case in beyond)]


@pytest.mark.server
@pytest.mark.parametrize("query", sorted(INNER))
def test_the_inner_statement_is_the_functions_own(dataset: Database, query: str) -> None:
    """What is explained in its place must not drift from what runs."""
    [function] = re.findall(r"virtualq\.(\w+)\(", QUERIES[query].sql)
    named = {"tenant_id": f"{function}.tenant_id", "fragment": "wanted", "path": "path", "at_most": "at_most"}
    with dataset.connect() as connection:
        row = connection.execute(FAULTS["find_function_text"].sql, {"function": f"virtualq.{function}"}).fetchone()
    assert row is not None

    expected = re.sub(r"%\((\w+)\)s", lambda match: named[match[1]], INNER[query].sql)

    assert " ".join(expected.split()) in " ".join(row[0].split())


@pytest.mark.server
def test_a_queue_that_lost_tickets_is_filled_up_again(dataset_copy: Database, promise: Callable[..., Budget]) -> None:
    """An earlier run's load has moved some on; the promise for so many can still be judged."""
    observer = Observer.of(dataset_copy)
    budget = promise(limits={"max_buffers": 1200}, tickets_in_queue=1010)

    created = fill_queues(observer, [budget])

    [case] = cases_of(observer, budget)
    assert (created, case.tickets_in_queue, check_answer(observer, case)) == (10, 1010, 1010)
    assert fill_queues(observer, [budget]) == 0


@pytest.mark.server
def test_no_queue_is_filled_without_the_mark(dataset_copy: Database, promise: Callable[..., Budget]) -> None:
    """The harness only reads there."""
    guard.mark(dataset_copy, may_write=False)

    assert fill_queues(Observer.of(dataset_copy), [promise(limits={"max_buffers": 1}, tickets_in_queue=1010)]) == 0
