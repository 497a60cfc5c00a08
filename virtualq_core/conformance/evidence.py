"""What the database says after the operations: histories, tickets, machines. No I/O; `witness` fetches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from virtualq_core.conformance.operation import Operation

TypeKey = tuple[int, int]
"""Scope (tenant, or 0 for system-defined) and id of a ticket type."""


class Step(NamedTuple):
    """A history row. `op_id` is the operation that asked for it; `is_new` says that it came while recording."""

    seq: int
    revision: int
    from_state: str
    to_state: str
    transition: str | None
    op_id: UUID
    is_new: bool

    def describe(self) -> str:
        """The row in one line, as evidence."""
        return (
            f"seq {self.seq}: {self.transition or '(unnamed)'} '{self.from_state}' → '{self.to_state}', "
            f"revision {self.revision}, {self.op_id}{'' if self.is_new else ', from before'}"
        )


@dataclass(frozen=True, slots=True)
class TicketFact:
    """
    A ticket's row.

    `strays` names the references that lead outside its tenant, or that come from outside.
    """

    tenant_id: int
    ticket_id: int
    type_key: TypeKey
    current_state: str
    version: int
    strays: tuple[str, ...] = ()


@dataclass(frozen=True)
class TicketStory:
    """All that is known of one ticket: its row (None if there is none), its history by `seq`, who asked for what."""

    tenant_id: int
    ticket_id: int
    fact: TicketFact | None
    steps: Sequence[Step]
    operations: Sequence[Operation]


@dataclass(frozen=True)
class MachineRevision:
    """One published revision: `edges` is {state: {transition: target}}, `mapping` moved tickets out of old states."""

    initial_state: str
    edges: Mapping[str, Mapping[str, str]]
    mapping: Mapping[str, str] | None = None

    def allows(self, step: Step) -> bool:
        """Whether the step is an edge of this machine; one without a name may be any edge, or the mapping's move."""
        if step.transition is not None:
            return self.edges.get(step.from_state, {}).get(step.transition) == step.to_state
        moved = self.mapping is not None and self.mapping.get(step.from_state) == step.to_state
        return moved or step.to_state in self.edges.get(step.from_state, {}).values()


@dataclass(frozen=True)
class TypeMachines:
    """
    The machine of one ticket type, through all its revisions.

    `current` is the present revision, `earliest` the one that was current when recording began.
    """

    revisions: Mapping[int, MachineRevision]
    current: int
    earliest: int = 1
    _reach: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def in_effect(self) -> tuple[MachineRevision, ...]:
        """The revisions that an operation may have met."""
        return tuple(found for number, found in self.revisions.items() if self.earliest <= number <= self.current)

    def published(self, step: Step) -> bool:
        """Whether the step is a publication's: by the mapping of a revision that came while recording."""
        machine = self.revisions.get(step.revision)
        if machine is None or machine.mapping is None or step.revision <= self.earliest:
            return False
        return step.transition is None and machine.mapping.get(step.from_state) == step.to_state

    def may_refuse(self, state: str, transition: str | None) -> bool:
        """Whether a machine that was in effect lacks the transition from that state."""
        return any(transition not in machine.edges.get(state, {}) for machine in self.in_effect)

    def can_return(self, start: str, goal: str) -> bool:
        """Whether some path leads from one state to the other, over the edges of all revisions together."""
        if start not in self._reach:
            seen, frontier = {start}, [start]
            while frontier:
                here = frontier.pop()
                for machine in self.revisions.values():
                    ahead = set(machine.edges.get(here, {}).values())
                    if machine.mapping is not None and here in machine.mapping:
                        ahead.add(machine.mapping[here])
                    frontier.extend(ahead - seen)
                    seen |= ahead
            self._reach[start] = frozenset(seen)
        return goal in self._reach[start]
