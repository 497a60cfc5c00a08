"""
The history checker: what clients were told against what the database recorded.

Each ticket is judged by itself, so memory is bounded by the longest history, and time grows with the number of
operations (times the logarithm that sorting one ticket's takes). The rules are in `record` (what the database says),
`answer` (what clients were told) and `order` (when); whether a clean recording may count as a pass is `contention`'s
question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from virtualq_core.conformance import answer, order, record
from virtualq_core.conformance.case import Case, Fault
from virtualq_core.conformance.contention import Doubt, Tally, Thresholds
from virtualq_core.conformance.invariant import Invariant, Violation
from virtualq_core.conformance.operation import WRITES, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from uuid import UUID

    from virtualq_core.conformance.evidence import TicketStory, TypeKey, TypeMachines
    from virtualq_core.conformance.operation import Operation

Ruling = Literal["passed", "failed", "inconclusive", "skipped"]

_OF_CASE: dict[Invariant, Callable[[Case], Iterator[Fault]]] = {
    Invariant.PATH: record.check_path,
    Invariant.LEGAL_EDGE: record.check_edges,
    Invariant.GAPLESS: record.check_numbering,
    Invariant.EXACTLY_ONCE: answer.check_acknowledged,
    Invariant.ASKED_FOR: answer.check_asked_for,
    Invariant.ONE_WINNER: answer.check_winner,
    Invariant.KNOWN_STATE: record.check_state,
    Invariant.ONE_TENANT: record.check_tenant,
}
_OF_COURSE: dict[Invariant, Callable[[order.Course], Iterator[Fault]]] = {
    Invariant.REAL_TIME: order.check_real_time,
    Invariant.JUST_REFUSAL: order.check_refusals,
    Invariant.ONE_TRUTH: order.check_reads,
}
# Without these the order of a ticket's steps means nothing, and rules about time would only echo the same fault.
_NEEDED_FOR_TIME = frozenset({Invariant.PATH, Invariant.GAPLESS, Invariant.EXACTLY_ONCE, Invariant.ASKED_FOR})
# What a recording without contention says nothing about.
_OF_RACES = frozenset({Invariant.ONE_WINNER, Invariant.REAL_TIME, Invariant.JUST_REFUSAL})


@dataclass(frozen=True)
class Finding:
    """What became of one invariant, and over how many records (steps, operations, reads or tickets) it was checked."""

    invariant: Invariant
    verdict: Ruling
    checked: int
    violations: int
    detail: str


@dataclass(frozen=True)
class Judgement:
    """
    What a recording amounts to.

    `violations` holds at most the checker's `max_violations`, `violation_count` says how many there were. `doubts` are
    why a recording without violations is inconclusive.
    """

    verdict: Literal["passed", "failed", "inconclusive"]
    findings: tuple[Finding, ...]
    violations: tuple[Violation, ...]
    violation_count: int
    doubts: tuple[Doubt, ...]
    tally: Tally


@dataclass
class Checker:
    """
    Examines stories one by one; `judgement()` sums up.

    `unplaced` are the operations whose client never learnt the ticket (a claim without an answer, say). Where
    `is_complete` is false, records were lost with their process: a step that nobody asked for is then no violation, but
    the recording is no pass either. `was_restarted` says that the server crashed and came back while recording.
    """

    machines: Mapping[TypeKey, TypeMachines]
    unplaced: Iterable[Operation] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    is_complete: bool = True
    was_restarted: bool = False
    max_violations: int = 100

    def __post_init__(self) -> None:
        self.tally = Tally()
        self._unplaced = {operation.op_id: operation for operation in self.unplaced if operation.kind in WRITES}
        self._placed: dict[UUID, tuple[int, int]] = {}
        self._counts = dict.fromkeys(Invariant, 0)
        self._checked = dict.fromkeys(Invariant, 0)
        self._violations: list[Violation] = []
        self._unattributed = 0

    def examine(self, story: TicketStory) -> None:
        """Hold one ticket to every rule."""
        machines = None if story.fact is None else self.machines.get(story.fact.type_key)
        case = Case(story, machines, self._unplaced)
        self.tally.add(case)
        self._place(case)
        sound = True
        for invariant, rule in _OF_CASE.items():
            for fault in rule(case):
                if invariant is Invariant.ASKED_FOR and not self.is_complete:
                    self._unattributed += 1
                else:
                    self._report(invariant, case, fault)
                sound &= invariant not in _NEEDED_FOR_TIME
        self._count_checked(case)
        if not sound:
            return
        course = order.Course(case)
        for invariant, timely in _OF_COURSE.items():
            faults = list(timely(course))
            for fault in faults:
                self._report(invariant, case, fault)
            if faults and invariant is Invariant.REAL_TIME:
                return

    def judgement(self) -> Judgement:
        """What all examined stories amount to."""
        tally = self.tally
        for op_id, operation in self._unplaced.items():
            if op_id in self._placed:
                continue
            tally.count(operation.outcome)
            self._checked[Invariant.EXACTLY_ONCE] += 1
            if operation.outcome is Outcome.OK:
                tally.lost += 1
                fault = Fault("an operation that was acknowledged is not in the history", [], [operation])
                self._add(Invariant.EXACTLY_ONCE, operation.tenant_id, None, fault.what, (operation.describe(),))
        doubts = tally.doubts(self.thresholds)
        if not self.is_complete:
            what = "a client process ended without closing its record"
            doubts += (Doubt("is_complete", what, f"{self._unattributed} steps without an operation", "none"),)
        count = sum(self._counts.values())
        verdict: Literal["passed", "failed", "inconclusive"] = "inconclusive" if doubts else "passed"
        if count:
            verdict = "failed"
        findings = tuple(self._finding(invariant, doubts) for invariant in Invariant)
        return Judgement(verdict, findings, tuple(self._violations), count, doubts, tally)

    def _finding(self, invariant: Invariant, doubts: tuple[Doubt, ...]) -> Finding:
        count, checked = self._counts[invariant], self._checked[invariant]
        detail = ""
        ruling: Ruling = "passed"
        if count:
            ruling = "failed"
        elif invariant is Invariant.AFTER_RESTART:
            broken = sum(self._counts.values())
            checked = self.tally.tickets if self.was_restarted else 0
            if not self.was_restarted:
                ruling, detail = "skipped", "the server was not restarted"
            elif broken:
                ruling, detail = "failed", "others are broken after the restart"
        elif not checked:
            ruling, detail = "skipped", "nothing was recorded that it could be checked on"
        elif doubts and (invariant in _OF_RACES or any(doubt.threshold == "is_complete" for doubt in doubts)):
            ruling, detail = "inconclusive", "; ".join(doubt.what for doubt in doubts)
        return Finding(invariant, ruling, checked, count, detail)

    def _place(self, case: Case) -> None:
        """An operation whose client never learnt the ticket wrote here; elsewhere as well would be twice."""
        here = (case.story.tenant_id, case.story.ticket_id)
        for op_id in case.steps_by_id:
            if op_id in self._unplaced:
                elsewhere = self._placed.setdefault(op_id, here)
                if elsewhere != here:
                    what = f"one operation is in the history of ticket {elsewhere[1]} as well"
                    self._report(Invariant.EXACTLY_ONCE, case, Fault(what, case.steps_by_id[op_id]))

    def _report(self, invariant: Invariant, case: Case, fault: Fault) -> None:
        room = len(self._violations) < self.max_violations
        evidence = case.evidence(fault) if room else ()
        self._add(invariant, case.story.tenant_id, case.story.ticket_id, fault.what, evidence)

    def _add(
        self, invariant: Invariant, tenant_id: int, ticket_id: int | None, what: str, evidence: tuple[str, ...]
    ) -> None:
        self._counts[invariant] += 1
        if len(self._violations) < self.max_violations:
            self._violations.append(Violation(invariant, what, tenant_id, ticket_id, evidence))

    def _count_checked(self, case: Case) -> None:
        steps, attempts = len(case.story.steps), len(case.attempts)
        refused = sum(attempt.outcome is Outcome.REFUSED for attempt in case.attempts.values())
        new = sum(step.is_new for step in case.story.steps)
        for invariant, number in (
            (Invariant.PATH, steps),
            (Invariant.LEGAL_EDGE, steps),
            (Invariant.GAPLESS, steps),
            (Invariant.EXACTLY_ONCE, attempts),
            (Invariant.ASKED_FOR, new),
            (Invariant.ONE_WINNER, attempts),
            (Invariant.REAL_TIME, new),
            (Invariant.JUST_REFUSAL, refused),
            (Invariant.KNOWN_STATE, 1),
            (Invariant.ONE_TENANT, 1),
            (Invariant.ONE_TRUTH, len(case.reads)),
        ):
            self._checked[invariant] += number
