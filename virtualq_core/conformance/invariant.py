"""The invariants that a history is held to, and what it looks like when one is broken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Self


class Invariant(Enum):
    """The twelve invariants, each with its number, stable name and text."""

    number: int
    text: str

    PATH = (
        1,
        "history-is-a-path",
        "a history starts in its machine's initial state, each step leaves where the last arrived, the ticket is there",
    )
    LEGAL_EDGE = (2, "edges-are-legal", "every step is an edge of the machine's revision that it names")
    GAPLESS = (3, "seq-is-gapless", "the steps of a ticket are numbered 1 to n without gaps")
    EXACTLY_ONCE = (
        4,
        "acknowledged-exactly-once",
        "what was acknowledged is in the history once, as asked and answered; refused never; unknown once at most",
    )
    ASKED_FOR = (5, "steps-were-asked-for", "no step without an operation that asked for it")
    ONE_WINNER = (
        6,
        "race-has-one-winner",
        "of several clients that race along an edge with no way back, not more than one is told that it won",
    )
    REAL_TIME = (7, "order-is-real-time", "if one operation returned before another was invoked, its step comes first")
    JUST_REFUSAL = (
        8,
        "refusals-are-just",
        "a transition is refused only if it was illegal at some instant between its invocation and its return",
    )
    KNOWN_STATE = (9, "state-is-in-machine", "no ticket is in a state that its type's current machine lacks")
    ONE_TENANT = (10, "tenant-is-one", "all that a ticket refers to, and all that refers to it, is of its tenant")
    ONE_TRUTH = (
        11,
        "readers-see-one-truth",
        "a reader never sees ticket and history disagree, nor a history that shrinks",
    )
    AFTER_RESTART = (12, "holds-after-restart", "all of these hold again after a crash and a restart of the server")

    def __new__(cls, number: int, name: str = "", text: str = "") -> Self:
        """Make the name the value."""
        member = object.__new__(cls)
        member._value_ = name
        member.number = number
        member.text = text
        return member


@dataclass(frozen=True)
class Violation:
    """
    A broken invariant: of which ticket, what is wrong in one line, and the evidence.

    `evidence` holds lines of the ticket's history and of the operations around the fault.
    """

    invariant: Invariant
    what: str
    tenant_id: int | None = None
    ticket_id: int | None = None
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = "" if self.ticket_id is None else f"ticket {self.ticket_id} of tenant {self.tenant_id}: "
        return f"{self.invariant.value}: {place}{self.what}"
