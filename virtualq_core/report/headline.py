"""The verdict in one sentence with the numbers that decided it, and the few figures that a reader asks for first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.report import quantity
from virtualq_core.report.finding import allowed, metric, observed
from virtualq_core.report.quantity import amount, count, many, number
from virtualq_core.report.verdict import PartVerdict, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from virtualq_core.measure.result import BudgetResult
    from virtualq_core.report.load_results import Load
    from virtualq_core.report.results import Requirement, Results, Stage

QUEUE_QUERY = "list_queue"
_NAMED = 2


@dataclass(frozen=True)
class Figure:
    """A number that a reader asks for first: its name, its value, and what to hold it against."""

    name: str
    value: str
    note: str = ""
    verdict: PartVerdict = "passed"


def headline(results: Results) -> str:
    """The verdict in one sentence, with the numbers that decided it."""
    word, reason = verdict_and_reason(results)
    return f"{word}: {reason}."


def verdict_and_reason(results: Results) -> tuple[str, str]:
    """The verdict in a word, and what decided it."""
    match results.verdict:
        case "passed":
            return "Passed", _list([*_reassurance(results)])
        case "failed":
            return "Failed", _list([*_damage(results)])
        case "inconclusive":
            return "Inconclusive", f"nothing failed, but not all could be decided ({_stopped(results, 'inconclusive')})"
        case _:
            return "Error", f"nothing failed, but not all could be checked ({_stopped(results, 'error')})"


def figures(results: Results) -> list[Figure]:
    """The few numbers that a reader asks for first; only those that were measured."""
    found: list[Figure] = []
    p99_ms = list_queue_p99_ms(results)
    if p99_ms is not None:
        asked = [one for one in results.budgets if one.query == QUEUE_QUERY and one.metric == "p99_ms"]
        note = f"budget {amount(asked[0].limit, 'ms')}" if asked else ""
        found.append(Figure("list queue, p99", quantity.milliseconds(p99_ms), note, common_verdict(asked)))
    if results.load is not None:
        found += _load_figures(results.load)
    if results.requirements:
        held = sum(one.verdict == "passed" for one in results.requirements)
        value = f"{count(held)} of {count(len(results.requirements))}"
        musts = common_verdict(one for one in results.requirements if one.level == "must")
        found.append(Figure("requirements hold", value, "", musts))
    orm = next((subject for subject in results.subjects if subject.name == "orm"), None)
    if orm is not None and orm.ratio_to_procedural is not None:
        spread = quantity.interval(orm.ratio_interval)
        found.append(Figure("orm / procedural rate", quantity.ratio(orm.ratio_to_procedural), spread or "same run"))
    return found


def _load_figures(load: Load) -> list[Figure]:
    bad: PartVerdict = "failed" if load.violations else "passed"
    return [
        Figure(
            "transitions",
            f"{number(load.transitions_per_s)}/s",
            many(load.clients, "clients") if load.clients else "",
        ),
        Figure("load, p99", amount(load.p99_ms, "ms"), f"p50 {amount(load.p50_ms, 'ms')}"),
        Figure("history violations", count(len(load.violations)), many(load.unknown, "unknown outcomes"), bad),
    ]


def common_verdict(parts: Iterable[BudgetResult | Requirement]) -> PartVerdict:
    """What several parts fold into; passed where there are none."""
    verdicts = [part.verdict for part in parts]
    return fold(verdicts) if verdicts else "passed"


def list_queue_p99_ms(results: Results) -> float | None:
    """The queue listing's p99 in ms, as its budget saw it or else as it was measured; None where it was not."""
    of_budget = (one.observed for one in results.budgets if one.query == QUEUE_QUERY and one.metric == "p99_ms")
    measured = (latency.p99 for latency in results.latencies if latency.name == QUEUE_QUERY)
    return next((value for value in (*of_budget, *measured) if isinstance(value, int | float)), None)


def _reassurance(results: Results) -> Iterator[str]:
    if results.requirements:
        yield _held(results.requirements)
    kept = [budget for budget in results.budgets if budget.verdict == "passed"]
    if decisive := _decisive_budget(kept):
        yield f"{decisive.name} {metric(decisive.metric)} is {observed(decisive)}, {allowed(decisive)}"
    elif kept:
        yield f"{count(len(kept))} budgets are kept"
    if results.load is not None:
        rate, violations = number(results.load.transitions_per_s), len(results.load.violations)
        left = many(violations, "violations") if violations else "no violation"
        yield f"{rate} transitions/s left {left} in the history"
    skipped = [stage.name for stage in results.stages if stage.verdict == "skipped"]
    if skipped:
        yield f"skipped: {', '.join(skipped)}"
    if not results.requirements and not kept and results.load is None:
        yield "every stage that ran passed"


def _held(requirements: Collection[Requirement]) -> str:
    asked = [requirement for requirement in requirements if requirement.verdict != "skipped"]
    broken = sum(requirement.verdict != "passed" for requirement in asked)
    share = f"{count(len(asked) - broken)} of {count(len(asked))}" if broken else f"all {count(len(asked))}"
    skipped = len(requirements) - len(asked)
    return f"{share} requirements hold" + (f", {count(skipped)} skipped" if skipped else "")


def _decisive_budget(kept: Iterable[BudgetResult]) -> BudgetResult | None:
    """The queue listing's latency, which a reader asks about first, else the tightest latency of all."""
    timed = [budget for budget in kept if budget.unit == "ms" and budget.observed is not None]
    return max(timed, key=lambda one: (one.query == QUEUE_QUERY, _strain(one)), default=None)


def _damage(results: Results) -> Iterator[str]:
    told = {
        "conformance": _broken_requirements(results),
        "plans": _broken_plans(results),
        "budgets": _broken_budgets(results),
        "load": _broken_history(results),
    }
    yield from filter(None, told.values())
    for stage in results.stages:
        if stage.verdict == "failed" and not told.get(stage.name):
            yield _reason(stage)


def _broken_requirements(results: Results) -> str:
    broken = [one.id for one in results.requirements if one.verdict == "failed" and one.level == "must"]
    return f"{_few(broken)} {'does' if len(broken) == 1 else 'do'} not hold" if broken else ""


def _broken_plans(results: Results) -> str:
    broken = [plan for plan in results.plans if plan.verdict == "failed"]
    if len(broken) == 1 and broken[0].problems:
        return broken[0].problems[0].what
    return f"not planned as demanded: {_few([plan.query for plan in broken])}" if broken else ""


def _broken_budgets(results: Results) -> str:
    broken = sorted((one for one in results.budgets if one.verdict == "failed"), key=_strain, reverse=True)
    if not broken:
        return ""
    worst, *others = broken
    more = f", and {many(len(others), 'more budgets')} broken" if others else ""
    return f"{worst.name} {metric(worst.metric)} is {amount(worst.observed, worst.unit)}, {allowed(worst)}{more}"


def _broken_history(results: Results) -> str:
    violations = 0 if results.load is None else len(results.load.violations)
    return f"{many(violations, 'violations')} in the history that the load wrote" if violations else ""


def _strain(budget: BudgetResult) -> float:
    """How much of its limit a budget uses, above one where it is broken; 0 where that is no number."""
    if isinstance(budget.observed, str | bool | None) or isinstance(budget.limit, str | bool):
        return 0.0
    share = budget.observed / budget.limit if budget.limit else float("inf")
    return share if budget.sense == "at_most" else 1 / share if share else float("inf")


def _stopped(results: Results, verdict: PartVerdict) -> str:
    stopped = [stage for stage in results.stages if stage.verdict == verdict]
    return _list([_open_budgets(results, stage) or _reason(stage) for stage in stopped]) or "no stage passed"


def _open_budgets(results: Results, stage: Stage) -> str:
    undecided = [one for one in results.budgets if one.verdict == "inconclusive" and one.observed is not None]
    if stage.name != "budgets" or stage.verdict != "inconclusive" or not undecided:
        return ""
    worst, *others = sorted(undecided, key=_strain, reverse=True)
    more = f", and {many(len(others), 'more budgets')} undecided" if others else ""
    return f"{worst.name} {metric(worst.metric)} is {observed(worst)}, {allowed(worst)}{more}"


def _reason(stage: Stage) -> str:
    why = stage.problems[0].what if stage.problems else stage.summary
    return f"{stage.name}: {why}" if why else stage.name


def _list(clauses: list[str]) -> str:
    return "; ".join(clauses)


def _few(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {count(more)} more" if more > 0 else "")
