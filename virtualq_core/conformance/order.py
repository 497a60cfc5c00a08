"""
Rules about time (invariants 7, 8, 11).

The server numbers a ticket's steps, so their order is known and only their instants are not: step i was committed
after its operation and all earlier steps' were invoked, and before its own and all later steps' acknowledgements.
State i lasted from some instant after the former bound until some instant before the latter bound of step i + 1, and
both bounds can be attained. So "could this state have been the present one between these two instants?" has an exact
answer, and a client is contradicted only where no order of events would bear it out.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from virtualq_core.conformance.case import Fault
from virtualq_core.conformance.operation import MOVES, Outcome
from virtualq_core.errors import IllegalTransition, OrphanedState, StaleTicket, TicketNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.case import Attempt, Case
    from virtualq_core.conformance.operation import Operation


class Course:
    """
    When each state of a ticket can have begun and ended.

    `begins[i]` is the earliest instant at which step i can have been committed, `ends[i]` the latest at which its
    state can still have been the present one. Both rise with i.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.steps = case.story.steps
        asked = [case.attempts.get(step.op_id) if step.is_new else None for step in self.steps]
        self.begins: list[float] = []
        earliest = -math.inf
        for attempt in asked:
            earliest = max(earliest, attempt.invoke_ns if attempt else -math.inf)
            self.begins.append(earliest)
        self.ends: list[float] = [math.inf] * len(self.steps)
        self.first_answered: list[Attempt | None] = [None] * len(self.steps)
        latest, witness = math.inf, None
        for place in range(len(self.steps) - 1, -1, -1):
            self.ends[place], self.first_answered[place] = latest, witness
            attempt = asked[place]
            if not self.steps[place].is_new:
                latest = -math.inf
            elif attempt is not None and attempt.return_ns < latest:
                latest, witness = attempt.return_ns, attempt
        self.asked = asked

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where in the history each state is the present one."""
        found: dict[str, list[int]] = {}
        for place, step in enumerate(self.steps):
            found.setdefault(step.to_state, []).append(place)
        return found

    def window(self, operation: Operation) -> tuple[int, int]:
        """The half-open range of places whose states can have been present during the operation."""
        return bisect_left(self.ends, operation.invoke_ns), bisect_right(self.begins, operation.return_ns)


def check_real_time(course: Course) -> Iterator[Fault]:
    """Invariant 7: no step is followed by one whose operation had returned before its own was invoked."""
    for place, attempt in enumerate(course.asked):
        rival = course.first_answered[place]
        if attempt is None or rival is None or rival.return_ns >= attempt.invoke_ns:
            continue
        late = rival.steps[0]
        what = (
            f"seq {late.seq} returned {(attempt.invoke_ns - rival.return_ns) / 1e6:.3f} ms before "
            f"seq {course.steps[place].seq} was invoked, and yet comes after it"
        )
        yield Fault(what, [course.steps[place], late], [attempt.operation, rival.operation])


def check_refusals(course: Course) -> Iterator[Fault]:
    """Invariant 8: some state that can have been present during the operation justifies its refusal."""
    for attempt in course.case.attempts.values():
        operation = attempt.operation
        if attempt.outcome is not Outcome.REFUSED or operation.kind not in MOVES:
            continue
        first, end = course.window(operation)
        if first >= end or _is_just(course, operation, first, end):
            continue
        states = sorted({step.to_state for step in course.steps[first:end]})
        what = (
            f"'{operation.transition}' was refused ({operation.reason}), though it was legal from "
            f"{' and '.join(repr(state) for state in states)}, where the ticket was all the time"
        )
        yield Fault(what, course.steps[first : min(end, first + 3)], [operation])


def check_reads(course: Course) -> Iterator[Fault]:
    """Invariant 11: what was read is a prefix of the history, was present at some instant, and never shrinks."""
    reads = course.case.reads
    for read in reads:
        if (read.version, read.from_state) != (read.seq, read.to_state):
            what = (
                f"one snapshot showed the ticket in '{read.from_state}' at version {read.version} and its history "
                f"ending in '{read.to_state}' at seq {read.seq}"
            )
            yield Fault(what, [], [read])
            continue
        place = (read.seq or 0) - 1
        if not 0 <= place < len(course.steps) or course.steps[place].to_state != read.to_state:
            yield Fault(f"seq {read.seq} was read as '{read.to_state}' and is not in the history so", [], [read])
            continue
        first, end = course.window(read)
        if not first <= place < end:
            side = "though a later step had been acknowledged" if place < first else "before it was asked for"
            yield Fault(f"seq {read.seq} was read as the last {side}", [course.steps[place]], [read])
    yield from _shrinking(reads)


def _shrinking(reads: list[Operation]) -> Iterator[Fault]:
    by_return = sorted(reads, key=lambda read: read.return_ns)
    longest: Operation | None = None
    ended = 0
    for read in sorted(reads, key=lambda read: read.invoke_ns):
        while ended < len(by_return) and by_return[ended].return_ns < read.invoke_ns:
            candidate = by_return[ended]
            if longest is None or (candidate.seq or 0) > (longest.seq or 0):
                longest = candidate
            ended += 1
        if longest is not None and (read.seq or 0) < (longest.seq or 0):
            what = f"a history of {longest.seq} steps had shrunk to {read.seq} for the next reader"
            yield Fault(what, [], [longest, read])


def _is_just(course: Course, operation: Operation, first: int, end: int) -> bool:
    machines = course.case.machines
    if operation.reason == TicketNotFound.code:
        return False
    if machines is None or operation.reason not in {IllegalTransition.code, StaleTicket.code, OrphanedState.code}:
        return True
    if operation.reason == StaleTicket.code:
        if operation.version is not None and any(
            course.steps[place].seq != operation.version for place in range(first, min(end, first + 2))
        ):
            return True
        excuses = (state for state in course.places if operation.expected_state not in {None, state})
    elif operation.reason == OrphanedState.code:
        excuses = (state for state in course.places if any(state not in m.edges for m in machines.in_effect))
    else:
        excuses = (state for state in course.places if machines.may_refuse(state, operation.transition))
    for state in excuses:
        places = course.places[state]
        found = bisect_left(places, first)
        if found < len(places) and places[found] < end:
            return True
    return False
