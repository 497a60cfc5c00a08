"""
The results as JUnit XML: one suite per stage, a case for each requirement, plan, budget and invariant.

Each suite also has a case named after its stage. It fails where the stage did not pass for a reason that none of the
other cases tells, so that a server that could not be reached is not a green file without cases. What is inconclusive
is an error here: JUnit knows no third answer, and a skip would pass for a success. A `should` that does not hold is a
skip with its reason, as it does not fail the check either.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from virtualq_core.measure.result import PlanResult, Problem
from virtualq_core.report.finding import (
    budget_problem,
    distinction,
    findings,
    limit,
    metric,
    observed,
    particulars,
    requirement_problem,
    violation_problem,
)
from virtualq_core.report.load_results import Invariant
from virtualq_core.report.quantity import count, printable
from virtualq_core.report.verdict import PartVerdict, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.report.results import Results, Stage

_ELEMENT: dict[PartVerdict, str] = {
    "failed": "failure",
    "error": "error",
    "inconclusive": "error",
    "skipped": "skipped",
}


@dataclass(frozen=True)
class _Case:
    name: str
    verdict: PartVerdict
    problems: tuple[Problem, ...] = ()
    output: str = ""
    time_s: float | None = None


def render(results: Results) -> str:
    """The JUnit document, in the dialect that Jenkins, GitLab and the common GitHub actions read."""
    root = ET.Element("testsuites", name=f"virtualq {results.kind}", time=_seconds(results.duration_s))
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for stage in results.stages:
        suite = _suite(results, stage)
        root.append(suite)
        for total in totals:
            totals[total] += int(suite.get(total, "0"))
    for name, tally in totals.items():
        root.set(name, str(tally))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(results: Results, stage: Stage) -> ET.Element:
    cases = [*_cases(results, stage.name)]
    cases = [_stage_case(results, stage, cases), *cases]
    tally = [_ELEMENT.get(case.verdict, "") for case in cases]
    suite = ET.Element(
        "testsuite",
        name=f"virtualq.{stage.name}",
        tests=str(len(cases)),
        failures=str(tally.count("failure")),
        errors=str(tally.count("error")),
        skipped=str(tally.count("skipped")),
        time=_seconds(stage.duration_s),
        timestamp=results.started_at[:19],
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("profile", results.profile), ("seed", str(results.seed)), ("verdict", stage.verdict)):
        ET.SubElement(properties, "property", name=name, value=printable(value))
    names: Counter[str] = Counter()
    for case in cases:
        names[case.name] += 1
        suite.append(_element(case, stage.name, nth=names[case.name]))
    return suite


def _stage_case(results: Results, stage: Stage, cases: list[_Case]) -> _Case:
    is_told = stage.verdict != "skipped" and any(case.verdict != "skipped" for case in cases)
    if is_told and fold(case.verdict for case in cases) == stage.verdict:
        return _Case(stage.name, "passed", output=stage.summary, time_s=stage.duration_s)
    problems = tuple(found.problem for found in findings(results) if found.stage == stage.name)
    return _Case(stage.name, stage.verdict, problems, stage.summary, stage.duration_s)


def _cases(results: Results, stage: str) -> Iterator[_Case]:
    match stage:
        case "conformance":
            for one in results.requirements:
                is_advice = one.level != "must" and one.verdict != "passed"
                verdict = "skipped" if is_advice else one.verdict
                yield _Case(one.id, verdict, (requirement_problem(one),), f"{one.level}: {one.text}\n{one.evidence}")
        case "plans":
            for plan in results.plans:
                told = distinction(plan, results.plans)
                name = f"{plan.query} [{told}]" if told else plan.query
                yield _Case(name, plan.verdict, plan.problems or (_plan_problem(plan),), plan.text)
        case "budgets":
            for budget in results.budgets:
                tenant = f" [tenant {budget.tenant}]" if budget.tenant is not None else ""
                name = f"{budget.name} {metric(budget.metric)}{tenant}"
                kept = f"observed {observed(budget)}, limit {limit(budget)}"
                yield _Case(name, budget.verdict, (budget_problem(budget),), kept)
        case "load":
            yield from _invariants(results)
        case _:
            pass


def _plan_problem(plan: PlanResult) -> Problem:
    return Problem(code="plan", what=f"the plan of {plan.query}", observed=", ".join(plan.served_by) or "no index")


def _invariants(results: Results) -> Iterator[_Case]:
    if results.load is None:
        return
    violations = results.load.violations
    checked = {invariant.name for invariant in results.load.invariants}
    others = dict.fromkeys(one.invariant for one in violations if one.invariant not in checked)
    for invariant in (*results.load.invariants, *(Invariant(name=name, verdict="failed") for name in others)):
        broken = [violation_problem(one) for one in violations if one.invariant == invariant.name]
        told = invariant.text or invariant.name
        output = told if invariant.checked is None else f"{told}\nchecked over {count(invariant.checked)} records"
        fallback = Problem(code="history-invariant", what=told)
        yield _Case(invariant.name, "failed" if broken else invariant.verdict, tuple(broken) or (fallback,), output)


def _element(case: _Case, stage: str, *, nth: int) -> ET.Element:
    name = printable(case.name) + (f" ({nth})" if nth > 1 else "")
    element = ET.Element("testcase", classname=f"virtualq.{stage}", name=name)
    if case.time_s is not None:
        element.set("time", _seconds(case.time_s))
    tag = _ELEMENT.get(case.verdict)
    if tag is not None:
        message = case.problems[0].what if case.problems else case.output or case.verdict
        outcome = ET.SubElement(element, tag, message=printable(message))
        if tag != "skipped":
            outcome.set("type", "inconclusive" if case.verdict == "inconclusive" else _code(case))
        outcome.text = printable("\n\n".join(_paragraph(problem) for problem in case.problems)) or None
    if case.output:
        ET.SubElement(element, "system-out").text = printable(case.output)
    return element


def _code(case: _Case) -> str:
    return printable(case.problems[0].code) if case.problems else case.verdict


def _paragraph(problem: Problem) -> str:
    """A problem as plain lines: code and what, then what else is known."""
    lines = [f"{problem.code}: {problem.what}", *(f"{name}: {text}" for name, text in particulars(problem))]
    if problem.comparison:
        lines += ["", problem.comparison]
    return "\n".join(lines)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
