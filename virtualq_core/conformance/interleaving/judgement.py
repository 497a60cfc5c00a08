"""What is wrong with a play: with what came out, who waited, and what was left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.conformance.checker import Checker
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import TicketStory
from virtualq_core.conformance.interleaving.combination import describe_ticket
from virtualq_core.conformance.interleaving.script import DEADLOCK
from virtualq_core.conformance.operation import Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.conformance.evidence import Step
    from virtualq_core.conformance.interleaving.deed import Deed
    from virtualq_core.conformance.interleaving.play import Play
    from virtualq_core.conformance.interleaving.script import Combination, Interleaving
    from virtualq_core.conformance.interleaving.testimony import Testimony

_ANY = Thresholds(min_operations=0, min_contended=0, min_races=0, max_unknown_share=1)
_EXPIRE = "expire"


def find_faults(interleaving: Interleaving, played: Play, testimony: Testimony) -> list[str]:
    """Everything that is wrong, each as a phrase; empty if all is well."""
    return [
        *_unexpected(interleaving, played, testimony),
        *(f"{name} waited" for name in interleaving.never_waits if name in played.waited),
        *_deadlocks(interleaving, played),
        *_missing(played, testimony),
        *_broken(played, testimony),
    ]


def expected_of(interleaving: Interleaving, played: Play) -> str:
    """What may come of this order, in words."""
    allowed = [one.words for one in interleaving.allowed if one.is_about(played.order)]
    parts = [" | ".join(allowed)] if allowed else []
    parts += [f"{name} never waits" for name in interleaving.never_waits]
    return "; ".join([*parts, "no deadlock, and a history in which every acknowledged step is, in order"])


def observed_of(played: Play, testimony: Testimony) -> str:
    """What came out, in the words of an entry of `allowed`."""
    told = [f"{name} {', then '.join(words)}" for name, words in played.outcomes.items()]
    for name, ticket_id in played.scene.tickets.items():
        told.append(f"{name} left {describe_ticket(testimony.left.get(ticket_id))}")
    return "; ".join(told)


def is_met(one: Combination, played: Play, testimony: Testimony) -> bool:
    """Whether a play came out as an entry of `allowed` says."""
    for name, expected in one.outcomes.items():
        observed = played.outcomes[name]
        if len(observed) != len(expected):
            return False
        if any(word not in words for word, words in zip(observed, expected, strict=True)):
            return False
    for name, left in one.leaves.items():
        found = testimony.left.get(played.scene.ticket_id(name))
        if (found is None) != (left is None):
            return False
        if found is not None and left is not None and not left.items() <= found.items():
            return False
    return True


def _unexpected(interleaving: Interleaving, played: Play, testimony: Testimony) -> Iterator[str]:
    if not interleaving.allowed:
        return
    allowed = [one for one in interleaving.allowed if one.is_about(played.order)]
    if not allowed:
        yield f"{interleaving.name}.toml allows nothing for this order"
    elif not any(is_met(one, played, testimony) for one in allowed):
        yield observed_of(played, testimony)


def _deadlocks(interleaving: Interleaving, played: Play) -> Iterator[str]:
    for name, words in played.outcomes.items():
        if DEADLOCK in words and name not in interleaving.may_deadlock:
            yield f"a deadlock, of which {name} is the victim"


def _missing(played: Play, testimony: Testimony) -> Iterator[str]:
    """What is gone although nobody deleted it, and what is left although the tenant is gone."""
    if _committed(played, "off_board", "off-boarded"):
        yield from (f"{rows} rows of {table} are left behind" for table, rows in testimony.remains.items())
    elif not _committed(played, "purge", "purged"):
        for name, ticket_id in played.scene.tickets.items():
            if name in played.scene.versions and ticket_id not in testimony.facts:
                yield f"the ticket {name} is gone"


def _broken(played: Play, testimony: Testimony) -> Iterator[str]:
    """The invariants, by the checker of histories."""
    is_deleting = _committed(played, "off_board", "off-boarded") or _committed(played, "purge", "purged")
    unplaced = []
    operations: dict[int, list[Operation]] = {}
    for deed in _deeds(played):
        for operation in deed.operations:
            if operation.ticket_id is None:
                unplaced.append(operation)
            else:
                operations.setdefault(operation.ticket_id, []).append(operation)
    checker = Checker(testimony.machines, unplaced, _ANY)
    for ticket_id in sorted({*testimony.facts, *testimony.steps, *operations}):
        fact, steps = testimony.facts.get(ticket_id), testimony.steps.get(ticket_id, [])
        if fact is None and not steps and (is_deleting or ticket_id == 0):
            continue
        asked = operations.get(ticket_id, [])
        asked += _asked_otherwise(played, ticket_id, steps, {one.op_id for one in (*asked, *unplaced)})
        checker.examine(TicketStory(played.scene.tenant_id, ticket_id, fact, steps, asked))
    for violation in checker.judgement().violations:
        name = played.scene.ticket_name(violation.ticket_id or 0)
        yield f"{violation.invariant.value}: {name}: {violation.what}"
    for ticket_id in testimony.wrongly_closed:
        yield f"{played.scene.ticket_name(ticket_id)} is closed where it could go on, or open where it cannot"


def _deeds(played: Play) -> Iterator[Deed]:
    for deeds in played.deeds.values():
        yield from deeds


def _committed(played: Play, verb: str, word: str) -> bool:
    return any(deed.is_committed and (deed.step.verb, deed.word) == (verb, word) for deed in _deeds(played))


def _asked_otherwise(played: Play, ticket_id: int, steps: Sequence[Step], known: set[object]) -> Iterator[Operation]:
    """
    The operations behind steps that no operation id tells of: an expiry's, and those of a publication's mapping.

    An expiry that was answered and left no step is still in the list, so that it is missed.
    """
    left = [step for step in steps if step.is_new and step.op_id not in known]
    for deed in _deeds(played):
        mapping = deed.step.arguments.get("mapping", {}) if deed.is_committed else {}
        if ticket_id in deed.expired:
            step = next((one for one in left if one.transition == _EXPIRE), None)
            yield _operation(played, deed, ticket_id, step)
            left = [one for one in left if one is not step]
        for step in [one for one in left if mapping.get(one.from_state) == one.to_state and one.transition is None]:
            yield _operation(played, deed, ticket_id, step)
            left.remove(step)


def _operation(played: Play, deed: Deed, ticket_id: int, step: Step | None) -> Operation:
    return Operation(
        step.op_id if step else played.scene.operation_id(),
        deed.client,
        Kind.TRANSITION,
        played.scene.tenant_id,
        ticket_id,
        step.transition if step else _EXPIRE,
        deed.invoke_ns,
        deed.return_ns,
        Outcome.OK,
    )
