"""A ticket's story, written by hand: who asked for what and when, what was answered, and what the database says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from virtualq_core.conformance.checker import Checker, Judgement
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import MachineRevision, Step, TicketFact, TicketStory, TypeMachines
from virtualq_core.conformance.operation import Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = MachineRevision(
    "received",
    {
        "none": {"init": "received"},
        "received": {"start": "in_progress", "cancel": "cancelled"},
        "in_progress": {"complete": "ready", "cancel": "cancelled", "note": "in_progress"},
        "ready": {"pickup": "completed"},
        "completed": {},
        "cancelled": {},
    },
)
TYPE = (0, 1)
TENANT, TICKET = 7, 42
NO_THRESHOLDS = Thresholds(min_operations=0, min_contended=0, min_races=0)


class Tale:
    """
    One ticket's story in the making.

    Times are in milliseconds. `old` steps were there before the recording began. `move` and `refuse` record an
    operation; `move` also writes its step, at the ticket's next seq.
    """

    def __init__(self) -> None:
        self.machines = TypeMachines({1: ORDER}, current=1)
        self.steps: list[Step] = []
        self.operations: list[Operation] = []
        self.unplaced: list[Operation] = []
        self.fact: TicketFact | None = TicketFact(TENANT, TICKET, TYPE, "received", 1)
        self._ids = 0

    def old(self, transition: str = "init") -> None:
        """A step from before."""
        self._step(transition, self._new_id(), is_new=False)

    def move(self, client: int, transition: str, begin_ms: float, end_ms: float, **details: Any) -> Operation:
        """An acknowledged transition with its step."""
        op_id = self._new_id()
        step = self._step(transition, op_id, is_new=True)
        answer = {"seq": step.seq, "from_state": step.from_state, "to_state": step.to_state}
        return self.told(client, transition, begin_ms, end_ms, op_id=op_id, **{**answer, **details})

    def refuse(self, client: int, transition: str, begin_ms: float, end_ms: float, **details: Any) -> Operation:
        """A refused transition."""
        details = {"outcome": Outcome.REFUSED, "reason": "illegal-transition", **details}
        return self.told(client, transition, begin_ms, end_ms, **details)

    def told(self, client: int, transition: str | None, begin_ms: float, end_ms: float, **details: Any) -> Operation:
        """An operation as its client saw it, acknowledged unless said otherwise; no step."""
        given: dict[str, Any] = {
            "op_id": details.pop("op_id", None) or self._new_id(),
            "client": client,
            "kind": Kind.TRANSITION,
            "tenant_id": TENANT,
            "ticket_id": TICKET,
            "transition": transition,
            "invoke_ns": int(begin_ms * 1e6),
            "return_ns": int(end_ms * 1e6),
            "outcome": Outcome.OK,
        }
        operation = Operation(**{**given, **details})
        (self.operations if operation.ticket_id is not None else self.unplaced).append(operation)
        return operation

    def read(self, client: int, seq: int, state: str, begin_ms: float, end_ms: float, **details: Any) -> Operation:
        """A read of ticket and history that agree, unless said otherwise."""
        seen = {"seq": seq, "version": seq, "from_state": state, "to_state": state, "kind": Kind.READ}
        return self.told(client, None, begin_ms, end_ms, **{**seen, **details})

    def change_step(self, number: int, **details: Any) -> None:
        """Falsify a step."""
        place = [step.seq for step in self.steps].index(number)
        self.steps[place] = self.steps[place]._replace(**details)

    def change_fact(self, **details: Any) -> None:
        """Falsify the ticket's row."""
        assert self.fact is not None
        self.fact = replace(self.fact, **details)

    def story(self) -> TicketStory:
        """The story as it stands."""
        return TicketStory(TENANT, TICKET, self.fact, self.steps, self.operations)

    def judge(self, thresholds: Thresholds = NO_THRESHOLDS, **options: Any) -> Judgement:
        """What the checker makes of it."""
        checker = Checker({TYPE: self.machines}, self.unplaced, thresholds, **options)
        checker.examine(self.story())
        return checker.judgement()

    def _step(self, transition: str, op_id: UUID, *, is_new: bool) -> Step:
        origin = self.steps[-1].to_state if self.steps else "none"
        step = Step(len(self.steps) + 1, 1, origin, ORDER.edges[origin][transition], transition, op_id, is_new)
        self.steps.append(step)
        if self.fact is not None:
            self.fact = replace(self.fact, current_state=step.to_state, version=step.seq)
        return step

    def _new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)


@pytest.fixture
def tale() -> Tale:
    """A ticket that was there before, in its initial state."""
    begun = Tale()
    begun.old()
    return begun


@pytest.fixture
def new_tale() -> Callable[[], Tale]:
    """Makes tales of tickets that are not there yet."""
    return Tale
