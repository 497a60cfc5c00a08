"""The results as one page that needs nothing else: no request, no script; light and dark, screen and paper."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from virtualq_core.report import finding, headline, quantity
from virtualq_core.report.document import write_text
from virtualq_core.report.load_results import Invariant, Load, Violation
from virtualq_core.report.observed import disturbance_figures, observed_figures
from virtualq_core.report.plots import guarantee_plot, latency_plot, load_plot, span
from virtualq_core.report.pool_plot import LOOKS, OTHER, measured, pool_plot
from virtualq_core.report.server_plot import server_plot

if TYPE_CHECKING:
    from virtualq_core.measure.result import BudgetResult, GuaranteeResult, LatencyResult, PlanResult
    from virtualq_core.report.pool_results import Pools
    from virtualq_core.report.results import Requirement, Results
    from virtualq_core.report.verdict import PartVerdict

_TEMPLATES = Path(__file__).with_name("templates")
_BAR_SPAN = 1.5
_VARIANT = re.compile(r" \([^)]*\)$")
_MARKS: dict[PartVerdict, str] = {
    "passed": "\N{CHECK MARK}",
    "failed": "\N{MULTIPLICATION X}",
    "inconclusive": "?",
    "error": "!",
    "skipped": "\N{EN DASH}",
}


@dataclass(frozen=True)
class Bar:
    """A budget's bar, in per cent of its width: what was observed, its interval, and the limit, always at one place."""

    observed: float
    low: float | None
    high: float | None
    limit: float
    share: str


@dataclass(frozen=True)
class Distribution:
    """One operation's latencies with its plot; `is_worst` of those of its query, such as the slowest tenant's."""

    latency: LatencyResult
    plot: Markup
    limit_ms: float | None
    is_worst: bool


@dataclass(frozen=True)
class Family:
    """Requirements that belong together, with their common verdict."""

    name: str
    verdict: PartVerdict
    requirements: Sequence[Requirement]

    @property
    def held(self) -> int:
        """How many hold."""
        return sum(requirement.verdict == "passed" for requirement in self.requirements)


@dataclass(frozen=True)
class Check:
    """An invariant of the history, and what broke it."""

    invariant: Invariant
    violations: Sequence[Violation]

    @property
    def verdict(self) -> PartVerdict:
        """Failed wherever there is a violation, whatever the invariant says of itself."""
        return "failed" if self.violations else self.invariant.verdict


@dataclass(frozen=True)
class Group:
    """A part of the environment: names and values."""

    name: str
    facts: Sequence[tuple[str, str]]


def write(results: Results, path: Path) -> None:
    """
    Write the page, whole or not at all.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    write_text(path, render(results))


def render(results: Results) -> str:
    """The page. The same results give the same page, byte for byte."""
    word, reason = headline.verdict_and_reason(results)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            word=word,
            reason=reason[:1].upper() + reason[1:],
            started=_moment(results.started_at),
            command=shlex.join(results.command),
            findings=finding.findings(results),
            figures=headline.figures(results),
            distributions=distributions(results),
            budget_groups=[(name, list(held)) for name, held in groupby(results.budgets, key=lambda one: one.name)],
            plans=sorted(results.plans, key=lambda plan: plan.query != headline.QUEUE_QUERY),
            load_plots=_load_plots(results.load),
            server_plots=_server_plots(results.load),
            guarantee_plots=_guarantee_plots(results.guarantees),
            pool_plots=_pool_plots(results.pools),
            pool_keys=_pool_keys(results.pools),
            checks=checks(results.load),
            families=families(results.requirements),
            groups=groups(results.environment),
            fastest=max((subject.transitions_per_s for subject in results.subjects), default=0.0),
            longest_s=max((stage.duration_s for stage in results.stages), default=0.0),
        )
    )
    return quantity.printable(page)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"marks": _MARKS, "bar": bar, "marked_plan": marked_plan, "distinction": finding.distinction}
    made.filters |= {
        "amount": quantity.amount,
        "circumstances": circumstances,
        "count": quantity.count,
        "duration": quantity.duration,
        "interval": quantity.interval,
        "limit": finding.limit,
        "many": quantity.many,
        "metric": finding.metric,
        "ms": lambda value: quantity.amount(value, "ms"),
        "number": quantity.number,
        "observed": observed_figures,
        "percent": quantity.percent,
        "parameters": parameters,
        "particulars": finding.particulars,
        "place": finding.place,
        "ratio": quantity.ratio,
        "size": quantity.size,
        "told": disturbance_figures,
        "words": lambda text: text.removesuffix("_bytes").replace("_", " "),
    }
    return made


def bar(budget: BudgetResult) -> Bar | None:
    """The budget's bar, where both its numbers are numbers; it ends at one and a half times the limit."""
    observed, limit = budget.observed, budget.limit
    if isinstance(observed, str | bool | None) or isinstance(limit, str | bool) or limit <= 0:
        return None

    def place(value: float) -> float:
        return round(max(0.0, min(value / limit / _BAR_SPAN, 1.0)) * 100, 2)

    low, high = budget.interval or (None, None)
    is_open = low == high
    return Bar(
        observed=place(observed),
        low=None if is_open else place(low or 0.0),
        high=None if is_open else place(limit * _BAR_SPAN if high is None else high),
        limit=place(limit),
        share=quantity.percent(observed / limit),
    )


def distributions(results: Results) -> list[Distribution]:
    """Every measured distribution with its plot, all on one time axis, with the budget of the query of its name."""
    limits = {
        budget.query: float(budget.limit)
        for budget in results.budgets
        if budget.metric == "p99_ms" and budget.query is not None and not isinstance(budget.limit, str)
    }
    bases = [_VARIANT.sub("", latency.name) for latency in results.latencies]
    shared = span(results.latencies, [limits[base] for base in bases if base in limits])
    worst = {base: max(one.p99 for at, one in enumerate(results.latencies) if bases[at] == base) for base in bases}
    return [
        Distribution(
            latency,
            Markup(latency_plot(latency, limit_ms=limits.get(base), shared=shared, name=f"latency-{at}")),  # noqa: S704  drawn here, of numbers only
            limits.get(base),
            latency.p99 == worst[base],
        )
        for at, (base, latency) in enumerate(zip(bases, results.latencies, strict=True))
    ]


def _load_plots(load: Load | None) -> list[tuple[str, Markup]]:
    if load is None or not load.timeline:
        return []
    return [
        (width, Markup(load_plot(load, is_wide=width == "wide", name=f"load-{width}")))  # noqa: S704  drawn here, of numbers only
        for width in ("wide", "narrow")
    ]


def _server_plots(load: Load | None) -> list[tuple[str, Markup]]:
    drawn = {
        width: "" if load is None else server_plot(load, is_wide=width == "wide", name=f"server-{width}")
        for width in ("wide", "narrow")
    }
    return [(width, Markup(plot)) for width, plot in drawn.items() if plot]  # noqa: S704  drawn here, of numbers only


def _guarantee_plots(guarantees: Sequence[GuaranteeResult]) -> list[tuple[str, Markup]]:
    if not any(one.ratio for one in guarantees):
        return []
    return [
        (width, Markup(guarantee_plot(guarantees, is_wide=width == "wide", name=f"guarantees-{width}")))  # noqa: S704  drawn here, of numbers only
        for width in ("wide", "narrow")
    ]


def _pool_plots(pools: Pools | None) -> list[tuple[str, Markup]]:
    if pools is None or not measured(pools):
        return []
    return [
        (width, Markup(pool_plot(pools, is_wide=width == "wide", name=f"pools-{width}")))  # noqa: S704  drawn here, of numbers only
        for width in ("wide", "narrow")
    ]


def _pool_keys(pools: Pools | None) -> list[tuple[str, str]]:
    """The names of what is drawn, each with the class of its line."""
    return [] if pools is None else [(kind.name, LOOKS.get(kind.name, OTHER).key) for kind in measured(pools)]


def checks(load: Load | None) -> list[Check]:
    """Each invariant of the history with the violations that broke it; those of an unlisted invariant too."""
    if load is None:
        return []
    broken: dict[str, list[Violation]] = {invariant.name: [] for invariant in load.invariants}
    for violation in load.violations:
        broken.setdefault(violation.invariant, []).append(violation)
    listed = {invariant.name: invariant for invariant in load.invariants}
    unlisted = (Invariant(name=name, verdict="failed") for name in broken if name not in listed)
    return [Check(invariant, broken[invariant.name]) for invariant in (*load.invariants, *unlisted)]


def marked_plan(plan: PlanResult) -> Markup:
    """The text of a plan, escaped, with the indexes that serve it marked, and sequential scans where it failed."""
    names = [re.escape(name) for name in plan.served_by if name]
    scans = [r"Seq Scan on (?:\S+)"] if plan.verdict == "failed" else []
    if not names and not scans:
        return escape(plan.text)
    marked = Markup()
    for at, part in enumerate(re.split(f"({'|'.join(names + scans)})", plan.text)):
        kind = Markup('<mark class="bad">{}</mark>') if part.startswith("Seq Scan") else Markup("<mark>{}</mark>")
        marked += kind.format(part) if at % 2 else part
    return marked


def circumstances(budget: BudgetResult) -> str:
    """Of which tenant, from how many samples, and what else is said of a budget."""
    tenant = None if budget.tenant is None else f"tenant {budget.tenant}"
    samples = None if budget.samples is None else quantity.many(budget.samples, "samples")
    return "; ".join(filter(None, (", ".join(filter(None, (tenant, samples))), budget.detail)))


def parameters(values: Mapping[str, object]) -> str:
    """The parameters of a query on one line."""
    return ", ".join(f"{name} = {value!r}" for name, value in values.items())


def families(requirements: Iterable[Requirement]) -> list[Family]:
    """The requirements by what their identifiers begin with, in their order, each family with its verdict."""
    grouped: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        grouped.setdefault(requirement.family or _family(requirement.id), []).append(requirement)
    return [Family(name, headline.common_verdict(held), held) for name, held in grouped.items()]


def _family(identity: str) -> str:
    return re.sub(r"[\W_]*\d[\w.-]*$", "", identity) or identity


def groups(environment: Mapping[str, object]) -> list[Group]:
    """The environment in groups: what is plain first, then one group for each mapping within it."""
    plain = [(name, _fact(name, value)) for name, value in environment.items() if not isinstance(value, Mapping)]
    nested = [
        Group(name, [(inner, _fact(inner, held)) for inner, held in value.items()])
        for name, value in environment.items()
        if isinstance(value, Mapping)
    ]
    return [group for group in (Group("machine and server", plain), *nested) if group.facts]


def _fact(name: str, value: object) -> str:
    match value:
        case bool():
            said = "yes" if value else "no"
        case int() if name.endswith("_bytes"):
            said = f"{quantity.size(value)} ({quantity.count(value)} bytes)"
        case float():
            said = quantity.number(value)
        case None:
            said = "unknown"
        case list() | tuple():
            said = ", ".join(_fact(name, held) for held in value) or "none"
        case Mapping():
            said = ", ".join(f"{inner} {_fact(str(inner), held)}" for inner, held in value.items())
        case _:
            said = str(value) or "(empty)"
    return said


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text
