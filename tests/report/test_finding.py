"""What did not pass, and the sentence that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.report import sample, sample_plan
from virtualq_core.measure.result import BudgetResult
from virtualq_core.report.finding import budget_problem, distinction, findings
from virtualq_core.report.headline import figures, headline
from virtualq_core.report.results import Stage

if TYPE_CHECKING:
    from virtualq_core.report.verdict import PartVerdict


def test_a_pass_names_the_numbers_that_decided_it() -> None:
    """Requirements, the queue listing's latency with its interval and budget, the load's rate."""
    said = headline(sample.passed())

    assert said.startswith("Passed: all 16 requirements hold; queue_monitoring p99 is 12 ms (11.3 to 13.1 ms), 100 ms")
    assert said.endswith("3,588 transitions/s left no violation in the history.")


def test_a_failure_names_each_kind_of_thing_that_failed() -> None:
    """The requirement, the index and the query, the budget with its number, the violations."""
    said = headline(sample.failed())

    assert said.startswith("Failed: TRN-001 does not hold; ")
    for part in (sample_plan.QUEUE_INDEX, "list_queue", "167 ms, 100 ms allowed", "2 more budgets", "2 violations"):
        assert part in said


@pytest.mark.parametrize(
    ("query", "verdict", "step"),
    [
        ("list_queue", "failed", "virtualq plans --query list_queue"),
        ("transition", "failed", "virtualq bench --budget slow measures it alone"),
        ("list_queue", "inconclusive", "virtualq bench --budget slow --limit-s 300"),
    ],
)
def test_a_latency_that_is_not_kept_has_a_next_step(query: str, verdict: PartVerdict, step: str) -> None:
    """To the plan of a query, to the operation alone, or to more samples."""
    slow = BudgetResult(
        name="slow", metric="p99_ms", verdict=verdict, observed=130.0, limit=100, unit="ms", query=query
    )

    assert step in (budget_problem(slow).next_step or "")


def test_the_worst_budget_is_the_one_named() -> None:
    """By how far it is broken, on whichever side of its limit."""
    slow = BudgetResult(name="slow", metric="p99_ms", verdict="failed", observed=130.0, limit=100, unit="ms")
    idle = BudgetResult(
        name="idle",
        metric="min_transitions_per_s",
        verdict="failed",
        observed=50,
        limit=500,
        sense="at_least",
        unit="/s",
    )
    stages = (Stage(name="budgets", verdict="failed", duration_s=1),)

    said = headline(replace(sample.passed(), stages=stages, budgets=(slow, idle)))

    assert said == "Failed: idle transitions/s is 50 /s, at least 500 /s demanded, and 1 more budget broken."


def test_a_stage_that_failed_for_a_reason_of_its_own_is_in_the_sentence() -> None:
    """Seeding has no requirements or budgets; its problem is told all the same."""
    base = sample.failed()
    stages = (replace(base.stages[3], name="seed"),)

    said = headline(replace(base, stages=stages, requirements=(), plans=(), budgets=(), load=None))

    assert said == "Failed: seed: TRN-001 does not hold: an illegal edge was taken by a plain update."


def test_what_could_not_be_decided_is_never_called_a_pass() -> None:
    """Inconclusive and error say that nothing failed, and what is missing."""
    assert headline(sample.inconclusive()).startswith(
        "Inconclusive: nothing failed, but not all could be decided "
        "(custom_data_search p99 is 97.2 ms (81 to 118 ms), 100 ms allowed; load: too few transitions raced"
    )
    assert headline(sample.broken_off()) == (
        "Error: nothing failed, but not all could be checked (environment: no server answers at the given URL)."
    )


def test_nothing_that_failed_goes_unsaid() -> None:
    """A stage that lists one of its three broken budgets does not hide the other two."""
    told = [found.problem for found in findings(sample.failed()) if found.stage == "budgets"]

    assert [problem.what for problem in told] == [
        "queue_monitoring: p99 of list_queue over its budget in the worst tenant, 7",
        "queue_monitoring buffers: not kept by list_queue for tenant 7",
        "queue_monitoring serving index: not kept by list_queue",
    ]


def test_nothing_is_said_twice() -> None:
    """A problem that stands in the stage and in the plan is one finding."""
    told = [found.problem for found in findings(sample.failed()) if found.stage == "plans"]

    assert len(told) == 1


def test_the_worst_stages_come_first() -> None:
    """Failed before inconclusive, whatever the stages' order."""
    base = sample.failed()
    undecided = replace(base.stages[3], verdict="inconclusive")

    told = findings(replace(base, stages=(undecided, *base.stages[4:])))

    assert [found.verdict for found in told] == ["failed"] * (len(told) - 1) + ["inconclusive"]


def test_a_should_that_does_not_hold_is_told_as_advice() -> None:
    """It fails nothing and is not left out."""
    base = sample.passed()
    broken = replace(base.requirements[0], level="should", verdict="failed")

    (told,) = findings(replace(base, requirements=(broken, *base.requirements[1:])))

    assert told.is_advice
    assert told.problem.what.startswith("MAC-001 (should) does not hold")
    assert headline(replace(base, requirements=(broken, *base.requirements[1:]))).startswith("Passed: 15 of 16")


def test_plans_of_one_query_are_told_apart() -> None:
    """By the class of tenant where there is one, else by the parameters that differ; one alone needs nothing."""
    base = sample.passed().plans[0]
    big = replace(base, parameters={"tenant_id": 1, "tenant_class": "big"})
    empty = replace(base, parameters={"tenant_id": 2, "tenant_class": "empty"})
    numbered = [replace(base, parameters={"tenant_id": number, "limit": 9}) for number in (1, 2)]

    assert [distinction(plan, [big, empty]) for plan in (big, empty)] == ["big", "empty"]
    assert [distinction(plan, numbered) for plan in numbered] == ["tenant_id 1", "tenant_id 2"]
    assert distinction(big, [big]) == ""


def test_a_clean_pass_has_no_findings() -> None:
    """There is nothing to explain."""
    assert findings(sample.passed()) == []


def test_figures_are_only_of_what_was_measured() -> None:
    """No zero and no dash stands for a number that nobody took."""
    assert figures(sample.broken_off()) == []
    assert [(figure.name, figure.value) for figure in figures(sample.passed())] == [
        ("list queue, p99", "12 ms"),
        ("transitions", "3,588/s"),
        ("load, p99", "11.4 ms"),
        ("history violations", "0"),
        ("requirements hold", "16 of 16"),
        ("orm / procedural rate", "0.194×"),
    ]
