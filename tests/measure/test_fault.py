"""Faults planted in a seeded database: each is caught, named, and told with its likely cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.errors import UsageError
from virtualq_core.measure.fault import read_faults
from virtualq_core.measure.stage import Effort, measure_budgets, measure_plans
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    assert "114 blocks" in (problem.expected or "")
    shown = (problem.comparison or "").splitlines()
    assert shown[0].startswith("first difference: ")
    assert any(line.lstrip().startswith(INDEX) for line in shown)
    assert any("BitmapAnd" in line and "|" in line for line in shown)


def test_an_index_that_nobody_declares_is_missing_and_the_nearest_is_named(dataset: Database, promise: Promise) -> None:
    """A name that was mistyped fails with the one that was meant, instead of advice to create it."""
    budget = promise(limits={"must_be_served_by": ("idx_ticket_queue_state_create",)}, tickets_in_queue=1000)

    problem = only_problem(measure_plans(dataset, {"board": budget}, queries=["list_queue"]))

    assert problem.code == "missing-index"
    assert f"'{INDEX}'" in (problem.next_step or "")


def test_a_dropped_index_fails_its_budget(dataset_copy: Database, promise: Promise) -> None:
    """The budgets' stage says so too, for the reader who looks there only."""
    plant(dataset_copy, "drop_queue_index")
    budget = promise(limits={"must_be_served_by": (INDEX,)}, tickets_in_queue=1000)

    report = measure_budgets(dataset_copy, {"board": budget})

    assert report.verdict == "failed"
    assert report.budgets[0].limit == INDEX
    assert "missing" in report.budgets[0].detail


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


def test_a_planner_that_is_wrong_is_told_from_an_index_that_is_missing(
    dataset_copy: Database, board: Mapping[str, Budget]
) -> None:
    """The setting is named that keeps it from the index, with what the index would cost and with both plans."""
    plant(dataset_copy, "overprice_indexes")

    problem = only_problem(measure_plans(dataset_copy, board))

    assert problem.code == "planner-settings"
    assert "random_page_cost = 1000" in problem.what
    assert "the default, 4" in problem.what
    assert "a sequential scan of ticket" in (problem.observed or "")
    assert "114 blocks" in (problem.expected or "")
    assert "Seq Scan on ticket" in (problem.comparison or "")


def test_stale_statistics_are_the_likely_cause_where_many_rows_changed(
    dataset_copy: Database, promise: Promise
) -> None:
    """Nearly half of the rows changed since ANALYZE; the error says how many, and what to run."""
    with dataset_copy.connect(role=MAINTAINER_ROLE) as connection:
        connection.execute(FAULTS["change_many_tickets"].sql)
    budget = promise(limits={"max_q_error": 1}, tickets_in_queue=1000)

    [result] = measure_budgets(dataset_copy, {"board": budget}).budgets

    assert result.problem is not None
    assert result.problem.code == "stale-statistics"
    assert "changed since it was last analysed" in result.problem.what
    assert result.problem.next_step == "analyze virtualq.ticket"


def test_a_wrong_answer_is_not_timed(dataset: Database, board: Mapping[str, Budget]) -> None:
    """A listing that forgets the queue is fast for nothing."""
    [wrong] = [fault for fault in read_faults() if fault.code == "wrong-answer"]

    with content.stand_in(wrong.queries):
        report = measure_budgets(dataset, board)

    assert report.verdict == "failed"
    assert report.latencies == ()
    assert {result.observed for result in report.budgets} == {None}


def test_what_no_cause_explains_is_told_without_one(dataset: Database, promise: Promise) -> None:
    """A limit that is simply too low has no culprit."""
    budget = promise(limits={"max_buffers": 1}, tickets_in_queue=1000)

    [result] = measure_budgets(dataset, {"board": budget}).budgets

    assert (result.verdict, result.problem) == ("failed", None)


def test_a_query_stands_in_only_while_it_is_tried() -> None:
    """And only for a query that there is."""
    right = content.query("list_queue").sql
    [wrong] = [fault for fault in read_faults() if fault.code == "wrong-answer"]

    with content.stand_in(wrong.queries):
        assert content.query("list_queue").sql != right
    assert content.query("list_queue").sql == right
    with pytest.raises(UsageError, match="no query named"), content.stand_in({"nothing": content.query("list_queue")}):
        pass


def test_a_lost_condition_is_seen_where_the_harness_only_reads(
    dataset_copy: Database, budgets: Mapping[str, Budget]
) -> None:
    """No index can be dropped for a trial there; the right query passes by its conditions, the wrong one not."""
    [hidden] = [fault for fault in read_faults() if fault.metric == "can_be_served_by"]
    guard.mark(dataset_copy, may_write=False)
    promised = {hidden.budget: budgets[hidden.budget]}

    right = measure_plans(dataset_copy, promised, queries=["list_employee_tickets"])
    with content.stand_in(hidden.queries):
        wrong = measure_plans(dataset_copy, promised, queries=["list_employee_tickets"])

    assert {plan.verdict for plan in right} == {"passed"}
    assert only_problem(wrong).code == "lost-predicate"
