"""JUnit XML, as CI systems read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.report import sample, sample_plan
from virtualq_core.report import junit

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.report.results import Results

# The elements and attributes of the schema that Jenkins and pytest share (junit-10.xsd).
_ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
_CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def _parsed(results: Results) -> ET.Element:
    return ET.fromstring(junit.render(results))  # noqa: S314  our own document


def _case(root: ET.Element, name: str) -> ET.Element:
    (found,) = [case for case in root.iter("testcase") if case.get("name") == name]
    return found


def test_two_plans_stand_side_by_side() -> None:
    """In the failure of the plan that did not hold, as they are."""
    failures = [element.text or "" for element in _parsed(sample.failed()).iter("failure")]

    assert any(sample_plan.QUEUE_COMPARISON in text for text in failures)


@pytest.mark.parametrize("maker", sample.VARIANTS, ids=lambda maker: maker.__name__)
def test_the_document_has_the_common_structure(maker: Callable[[], Results]) -> None:
    """Only known elements and attributes, and totals that add up."""
    root = _parsed(maker())

    for element in root.iter():
        assert set(element.keys()) <= _ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= _CHILDREN.get(element.tag, set())
    for parent in [root, *root.iter("testsuite")]:
        cases = list(parent.iter("testcase"))
        assert parent.get("tests") == str(len(cases))
        for tag, total in (("failure", "failures"), ("error", "errors")):
            assert parent.get(total) == str(sum(case.find(tag) is not None for case in cases))


@pytest.mark.parametrize("maker", sample.VARIANTS, ids=lambda maker: maker.__name__)
def test_the_document_is_green_exactly_where_the_check_passed(maker: Callable[[], Results]) -> None:
    """CI that looks only at the file draws the same conclusion as from the exit code."""
    results = maker()

    root = _parsed(results)

    is_red = root.get("failures") != "0" or root.get("errors") != "0"
    assert is_red == (results.verdict != "passed")


def test_there_is_a_suite_per_stage_and_a_case_per_promise() -> None:
    """Every requirement, plan, budget and invariant can be found by its name."""
    results = sample.passed()

    root = _parsed(results)

    assert [suite.get("name") for suite in root] == [f"virtualq.{stage.name}" for stage in results.stages]
    names = {case.get("name") for case in root.iter("testcase")}
    assert results.load is not None
    assert names >= {one.id for one in results.requirements}
    assert names >= {plan.query for plan in results.plans}
    assert names >= {"queue_monitoring p99 [tenant 7]", "custom_data_search p99", "load transitions/s"}
    assert names >= {invariant.name for invariant in results.load.invariants}


def test_a_failure_carries_message_and_text() -> None:
    """The message is one line; the text has observed, expected and the next step."""
    failure = _case(_parsed(sample.failed()), "list_queue").find("failure")

    assert failure is not None
    assert failure.get("message") == f"list_queue is not served by {sample_plan.QUEUE_INDEX}"
    assert failure.get("type") == "plan-index"
    assert failure.text is not None
    for part in ("observed: a sequential scan", f"expected: {sample_plan.QUEUE_INDEX}", "next: create the index"):
        assert part in failure.text


def test_violations_fail_their_invariant() -> None:
    """With the ticket and the lines that show it, and also where the invariant is not listed."""
    base = sample.failed()
    assert base.load is not None

    for results in (base, replace(base, load=replace(base.load, invariants=()))):
        failure = _case(_parsed(results), "edges-are-legal").find("failure")
        assert failure is not None
        assert "ticket 1841 of tenant 7" in (failure.text or "")
        assert "op 01970c3e" in (failure.text or "")


def test_inconclusive_is_an_error_and_not_a_skip() -> None:
    """A skip would pass for a success."""
    error = _case(_parsed(sample.inconclusive()), "custom_data_search p99").find("error")

    assert error is not None
    assert error.get("type") == "inconclusive"


def test_a_stage_that_broke_off_is_red_without_cases_of_its_own() -> None:
    """A server that cannot be reached is not a green file."""
    root = _parsed(sample.broken_off())

    assert _case(root, "environment").find("error") is not None
    assert _case(root, "load").find("skipped") is not None


def test_a_should_that_does_not_hold_is_skipped_with_its_reason() -> None:
    """It does not fail the check, so it does not redden the file."""
    base = sample.passed()
    broken = replace(base.requirements[0], level="should", verdict="failed")

    root = _parsed(replace(base, requirements=(broken, *base.requirements[1:])))

    assert _case(root, "MAC-001").find("skipped") is not None
    assert root.get("failures") == "0"


def test_two_plans_of_one_query_are_two_cases() -> None:
    """CI systems drop a case whose name has been taken."""
    base = sample.passed()

    root = _parsed(replace(base, plans=(base.plans[0], base.plans[0])))

    assert _case(root, "list_queue (2)") is not None


def test_hostile_text_stays_text() -> None:
    """Markup is escaped, and what XML cannot hold is replaced."""
    text = "<failure>&]]>\x00\x1b[31m"

    root = _parsed(sample.hostile(text))

    case = next(case for case in root.iter("testcase") if case.find("failure") is not None)
    assert "<failure>&]]>��[31m" in (case.findtext("failure") or "")
