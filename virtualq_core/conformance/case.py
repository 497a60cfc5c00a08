"""One ticket's story with its operations matched to its steps: what the rules look at."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from virtualq_core.conformance.operation import WRITES, Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from virtualq_core.conformance.evidence import Step, TicketStory, TypeMachines

_NEIGHBOURS = 2
_OPERATIONS_SHOWN = 6


class Attempt(NamedTuple):
    """
    All tries of one operation id as one: what became of it, within which instants, and the steps that bear its id.

    Its effect, if any, lies between the first invocation and the first acknowledgement; without one it has no end.
    """

    operation: Operation
    outcome: Outcome
    invoke_ns: float
    return_ns: float
    steps: Sequence[Step]


class Fault(NamedTuple):
    """What is wrong, and the steps and operations that show it."""

    what: str
    steps: Sequence[Step] = ()
    operations: Sequence[Operation] = ()


class Case:
    """A story under examination. `unplaced` are operations whose client never learnt the ticket, by id."""

    def __init__(self, story: TicketStory, machines: TypeMachines | None, unplaced: Mapping[UUID, Operation]) -> None:
        self.story = story
        self.machines = machines
        self._unplaced = unplaced

    @cached_property
    def steps_by_id(self) -> dict[UUID, list[Step]]:
        """The steps written while recording, by the operation that asked for them."""
        found: dict[UUID, list[Step]] = {}
        for step in self.story.steps:
            if step.is_new:
                found.setdefault(step.op_id, []).append(step)
        return found

    @cached_property
    def attempts(self) -> dict[UUID, Attempt]:
        """Every operation on this ticket that could write, by its id; of the unplaced ones those that did."""
        tries: dict[UUID, list[Operation]] = {}
        for operation in self.story.operations:
            if operation.kind in WRITES:
                tries.setdefault(operation.op_id, []).append(operation)
        for op_id in self.steps_by_id:
            if op_id not in tries and op_id in self._unplaced:
                tries[op_id] = [self._unplaced[op_id]]
        return {op_id: _merge(made, self.steps_by_id.get(op_id, ())) for op_id, made in tries.items()}

    @cached_property
    def reads(self) -> list[Operation]:
        """The reads of this ticket that were answered."""
        return [
            operation
            for operation in self.story.operations
            if operation.kind is Kind.READ and operation.outcome is Outcome.OK
        ]

    def evidence(self, fault: Fault) -> tuple[str, ...]:
        """The steps around the fault's, then its operations and those nearest to them in time."""
        around = {step.seq + offset for step in fault.steps for offset in range(-_NEIGHBOURS, _NEIGHBOURS + 1)}
        lines = [step.describe() for step in self.story.steps if step.seq in around]
        shown = list(dict.fromkeys([*fault.operations, *self._askers(fault.steps)]))
        if shown:
            middle = shown[0].invoke_ns
            nearest = sorted(self.story.operations, key=lambda operation: abs(operation.invoke_ns - middle))
            shown = list(dict.fromkeys([*shown, *nearest[:_OPERATIONS_SHOWN]]))
        return (*lines, *(operation.describe() for operation in sorted(shown, key=lambda one: one.invoke_ns)))

    def _askers(self, steps: Sequence[Step]) -> list[Operation]:
        return [self.attempts[step.op_id].operation for step in steps if step.op_id in self.attempts]


def _merge(tries: Sequence[Operation], steps: Sequence[Step]) -> Attempt:
    if len(tries) == 1:
        only = tries[0]
        end = math.inf if only.outcome is Outcome.UNKNOWN else only.return_ns
        return Attempt(only, only.outcome, only.invoke_ns, end, steps)
    begin = min(operation.invoke_ns for operation in tries)
    answered = [operation for operation in tries if operation.outcome is Outcome.OK]
    if answered:
        first = min(answered, key=lambda operation: operation.return_ns)
        return Attempt(first, Outcome.OK, begin, first.return_ns, steps)
    lost = [operation for operation in tries if operation.outcome is Outcome.UNKNOWN]
    if lost:
        return Attempt(lost[0], Outcome.UNKNOWN, begin, math.inf, steps)
    return Attempt(tries[-1], tries[-1].outcome, begin, max(operation.return_ns for operation in tries), steps)
