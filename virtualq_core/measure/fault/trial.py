"""Faults on trial: each planted in a copy of the data, and judged by the shipped budget that has to catch it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.database.capability import lacking
from virtualq_core.database.clone import fresh_database
from virtualq_core.measure.budget import METRICS, load_budgets
from virtualq_core.measure.definition import SLIPS
from virtualq_core.measure.fault.specimen import read_faults
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.stage import Effort, measure_budgets, measure_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.fault.specimen import Fault
    from virtualq_core.measure.result import PlanResult, Problem, Verdict

_SHAPES = ("must_be_served_by", "can_be_served_by", "must_not_scan", "must_not_spill")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a budget's one metric said: the verdict, what was observed, the blocks of the plan, and the problem."""

    verdict: Verdict
    observed: str
    blocks: int | None
    problem: Problem | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    One fault on trial.

    `is_sound_before` says that the same limit was kept without the fault; `named` is the code that the failure bore,
    none where nothing failed. Blocks are those of the plan in question, none where the metric is of no plan. `skipped`
    is why it could not be tried.
    """

    fault: str
    sentence: str
    caught_by: str
    expected: str
    is_sound_before: bool = False
    verdict: Verdict = "skipped"
    named: str | None = None
    observed_before: str = ""
    observed_after: str = ""
    blocks_before: int | None = None
    blocks_after: int | None = None
    problem: Problem | None = None
    skipped: str = ""

    @property
    def is_caught(self) -> bool:
        """The limit, kept without the fault, failed with it, and the cause was named."""
        return self.is_sound_before and self.verdict == "failed" and self.named == self.expected


class Trials:
    """
    Faults on trial in copies of one seeded database.

    Each limit is judged once in a copy without any fault, which stays until the end. Nobody may be connected to the
    database meanwhile, because it is copied.
    """

    def __init__(self, server: Server, data: Database) -> None:
        self._server, self._data = server, data
        self._held = ExitStack()
        self._control: Database | None = None
        self._sound: dict[tuple[str, str], Seen] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def run(self, fault: Fault) -> Outcome:
        """
        Plant one fault in a copy of its own, and see what its budget says.

        Raises:
            EnvironmentFault: the database cannot be copied.
        """
        told = Outcome(
            fault=fault.name, sentence=fault.sentence, caught_by=f"{fault.budget} {fault.metric}", expected=fault.code
        )
        if fault.needs is not None and (why := lacking(self._server, fault.needs)) is not None:
            return replace(told, skipped=why)
        before, after = self._before(fault), self._after(fault)
        return replace(
            told,
            is_sound_before=before.verdict == "passed",
            verdict=after.verdict,
            named=None if after.problem is None else after.problem.code,
            observed_before=before.observed,
            observed_after=after.observed,
            blocks_before=before.blocks,
            blocks_after=after.blocks,
            problem=after.problem,
        )

    def _before(self, fault: Fault) -> Seen:
        asked = (fault.budget, fault.metric)
        if asked not in self._sound:
            if self._control is None:
                self._control = self._held.enter_context(self._copy())
            self._sound[asked] = _judge(self._control, _promise(fault))
        return self._sound[asked]

    def _after(self, fault: Fault) -> Seen:
        budget = _promise(fault)
        if fault.subject is not None:
            budget = replace(budget, subject=fault.subject)
        with self._copy() as database:
            if fault.sql is not None:
                with database.connect() as connection:
                    connection.execute(fault.sql.encode())
            with content.stand_in(fault.queries):
                return _judge(database, budget)

    def _copy(self) -> AbstractContextManager[Database]:
        return fresh_database(self._server, template=self._data.name, prefix="vq_fault")


def run_faults(
    server: Server,
    data: Database,
    *,
    names: Collection[str] | None = None,
    tell: Callable[[Fault, int, int], None] = lambda _fault, _done, _all: None,
) -> list[Outcome]:
    """
    Try every fault of the catalogue, or those named, each in a copy of a seeded database of this server.

    Nobody may be connected to `data` meanwhile.

    Raises:
        EnvironmentFault: the database cannot be copied.
    """
    chosen = [fault for fault in read_faults() if names is None or fault.name in names]
    outcomes = []
    with Trials(server, data) as trials:
        for done, fault in enumerate(chosen):
            tell(fault, done, len(chosen))
            outcomes.append(trials.run(fault))
    return outcomes


def _promise(fault: Fault) -> Budget:
    """The shipped budget, with the limit alone that has to catch the fault."""
    budget = load_budgets()[fault.budget]
    return replace(budget, limits={fault.metric: budget.limits[fault.metric]}, enforced=True)


def _shape(metric: str, found: PlanResult) -> str:
    """What a limit on a plan's shape is about; a served-by that is broken by the index itself says so."""
    if metric == "must_not_spill" and found.plan is not None:
        return f"{Plan.parse(found.plan).spilled_blocks:,} blocks spilled"
    if metric == "must_not_scan" and found.plan is not None:
        return ", ".join(Plan.parse(found.plan).sequential_scans) or "no table"
    served = ", ".join(found.served_by) or "no index"
    slip = next((problem.code for problem in found.problems if problem.code in SLIPS), None)
    return served if slip is None else f"{served} ({slip.replace('-', ' ')})"


def _judge(database: Database, budget: Budget) -> Seen:
    [metric] = budget.limits
    if metric in _SHAPES:
        plans = measure_plans(database, {budget.name: budget}, queries=[budget.query or ""])
        bad = next((plan for plan in plans if plan.problems), plans[0])
        return Seen(
            verdict=bad.verdict,
            observed=_shape(metric, bad),
            blocks=bad.buffers,
            problem=next(iter(bad.problems), None),
        )
    report = measure_budgets(database, {budget.name: budget}, effort=Effort(limit_s=5))
    result = report.budgets[0]
    problem = result.problem or next(iter(report.problems), None)
    observed = result.observed
    text = f"{observed:,.4g} {METRICS[metric].unit}".rstrip() if isinstance(observed, int | float) else str(observed)
    return Seen(verdict=result.verdict, observed=text, blocks=None, problem=problem)
