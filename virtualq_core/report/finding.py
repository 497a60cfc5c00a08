"""
Everything that did not pass, with its reason.

Every form of the report says the same, because all of them ask here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.measure.budget import OPERATIONS
from virtualq_core.measure.result import BudgetResult, PlanResult, Problem
from virtualq_core.report.quantity import amount, interval
from virtualq_core.report.verdict import SEVERITY, PartVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.report.load_results import Violation
    from virtualq_core.report.results import Requirement, Results

_BAD = ("failed", "error")
_TENANT_CLASS = "tenant_class"
_METRICS = {
    "must_be_served_by": "serving index",
    "can_be_served_by": "usable index",
    "must_not_scan": "tables not scanned",
    "must_not_spill": "no spill",
    "must_stay_on_one_node": "one node",
}


@dataclass(frozen=True)
class Finding:
    """A problem, and the stage that met it."""

    stage: str
    verdict: PartVerdict
    problem: Problem

    @property
    def is_advice(self) -> bool:
        """The stage passed all the same: a `should` does not hold."""
        return self.verdict in ("passed", "skipped")

    @property
    def standing(self) -> str:
        """How much it weighs, in words."""
        return "advice" if self.is_advice else self.verdict


def findings(results: Results) -> list[Finding]:
    """
    Everything that did not pass, the worst stages first.

    The stages' own problems, and one more for each failed requirement, plan, budget or invariant that none of them
    names: nothing that failed goes unsaid because its stage forgot to say it.
    """
    found: list[Finding] = []
    for stage in sorted(results.stages, key=lambda stage: SEVERITY.index(stage.verdict)):
        told: list[Problem] = []
        own = [((), problem) for problem in stage.problems]
        for names, problem in (*own, *_implied(results, stage.name)):
            is_told = names and any(_names_all(earlier, names) for earlier in told)
            if problem not in told and not is_told:
                told.append(problem)
        found += [Finding(stage.name, stage.verdict, problem) for problem in told]
    return found


def _names_all(problem: Problem, names: tuple[str, ...]) -> bool:
    text = " ".join(filter(None, (problem.what, problem.observed, problem.expected)))
    return all(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) for name in names)


def _implied(results: Results, stage: str) -> list[tuple[tuple[str, ...], Problem]]:
    """The names by which a problem of each failed part would be known, and the problem to tell where none is."""
    parts: list[tuple[tuple[str, ...], Problem]] = []
    match stage:
        case "conformance":
            parts = [((one.id,), requirement_problem(one)) for one in results.requirements if one.verdict in _BAD]
        case "plans":
            parts = [((), problem) for plan in results.plans for problem in plan.problems]
            parts += [((plan.query,), _plan_problem(plan)) for plan in results.plans if plan.verdict in _BAD]
        case "budgets":
            undone = [one for one in results.budgets if one.verdict in (*_BAD, "inconclusive")]
            parts = [((one.name, metric(one.metric)), budget_problem(one)) for one in undone]
        case "load" if results.load is not None:
            parts = [((one.invariant,), violation_problem(one)) for one in results.load.violations]
        case _:
            pass
    return parts


def requirement_problem(requirement: Requirement) -> Problem:
    """A requirement that does not hold, as a problem."""
    if requirement.problem is not None:
        return requirement.problem
    level = "" if requirement.level == "must" else f" ({requirement.level})"
    what = f"{requirement.id}{level} does not hold: {requirement.text}"
    return Problem(code="requirement", what=what, observed=requirement.evidence or None)


def _plan_problem(plan: PlanResult) -> Problem:
    served = ", ".join(plan.served_by) or "no index"
    return Problem(code="plan", what=f"the plan of {plan.query} failed", observed=served)


def particulars(problem: Problem) -> list[tuple[str, str]]:
    """What else is known of a problem, each part under its name."""
    parts = (("observed", problem.observed), ("expected", problem.expected), ("next", problem.next_step))
    return [(name, text) for name, text in parts if text]


def budget_problem(budget: BudgetResult) -> Problem:
    """A budget that was not kept, as a problem."""
    if budget.problem is not None:
        return budget.problem
    kept = {"failed": "not kept", "inconclusive": "cannot be decided"}.get(budget.verdict, "could not be measured")
    by = f" by {budget.query}" if budget.query and budget.verdict == "failed" else ""
    tenant = f" for tenant {budget.tenant}" if budget.tenant is not None else ""
    detail = f"; {budget.detail}" if budget.detail else ""
    return Problem(
        code="budget",
        what=f"{budget.name} {metric(budget.metric)}: {kept}{by}{tenant}{detail}",
        observed=observed(budget),
        expected=limit(budget),
        next_step=_next_step(budget),
    )


def _next_step(budget: BudgetResult) -> str:
    """How to look closer: at the plan where a query is slow or reads much, and at the budget alone, with more time."""
    alone = f"virtualq bench --budget {budget.name}"
    if budget.verdict == "inconclusive":
        return f"{alone} --limit-s 300 measures it alone, and for longer"
    if budget.query is None or budget.query in OPERATIONS:
        return f"{alone} measures it alone; on a machine with other work to do, repeat it when there is none"
    return f"virtualq plans --query {budget.query} shows what serves it; {alone} measures it alone"


def violation_problem(violation: Violation) -> Problem:
    """A broken invariant of the history, as a problem."""
    return Problem(
        code="history-invariant",
        what=f"{violation.invariant}: {place(violation)}{violation.what}",
        observed="\n".join(violation.evidence) or None,
    )


def place(violation: Violation) -> str:
    """Where a violation was found, as it stands before what it is: `ticket 7 of tenant 3: `."""
    if violation.ticket is None:
        return ""
    tenant = "" if violation.tenant is None else f" of tenant {violation.tenant}"
    return f"ticket {violation.ticket}{tenant}: "


def distinction(plan: PlanResult, plans: Iterable[PlanResult]) -> str:
    """
    What tells a plan from the others of its query: the class of tenant, or else the parameters in which they differ.

    Empty where it is the only one, or where they differ in no parameter.
    """
    others = [other.parameters for other in plans if other.query == plan.query]
    differing = {
        name: value for name, value in plan.parameters.items() if any(other.get(name) != value for other in others)
    }
    if _TENANT_CLASS in differing:
        return str(differing[_TENANT_CLASS])
    return ", ".join(f"{name} {value}" for name, value in differing.items())


def metric(name: str) -> str:
    """A metric's name in words: `max_buffers` is buffers, `p99_ms` is p99."""
    if name in _METRICS:
        return _METRICS[name]
    bare = re.sub(r"^(max|min)_|(?<!_per)_(ms|s|bytes)$", "", name)
    return bare.replace("_per_s", "/s").replace("p999", "p99.9").replace("_", " ")


def observed(budget: BudgetResult) -> str:
    """What was observed, with its interval where there is one."""
    spread = interval(budget.interval, budget.unit)
    return amount(budget.observed, budget.unit) + (f" ({spread})" if spread else "")


def limit(budget: BudgetResult) -> str:
    """The limit in words."""
    side = {"at_most": "at most ", "at_least": "at least ", "equals": ""}[budget.sense]
    return side + amount(budget.limit, budget.unit)


def allowed(budget: BudgetResult) -> str:
    """The limit as it follows what was observed: `100 ms allowed`."""
    return amount(budget.limit, budget.unit) + " allowed" if budget.sense == "at_most" else f"{limit(budget)} demanded"
