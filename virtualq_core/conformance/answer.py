"""Rules about answers against the record (invariants 4, 5, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.conformance.case import Fault
from virtualq_core.conformance.operation import MOVES, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.case import Attempt, Case
    from virtualq_core.conformance.evidence import Step
    from virtualq_core.conformance.operation import Operation


def check_acknowledged(case: Case) -> Iterator[Fault]:
    """Invariant 4: acknowledged once, as asked and answered; refused never, unknown at most once."""
    for attempt in case.attempts.values():
        steps, operation = attempt.steps, attempt.operation
        if len(steps) > 1:
            numbers = ", ".join(str(step.seq) for step in steps)
            yield Fault(f"one operation is in the history {len(steps)} times (seq {numbers})", steps, [operation])
        elif attempt.outcome is Outcome.OK and not steps:
            place = "" if operation.seq is None else f" as seq {operation.seq}"
            yield Fault(f"an operation that was acknowledged{place} is not in the history", [], [operation])
        elif attempt.outcome in {Outcome.REFUSED, Outcome.FAILED} and steps:
            word = attempt.outcome.name.lower()
            yield Fault(f"an operation that was {word} is in the history as seq {steps[0].seq}", steps, [operation])
        elif steps:
            difference = _difference(operation, steps[0])
            if difference:
                yield Fault(f"seq {steps[0].seq} is not what was asked and answered: {difference}", steps, [operation])


def check_asked_for(case: Case) -> Iterator[Fault]:
    """Invariant 5: every step of the recording was asked for by a recorded operation, or by a publication's mapping."""
    for op_id, steps in case.steps_by_id.items():
        if op_id not in case.attempts and not (case.machines and case.machines.published(steps[0])):
            yield Fault(f"nobody asked for seq {steps[0].seq}", steps)


def check_winner(case: Case) -> Iterator[Fault]:
    """
    Invariant 6: one winner per edge without a way back.

    It looks at what the clients were told, not at the history, so that a history that lost a winner's step does not
    hide it. That somebody wins where all could is the eighth invariant's matter.
    """
    if case.machines is None:
        return
    winners: dict[tuple[str, str, str | None], list[Operation]] = {}
    for attempt in case.attempts.values():
        if attempt.outcome is not Outcome.OK or attempt.operation.kind not in MOVES:
            continue
        origin, target = _edge(attempt)
        if origin is not None and target is not None:
            winners.setdefault((origin, target, attempt.operation.transition), []).append(attempt.operation)
    for (origin, target, transition), operations in winners.items():
        if len(operations) > 1 and not case.machines.can_return(target, origin):
            what = (
                f"{len(operations)} clients were told that they took '{transition}' from '{origin}' to '{target}', "
                "from where no way leads back"
            )
            yield Fault(what, [], operations)


def _difference(operation: Operation, step: Step) -> str:
    """Question and answer against step; what they leave open is not compared."""
    expects_version = operation.kind in MOVES and operation.version is not None
    pairs = (
        ("expected state", operation.expected_state, step.from_state),
        ("expected version", operation.version if expects_version else None, step.seq - 1),
        ("seq", operation.seq, step.seq),
        ("from", operation.from_state, step.from_state),
        ("to", operation.to_state, step.to_state),
        ("transition", None if operation.kind is Kind.CREATE else operation.transition, step.transition),
    )
    return ", ".join(f"{name} '{said}'" for name, said, wrote in pairs if said is not None and said != wrote)


def _edge(attempt: Attempt) -> tuple[str | None, str | None]:
    operation = attempt.operation
    if operation.from_state is not None and operation.to_state is not None:
        return operation.from_state, operation.to_state
    if attempt.steps:
        return attempt.steps[0].from_state, attempt.steps[0].to_state
    return None, None
