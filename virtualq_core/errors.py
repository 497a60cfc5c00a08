"""
Errors as people read them: what happened, what was observed, what was expected, what to do next.

Every error that VirtualQ raises on purpose is a `VirtualQError` with a stable code in front, so that a log can be
searched for it, and the exit code with which a command ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """What a command's exit status means; the same for every command."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    ENVIRONMENT = 4


class VirtualQError(Exception):
    """
    An error with a stable `code`, and as much of observed, expected and next step as is known.

    `str(error)` is one line, `code: what; observed …; expected …`, followed by the next step on a second line where
    there is one.
    """

    code = "error"
    exit_code = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        observed: object | None = None,
        expected: object | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.observed = observed
        self.expected = expected
        self.next_step = next_step

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.what}"]
        if self.observed is not None:
            parts.append(f"observed {self.observed}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        line = "; ".join(parts)
        return line if self.next_step is None else f"{line}\n  next: {self.next_step}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document: the place in it, the rule that it breaks, and the rule's stable key."""

    path: str
    rule: str
    key: str = ""
    observed: str | None = None
    expected: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}" if self.path else self.rule


class UsageError(VirtualQError):
    """The caller asked for something that does not exist or does not fit."""

    code = "usage"
    exit_code = ExitCode.USAGE


class EnvironmentFault(VirtualQError):
    """The machine or the server cannot do what was asked: not reachable, no disk, no right."""

    code = "environment"
    exit_code = ExitCode.ENVIRONMENT


class GuardRefusal(EnvironmentFault):
    """The database is not one that the harness may write into."""

    code = "guard"


class TicketError(VirtualQError):
    """An operation on a ticket was refused; nothing was changed."""

    code = "ticket-refused"


class IllegalTransition(TicketError):
    """The machine has no such edge from the ticket's present state; both are named where they are known (23514)."""

    code = "illegal-transition"
    transition: str | None = None
    state: str | None = None


class StaleTicket(TicketError):
    """The ticket is in another state or version than the caller expected."""

    code = "stale-ticket"


class StaleType(TicketError):
    """The ticket's type was published again since the caller read it."""

    code = "stale-type"


class TicketNotFound(TicketError):
    """The tenant has no such ticket."""

    code = "ticket-not-found"


class OperationReused(TicketError):
    """The operation id already belongs to another operation (SQLSTATE 23505)."""

    code = "operation-reused"


class InvalidMachine(VirtualQError):
    """A state machine breaks a rule of its profile; `path` is the place in the document, `problems` has every one."""

    code = "invalid-machine"
    exit_code = ExitCode.USAGE

    def __init__(self, path: str, rule: str, *, problems: Sequence[Problem] = (), **details: object) -> None:
        super().__init__(f"{path}: {rule}" if path else rule, **details)  # type: ignore[arg-type]
        self.path = path
        self.rule = rule
        self.problems = tuple(problems) or (Problem(path, rule),)


class OrphanedState(VirtualQError):
    """A ticket is, or would be left, in a state that its type's machine lacks."""

    code = "orphaned-state"


class InvalidFields(VirtualQError):
    """Custom data does not fit its type's schema, or the schema itself is not one; `problems` has everything found."""

    code = "invalid-fields"
    exit_code = ExitCode.USAGE

    def __init__(self, what: str, *, problems: Sequence[Problem] = (), **details: object) -> None:
        super().__init__(what, **details)  # type: ignore[arg-type]
        self.problems = tuple(problems) or (Problem("", what),)
