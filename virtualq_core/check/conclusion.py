"""
What the stages found, in the report's shapes, and the verdict and the line with which each stage ends.

What was measured is reported in the shapes in which it was measured. The other floors know nothing of reports; their
results carry the same field names, so most of it is handed on as is.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from virtualq_core.conformance.requirement import load as load_requirements
from virtualq_core.load.saturation import CLIENTS as POOL_CLIENTS
from virtualq_core.load.saturation import SCENARIO as POOL_SCENARIO
from virtualq_core.load.scenario import POOLS
from virtualq_core.measure.calibration import NOT_CALIBRATED
from virtualq_core.measure.result import (
    LatencyResult,
    PlanResult,
    Problem,
)
from virtualq_core.measure.spending import FALSE_VERDICT
from virtualq_core.report.load_results import Load
from virtualq_core.report.pool_results import PoolKind, PoolPoint, Pools
from virtualq_core.report.results import Calibration, Dataset, Requirement, part_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.check.ledger import OpenStage
    from virtualq_core.check.profile import Profile
    from virtualq_core.conformance.result import ConformanceResult, RequirementResult
    from virtualq_core.errors import VirtualQError
    from virtualq_core.load.result import LoadResult
    from virtualq_core.load.saturation import PoolComparison
    from virtualq_core.measure.calibration import Calibration as KeptCalibration
    from virtualq_core.measure.result import BudgetReport
    from virtualq_core.seeding import Dataset as SeededDataset
    from virtualq_core.seeding import Violation

_Part = TypeVar("_Part")


def handed_on(kind: type[_Part], found: object, **changed: Any) -> _Part:
    """A part of the report from a result with the same field names."""
    names = [part.name for part in fields(kind) if part.name not in changed]  # type: ignore[arg-type]
    return kind(**{name: getattr(found, name) for name in names}, **changed)


def dataset(found: SeededDataset) -> Dataset:
    """The data that was checked."""
    return handed_on(Dataset, found)


def unsound(violations: Sequence[Violation]) -> list[Problem]:
    """Rows that break a rule of the schema, one problem a rule, with how many and the first."""
    by_rule: dict[str, list[Violation]] = {}
    for violation in violations:
        by_rule.setdefault(violation.rule, []).append(violation)
    return [
        Problem(
            code="unsound-data",
            what=f"{rule} does not hold",
            observed=f"{found[0].detail} (tenant {found[0].tenant_id}, ticket {found[0].ticket_id})"
            + (f", and {len(found) - 1} more" if len(found) > 1 else ""),
            expected="no row of virtualq.find_violations()",
        )
        for rule, found in by_rule.items()
    ]


def requirements(outcome: ConformanceResult) -> tuple[Requirement, ...]:
    """Each requirement's verdict and evidence, under its family's name."""
    families = load_requirements().families
    return tuple(
        handed_on(Requirement, each, family=families[each.family], problem=_problem(each) if each.next_step else None)
        for each in outcome.requirements
    )


def unasked(profile: Profile) -> tuple[Requirement, ...]:
    """The requirements that the profile has no time for, as skipped; each says how to ask for it."""
    registry = load_requirements()
    return tuple(
        Requirement(
            id=each.id,
            level=each.level,  # type: ignore[arg-type]
            text=each.text,
            verdict="skipped",
            evidence=f"not asked by the profile {profile.name}; next: virtualq conform --only {each.family}",
            family=registry.families[each.family],
        )
        for each in registry.requirements.values()
        if each.family in profile.unasked
    )


def _problem(broken: RequirementResult) -> Problem:
    return Problem(
        code="requirement",
        what=f"{broken.id}: {broken.text}",
        observed=broken.observed or None,
        expected=broken.expected or None,
        next_step=broken.next_step,
    )


def conclude_conformance(stage: OpenStage, outcome: ConformanceResult) -> None:
    """Failed where a requirement of level must is broken, inconclusive where one could not be decided."""
    stage.conclude(outcome.verdict, outcome.summary)  # type: ignore[arg-type]
    if outcome.fault:
        stage.problems.append(Problem(code="suite-broke", what="the suite did not run", observed=outcome.fault))
    stage.problems += [_problem(each) for each in (*outcome.broken, *outcome.undecided) if each.level == "must"]


def conclude_plans(stage: OpenStage, found: Sequence[PlanResult]) -> None:
    """Failed where a budget's demand on a plan is not met, or an answer is wrong."""
    bad = [each for each in found if each.verdict in {"failed", "error"}]
    queries = len({each.query for each in found})
    stage.conclude("passed", f"{len(found)} plans of {queries} queries as demanded")
    if bad:
        names = ", ".join(dict.fromkeys(each.query for each in bad))
        is_failed = any(each.verdict == "failed" for each in bad)
        stage.conclude("failed" if is_failed else "error", f"not planned as demanded: {names}")
        told = dict.fromkeys(problem for each in bad for problem in each.problems)
        stage.problems.extend(told)


def calibration(found: KeptCalibration | None, tolerance: float) -> Calibration | None:
    """The figures that a reader of timed comparisons with this tolerance needs, where there are any."""
    if found is None:
        return None
    alarms, reach = found.same.called_slower, found.reaches[0]
    return handed_on(
        Calibration,
        found,
        trials=alarms.of,
        false_alarms=alarms.count,
        false_alarm_interval=alarms.interval,
        limit_s=reach.limit_s,
        smallest_change=reach.smallest_change,
        tolerance=tolerance,
        found_change=found.found_at(tolerance),
    )


def conclude_budgets(stage: OpenStage, report: BudgetReport, kept: KeptCalibration | None, tolerance: float) -> None:
    """
    The worst of the limits' verdicts, and how far times can be believed: those of the limits, and comparisons here.

    The limits' own errors are bounded by how they are judged; comparisons with this tolerance have been tried.
    """
    counted: dict[str, int] = {}
    for each in report.budgets:
        counted[each.verdict] = counted.get(each.verdict, 0) + 1
    told = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    trust = f"a kept latency limit fails in at most {FALSE_VERDICT * 100:g} %; compare: "
    trust += NOT_CALIBRATED if kept is None else kept.line(tolerance)
    stage.conclude(report.verdict, f"{len(report.budgets)} limits: {told}; {trust}")
    stage.problems.extend(report.problems)


def pools(found: PoolComparison) -> Pools:
    """Connection pools compared."""
    kinds = (
        handed_on(PoolKind, kind, points=tuple(handed_on(PoolPoint, point) for point in kind.points))
        for kind in found.kinds
    )
    return handed_on(Pools, found, kinds=tuple(kinds))


def unpooled(subject: str, error: VirtualQError) -> Pools:
    """Connection pools that could not be compared here, each with the reason."""
    why = f"{error.what}: {error.observed}" if error.observed is not None else error.what
    kinds = tuple(PoolKind(name=mode, verdict="skipped", detail=why) for mode in POOLS)
    return Pools(scenario=POOL_SCENARIO, subject=subject, clients=POOL_CLIENTS, blocks=0, turn_s=0.0, kinds=kinds)


def conclude_pools(stage: OpenStage, found: PoolComparison) -> None:
    """One more clause for the load's line; failed where a pool leaks, or the history is not true behind it."""
    stage.summary = f"{stage.summary}; {found.summary}"
    if found.problems:
        stage.fail(*found.problems)


def load(found: LoadResult) -> tuple[Load, tuple[LatencyResult, ...]]:
    """The load's figures, and the latencies of each kind of operation in it."""
    figures: Load = part_from_json(Load, found.to_json())
    return figures, tuple(part_from_json(LatencyResult, each) for each in found.latencies())


def conclude_load(stage: OpenStage, found: LoadResult) -> None:
    """Failed for any violation of the history, whatever the speed."""
    stage.conclude(found.verdict, found.summary)
    stage.problems.extend(part_from_json(Problem, problem) for problem in found.problems())
