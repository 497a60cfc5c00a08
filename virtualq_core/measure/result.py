"""
What was measured, in the shapes in which results.json holds it (report/results.schema.json describes each field).

The report reads them back by the types of their fields, so those are imported here and not only for the type checker.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core.measure.quantile import Histogram  # noqa: TC001 -- a field's type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.errors import VirtualQError

Sense: TypeAlias = Literal["at_most", "at_least", "equals"]
"""Which side of a limit is good."""
Verdict: TypeAlias = Literal["passed", "failed", "inconclusive", "error", "skipped"]
Ends: TypeAlias = tuple[float, float]
_WORST: tuple[Verdict, ...] = ("failed", "error", "inconclusive", "passed", "skipped")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; what was skipped has no say beside anything else. Skipped where there are none."""
    return min(verdicts, key=_WORST.index, default="skipped")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    What went wrong, in the four parts of an error, under a stable code.

    `comparison` is a text of at most 78 columns to be shown as it stands, such as two plans side by side.
    """

    code: str
    what: str
    observed: str | None = None
    expected: str | None = None
    next_step: str | None = None
    comparison: str | None = None

    @classmethod
    def of(cls, error: VirtualQError) -> Problem:
        """The same parts, as an error carries them."""
        observed = None if error.observed is None else str(error.observed)
        expected = None if error.expected is None else str(error.expected)
        return cls(code=error.code, what=error.what, observed=observed, expected=expected, next_step=error.next_step)


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    """One plan of one query, and what is wrong with it. `plan` is EXPLAIN's document, `text` the plan to be read."""

    query: str
    verdict: Verdict
    parameters: Mapping[str, object]
    fingerprint: str | None = None
    served_by: tuple[str, ...] = ()
    buffers: int | None = None
    planning_buffers: int | None = None
    rows: int | None = None
    execution_ms: float | None = None
    q_error: float | None = None
    plan: object = None
    text: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BudgetResult:
    """
    One limit and what was observed against it.

    `interval` is the observed number's 95 % confidence interval (of an exponent the range of its slopes), and None
    where the number repeats exactly or could not be given one. `problem` is why the limit is not kept, where the cause
    could be told.
    """

    name: str
    metric: str
    verdict: Verdict
    observed: float | str | None
    limit: float | str
    unit: str = ""
    sense: Sense = "at_most"
    query: str | None = None
    tenant: int | str | None = None
    samples: int | None = None
    interval: Ends | None = None
    detail: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class LatencyResult:
    """
    The distribution of one operation's latencies in ms.

    A percentile that the samples are too few for is the largest of them. `hdr`, of a load, is an HDR histogram of
    microseconds (version 2, base64), which others can be merged with.
    """

    name: str
    samples: int
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float
    max: float
    unit: Literal["ms"] = "ms"
    histogram: Histogram | None = None
    hdr: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubjectResult:
    """
    One implementation's cost of a transition.

    `ratio_to_procedural` is its transitions per second over the procedural subject's, measured in alternation with it
    on the same data; `ratio_interval` its 95 % confidence interval over blocks.
    """

    name: str
    transitions_per_s: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    round_trips: float | None = None
    ratio_to_procedural: float | None = None
    ratio_interval: Ends | None = None


@dataclass(frozen=True, kw_only=True)
class GuaranteeResult:
    """
    One way to do the work over another, in blocks of the same run.

    `value` and `reference_value` are the medians over blocks, in `unit`. `ratio` is the centre of the ratios within
    blocks, `interval` its 95 % confidence interval; `target` is the ratio that is aimed at, at least or at most. The
    verdict is passed where the whole interval keeps it, failed where none of it does, inconclusive between, None where
    nothing is aimed at, and skipped, with the reason in `detail`, where it could not be measured.
    """

    name: str
    reference: str
    unit: str
    clients: int
    value: float | None = None
    reference_value: float | None = None
    ratio: float | None = None
    interval: Ends | None = None
    blocks: int = 0
    sense: Literal["at_most", "at_least"] = "at_least"
    target: float | None = None
    verdict: Verdict | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class BudgetReport:
    """Everything that the budgets' stage measured."""

    budgets: tuple[BudgetResult, ...] = ()
    latencies: tuple[LatencyResult, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """The worst of its budgets'."""
        return worst([result.verdict for result in self.budgets] + ["error" for _ in self.problems])
