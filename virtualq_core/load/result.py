"""What a load amounts to: its verdict, why, and the figures, in the shape that `results.json` has for them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from virtualq_core.conformance.witness import as_violation
from virtualq_core.load.scenario import Limit
from virtualq_core.measure.proportion import Proportion

if TYPE_CHECKING:
    from virtualq_core.conformance.checker import Judgement
    from virtualq_core.conformance.invariant import Violation
    from virtualq_core.conformance.witness import StandingViolation
    from virtualq_core.load.aftermath import Aftermath
    from virtualq_core.load.figure import Figures
    from virtualq_core.load.observation import Observation
    from virtualq_core.load.way import Pooling

Verdict: TypeAlias = Literal["passed", "failed", "inconclusive"]
_NEXT_STEP = "read the evidence below the violation: the ticket's history with the operations around it"


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """
    One finished load.

    `judgement` is the checker's over the recorded operations; `standing` is what the database's own question over all
    its rows found. `errors` are the first messages of operations that failed though no rule refused them. `server` is
    what the server did meanwhile, and `faults` what was done to it.
    """

    scenario: str
    subject: str
    clients: int
    figures: Figures
    judgement: Judgement
    standing: tuple[StandingViolation, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    limit: Limit = field(default_factory=Limit)
    lost: tuple[str, ...] = ()
    pooling: Pooling | None = None
    server: Observation | None = None
    faults: tuple[Aftermath, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """
        Failed for a violation, or an error that no rule raised, or more late operations than the scenario allows.

        A run that lost a worker was not the one that was asked for: inconclusive, unless it has failed.
        """
        if self.standing or self.judgement.tally.failed:
            return "failed"
        verdicts = {self.judgement.verdict, self.timeliness, "inconclusive" if self.lost else "passed"}
        return "failed" if "failed" in verdicts else "inconclusive" if "inconclusive" in verdicts else "passed"

    @property
    def timeliness(self) -> Verdict:
        """
        Whether the share of late operations is within the scenario's limit, as far as their number tells.

        Inconclusive where the exact 95 % interval of the share holds the limit; operations that come late together make
        it somewhat wider than it says.
        """
        demanded = self.figures.demanded
        if not self.limit.latency_ms or not demanded.due:
            return "passed"
        low, high = Proportion(demanded.late + demanded.skipped, demanded.due).interval
        most = self.limit.max_late_share
        return "failed" if low > most else "inconclusive" if high > most else "passed"

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Those of the checker first; of the database's own those that the checker's list knows."""
        found = [as_violation(one) for one in self.standing]
        return (*self.judgement.violations, *(one for one in found if one is not None))

    @property
    def summary(self) -> str:
        """The result in one line."""
        figures, tally = self.figures, self.judgement.tally
        violations = self.judgement.violation_count + len(self.standing)
        latency = figures.latency
        times = "" if latency.p99_ms is None else f", p50 {latency.p50_ms:.2f} ms, p99 {latency.p99_ms:.2f} ms"
        return (
            f"{figures.transitions_per_s:,.0f} transitions/s by {self.clients} clients{times}; "
            f"{tally.operations:,} operations checked, {tally.refused:,} refused, {tally.unknown} unknown, "
            f"{violations or 'no'} violation{'' if violations == 1 else 's'}"
        )

    def problems(self) -> list[dict[str, str | None]]:
        """What keeps the load from passing, in the four parts of every problem, under a code."""
        found = []
        for violation in self.judgement.violations:
            observed = "\n".join(violation.evidence) or None
            found.append(_problem("history-violation", str(violation), observed, violation.invariant.text, _NEXT_STEP))
        hidden = self.judgement.violation_count - len(self.judgement.violations)
        if hidden:
            found.append(_problem("history-violation", f"{hidden} more violations are not listed"))
        for one in self.standing:
            place = "" if one.ticket_id is None else f"ticket {one.ticket_id} of tenant {one.tenant_id}: "
            what = f"{one.rule}: {place}{one.detail}"
            found.append(_problem("database-violation", what, next_step="select * from virtualq.find_violations()"))
        if self.judgement.tally.failed:
            first = "; ".join(f"{reason}: {message}" for reason, message in self.errors.items())
            what = f"{self.judgement.tally.failed} operations failed though no rule refused them"
            found.append(_problem("load-errors", what, first, "errors of rules only"))
        for doubt in self.judgement.doubts:
            first = "; ".join(f"{reason}: {message}" for reason, message in self.errors.items())
            observed = (
                f"{doubt.observed} ({first})" if doubt.threshold == "max_unknown_share" and first else doubt.observed
            )
            step = "more clients, fewer hot tickets or a longer load put more to the test"
            step = step if doubt.threshold.startswith("min_") else "look for what broke the connections or the clients"
            found.append(_problem("load-inconclusive", doubt.what, observed, doubt.expected, step))
        if self.timeliness != "passed":
            found.append(self._lateness())
        if self.lost:
            step = "look at what else the machine did; what was recorded until then is judged and counted"
            found.append(_problem("worker-lost", "not all workers came to their end", ", ".join(self.lost), None, step))
        return found

    def _lateness(self) -> dict[str, str | None]:
        demanded, limit = self.figures.demanded, self.limit
        is_sure = self.timeliness == "failed"
        return _problem(
            "late-operations",
            f"too many operations took longer than {limit.latency_ms:g} ms"
            if is_sure
            else f"whether too many operations took longer than {limit.latency_ms:g} ms is not sure",
            f"{demanded.late_share:.2%} of {demanded.due:,}: {demanded.late:,} late, {demanded.skipped:,} never begun",
            f"at most {limit.max_late_share:.2%}",
            "fewer a second, or look at where the time goes" if is_sure else "a longer load has a narrower interval",
        )

    def to_json(self) -> dict[str, Any]:
        """The member `load` of `results.json`."""
        figures, tally = self.figures, self.judgement.tally
        return {
            "transitions_per_s": figures.transitions_per_s,
            "p50_ms": figures.latency.p50_ms,
            "p99_ms": figures.latency.p99_ms,
            "refused": tally.refused,
            "unknown": tally.unknown,
            "violations": [
                {"invariant": one.invariant.value, "what": one.what, "ticket": one.ticket_id} for one in self.violations
            ]
            + [
                {"invariant": one.rule, "what": one.detail, "ticket": one.ticket_id}
                for one in self.standing
                if as_violation(one) is None
            ],
            "invariants": [
                {
                    "name": finding.invariant.value,
                    "verdict": finding.verdict,
                    "text": finding.invariant.text + (f" ({finding.detail})" if finding.detail else ""),
                    "checked": finding.checked,
                }
                for finding in self.judgement.findings
            ],
            "clients": self.clients,
            "duration_s": figures.duration_s,
            "timeline": [asdict(moment) for moment in figures.timeline],
            "histogram": figures.latency.histogram(),
            "operations": figures.operations,
            "subject": self.subject,
            "server": None if self.server is None else self.server.to_json(),
            "faults": [one.to_json() for one in self.faults],
            "demand": {
                "scenario": self.scenario,
                "operations_per_s": figures.operations_per_s,
                "due": figures.demanded.due,
                "late": figures.demanded.late,
                "skipped": figures.demanded.skipped,
                "latency_limit_ms": self.limit.latency_ms or None,
                "max_late_share": self.limit.max_late_share if self.limit.latency_ms else None,
                "driver_share": figures.driver_share,
                "lost_workers": list(self.lost),
            },
        }

    def latencies(self) -> list[dict[str, Any]]:
        """Entries of `latencies` in `results.json`: by kind of operation, by tenant if one is hot, and of the waits."""
        figures = self.figures
        return [
            {
                "name": f"load: {one.name}",
                "unit": "ms",
                "samples": one.samples,
                "p50": one.p50_ms,
                "p90": one.p90_ms,
                "p95": one.p95_ms,
                "p99": one.p99_ms,
                "p999": one.p999_ms,
                "max": one.max_ms,
                "histogram": one.histogram(),
                "hdr": one.hdr,
            }
            for one in (*figures.latencies, *figures.tenants, figures.lag, figures.pool_wait)
            if one.samples
        ]


def _problem(
    code: str,
    what: str,
    observed: str | None = None,
    expected: str | None = None,
    next_step: str | None = None,
) -> dict[str, str | None]:
    return {"code": code, "what": what, "observed": observed, "expected": expected, "next_step": next_step}
