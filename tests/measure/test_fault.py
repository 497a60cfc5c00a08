"""Faults planted in a seeded database: each is caught, named, and told with its likely cause."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from virtualq_core import content
from virtualq_core.measure.stage import Effort, measure_budgets, measure_plans
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.result import PlanResult, Problem

    Promise = Callable[..., Budget]

pytestmark = [pytest.mark.server, pytest.mark.slow]
FAULTS = content.beside(__file__, "fault.sql")
INDEX = "idx_ticket_queue_state_created"


def plant(database: Database, *faults: str) -> None:
    """Run the named statements as the owner."""
    with database.connect() as connection:
        for fault in faults:
            name = sql.Identifier(database.name)
            connection.execute(sql.SQL(FAULTS[fault].sql).format(database=name))


def only_problem(plans: list[PlanResult]) -> Problem:
    """The one problem that all failed plans have."""
    [problem] = {problem.code: problem for plan in plans for problem in plan.problems}.values()
    return problem


@pytest.fixture
def board(budgets: Mapping[str, Budget]) -> Mapping[str, Budget]:
    """The document's budget alone."""
    return {"queue_monitoring": budgets["queue_monitoring"]}


@pytest.fixture
def own_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the content, to be edited, in place of the shipped one."""
    for name in ("schema", "benchmarks"):
        shutil.copytree(content.folder(name), tmp_path / name)
    monkeypatch.setattr(content, "root", lambda: tmp_path)
    content.statement_folder.cache_clear()
    yield tmp_path
    content.statement_folder.cache_clear()


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_seeded_database_has_no_fault(dataset: Database, budgets: Mapping[str, Budget]) -> None:
    """What the other tests of this file find is what they planted."""
    plans = measure_plans(dataset, budgets)

    assert {plan.verdict for plan in plans} == {"passed"}, [plan.problems for plan in plans]
    assert {plan.query for plan in plans} == set(content.statement_folder("schema/queries"))


def test_a_dropped_index_is_named_with_its_query(dataset_copy: Database, board: Mapping[str, Budget]) -> None:
    """And with the statement that makes it again."""
    plant(dataset_copy, "drop_queue_index")

    problem = only_problem(measure_plans(dataset_copy, board))

    assert problem.code == "missing-index"
    assert INDEX in problem.what
    assert "list_queue" in problem.what
    assert f"create index {INDEX}" in (problem.next_step or "")


def test_a_dropped_index_fails_its_budget(dataset_copy: Database, promise: Promise) -> None:
    """The budgets' stage says so too, for the reader who looks there only."""
    plant(dataset_copy, "drop_queue_index")
    budget = promise(limits={"must_be_served_by": (INDEX,)}, tickets_in_queue=1000)

    report = measure_budgets(dataset_copy, {"board": budget})

    assert report.verdict == "failed"
    assert report.budgets[0].limit == INDEX
    assert "missing" in report.budgets[0].detail


def test_an_index_with_other_columns_under_the_same_name_is_told_apart(
    dataset_copy: Database, board: Mapping[str, Budget]
) -> None:
    """A name is not an index."""
    plant(dataset_copy, "drop_queue_index", "turn_queue_index_around")

    problem = only_problem(measure_plans(dataset_copy, board))

    assert problem.code == "other-index"
    assert "(created_at DESC, current_state, queue_id)" in problem.what


@pytest.mark.requires("superuser")
def test_an_invalid_index_is_said_to_be_invalid(dataset_copy: Database, board: Mapping[str, Budget]) -> None:
    """As a failed CREATE INDEX CONCURRENTLY leaves it."""
    plant(dataset_copy, "invalidate_queue_index")

    assert only_problem(measure_plans(dataset_copy, board)).code == "invalid-index"


def test_a_planner_that_is_wrong_is_told_from_an_index_that_is_missing(
    dataset_copy: Database, board: Mapping[str, Budget]
) -> None:
    """The index could serve, at so many blocks; a setting keeps the planner from it."""
    plant(dataset_copy, "overprice_indexes")

    problem = only_problem(measure_plans(dataset_copy, board))

    assert problem.code == "index-not-chosen"
    assert "a sequential scan of ticket" in (problem.observed or "")
    assert "blocks" in (problem.expected or "")
    assert "random_page_cost = 1000" in problem.what


def test_stale_statistics_are_the_likely_cause_where_many_rows_changed(
    dataset_copy: Database, board: Mapping[str, Budget]
) -> None:
    """Nearly half of the rows changed since ANALYZE; the error says how many, and what to run."""
    plant(dataset_copy, "overprice_indexes")
    with dataset_copy.connect(role=MAINTAINER_ROLE) as connection:
        connection.execute(FAULTS["change_many_tickets"].sql)

    problem = only_problem(measure_plans(dataset_copy, board))

    assert problem.code == "stale-statistics"
    assert "changed since it was last analysed" in problem.what
    assert problem.next_step == "analyze virtualq.ticket"


def test_a_condition_that_no_index_can_answer_is_named(
    own_content: Path, dataset: Database, board: Mapping[str, Budget]
) -> None:
    """A column within an expression is lost to the index."""
    edit(own_content / "schema/queries/queue.sql", "t.queue_id = %(queue_id)s", "t.queue_id + 0 = %(queue_id)s")

    problem = only_problem(measure_plans(dataset, board))

    assert problem.code == "lost-predicate"
    assert "queue_id + 0" in problem.what


def test_row_security_is_the_likely_cause_where_the_operator_may_leak(
    own_content: Path, dataset: Database, budgets: Mapping[str, Budget]
) -> None:
    """An application's own containment query never reaches the GIN index."""
    inner = content.statements(own_content / "benchmarks/inner.sql")["search_custom_data"].sql
    (own_content / "schema/queries/ticket.sql").write_text(f"-- name: search_custom_data\n{inner};\n")
    edit(own_content / "benchmarks/inner.sql", "-- name: search_custom_data", "-- name: another")
    edit(
        own_content / "benchmarks/answers.sql",
        "select t.id, t.extid, t.queue_id, t.current_state::text, t.created_at, t.custom_data",
        "select t.id, t.extid, t.queue_id, t.current_state::text, t.custom_data, t.created_at",
    )
    search = {"custom_data_search": budgets["custom_data_search"]}

    problem = only_problem(measure_plans(dataset, search, queries=["search_custom_data"]))

    assert problem.code == "row-security-barrier"
    assert "leakproof" in problem.what


def test_a_wrong_answer_is_not_timed(own_content: Path, dataset: Database, board: Mapping[str, Budget]) -> None:
    """A listing that forgets the queue is fast for nothing."""
    edit(own_content / "schema/queries/queue.sql", "   and t.queue_id = %(queue_id)s\n", "")

    report = measure_budgets(dataset, board)
    plans = measure_plans(dataset, board, queries=["list_queue"])

    assert report.verdict == "failed"
    assert report.latencies == ()
    assert {result.observed for result in report.budgets} == {None}
    assert only_problem(plans).code == "wrong-answer"


def test_a_spilling_sort_is_told(dataset_copy: Database, board: Mapping[str, Budget]) -> None:
    """A thousand tickets do not fit into 64 kB."""
    plant(dataset_copy, "set_small_work_mem")

    assert only_problem(measure_plans(dataset_copy, board)).code == "spill"


def test_a_table_that_is_read_from_end_to_end_is_told(dataset_copy: Database, promise: Promise) -> None:
    """With how much was read for how little."""
    plant(dataset_copy, "overprice_indexes")
    budget = promise(limits={"must_not_scan": ("ticket",)}, tickets_in_queue=1000)

    problem = only_problem(measure_plans(dataset_copy, {"board": budget}, queries=["list_queue"]))

    assert problem.code == "sequential-scan"
    assert "the table ticket" in problem.what


def test_a_budget_of_a_hundredth_of_a_millisecond_fails_by_name(dataset: Database, promise: Promise) -> None:
    """Half a dozen samples suffice for that."""
    budget = promise(name="impossible", limits={"p50_ms": 0.01}, tickets_in_queue=1000)

    report = measure_budgets(dataset, {"impossible": budget}, effort=Effort(limit_s=2))

    assert report.verdict == "failed"
    assert [result.name for result in report.budgets] == ["impossible"]
