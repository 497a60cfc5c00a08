"""What a file says: the world, the sessions with their steps, and what may come of them. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["application", "owner", "subject"]
SKIPPED = "skipped"
"""What becomes of a step whose transaction has been refused before."""
DEADLOCK = "deadlock"
"""What becomes of a step that the server ended, so that others could go on."""
NOTHING = "none"
"""Where a ticket has no employee or no customer."""


@dataclass(frozen=True)
class Step:
    """One step of a session: a verb, what it is about, and its further arguments."""

    verb: str
    value: Any = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ends_transaction(self) -> bool:
        """It is no operation."""
        return self.verb in {"commit", "rollback"}

    def __str__(self) -> str:
        details = [self.verb.replace("_", " ")]
        if self.value is not None:
            details.append(str(self.value))
        details += [f"{name.replace('_', ' ')} {_listed(given)}" for name, given in self.arguments.items()]
        return " ".join(details)


def _listed(given: Any) -> str:  # noqa: ANN401  an argument of any kind
    if isinstance(given, dict):
        return ", ".join(f"{key} → {value}" for key, value in given.items())
    return ", ".join(given) if isinstance(given, tuple) else str(given)


@dataclass(frozen=True)
class SessionPlan:
    """
    One session.

    It is the application or the owner, in transactions that the steps end, or a client of the subject under test, each
    of whose operations is a transaction.
    """

    name: str
    kind: Kind
    steps: tuple[Step, ...]

    @property
    def operations(self) -> tuple[Step, ...]:
        """The steps that are not only the end of a transaction."""
        return tuple(step for step in self.steps if not step.ends_transaction)


@dataclass(frozen=True, kw_only=True)
class TicketPlan:
    """One ticket of the world: whose it is, and which transitions it took before the sessions begin."""

    name: str
    type: str
    queue: str
    took: tuple[str, ...] = ()
    customer: str | None = None
    employee: str | None = None
    ttl_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """
    The world that each order finds anew: a tenant, and what it owns.

    `machines` are those that the file declares, and the suite's own; `types` those of them that a ticket type is
    defined by before the sessions begin.
    """

    queues: tuple[str, ...]
    customers: tuple[str, ...]
    employees: tuple[str, ...]
    machines: Mapping[str, Mapping[str, Any]]
    types: tuple[str, ...]
    tickets: tuple[TicketPlan, ...]


@dataclass(frozen=True)
class Before:
    """One step comes before another one in the order; both as (session, number of the step)."""

    earlier: tuple[str, int]
    later: tuple[str, int]
    words: str

    def holds(self, order: tuple[str, ...]) -> bool:
        """Whether it does in this one."""
        return _place(order, *self.earlier) < _place(order, *self.later)


def _place(order: tuple[str, ...], session: str, number: int) -> int:
    return [place for place, name in enumerate(order) if name == session][number]


@dataclass(frozen=True)
class Combination:
    """
    What may come of the orders that it is about.

    `outcomes` has, for each session, the words that each of its operations may end with; `leaves` how tickets may be
    left, as `{column: value}`, or none where the ticket is gone. `words` is the entry as the file has it.
    """

    when: tuple[Before, ...]
    outcomes: Mapping[str, tuple[frozenset[str], ...]]
    leaves: Mapping[str, Mapping[str, str] | None]
    words: str

    def is_about(self, order: tuple[str, ...]) -> bool:
        """Whether it says something of this order."""
        return all(condition.holds(order) for condition in self.when)


@dataclass(frozen=True, kw_only=True)
class Interleaving:
    """A file. Where `allowed` is empty, every outcome will do that breaks no invariant."""

    name: str
    about: str
    requirements: tuple[str, ...]
    requires: tuple[str, ...]
    setting: Setting
    sessions: tuple[SessionPlan, ...]
    allowed: tuple[Combination, ...]
    never_waits: tuple[str, ...]
    may_deadlock: tuple[str, ...]

    @property
    def has_subject(self) -> bool:
        """Whether a session is a client of the subject under test."""
        return any(session.kind == "subject" for session in self.sessions)

    @property
    def lengths(self) -> dict[str, int]:
        """How many steps each session has."""
        return {session.name: len(session.steps) for session in self.sessions}
