"""One operation as its client saw it: what was asked, between which instants, and what came back."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID


class Kind(IntEnum):
    """What was asked for. Those in `WRITES` add to the history of a ticket where they succeed."""

    TRANSITION = 1
    BULK = 2
    CLAIM = 3
    CREATE = 4
    LIST = 5
    READ = 6
    DASHBOARD = 7
    SEARCH = 8
    PUBLISH = 9

    @property
    def word(self) -> str:
        """The name that scenarios and results use."""
        return self.name.lower()


WRITES = frozenset({Kind.TRANSITION, Kind.BULK, Kind.CLAIM, Kind.CREATE})
MOVES = frozenset({Kind.TRANSITION, Kind.BULK, Kind.CLAIM})


class Outcome(IntEnum):
    """
    What the client knows afterwards.

    `REFUSED` is a rule's answer, `FAILED` any other error of the server before it committed (a deadlock, a missing
    right); after both nothing was changed. `UNKNOWN` is a connection lost once the operation was on its way.
    """

    OK = 1
    REFUSED = 2
    FAILED = 3
    UNKNOWN = 4


class Operation(NamedTuple):
    """
    A recorded operation.

    Times are of one monotonic clock for all clients. A bulk call is recorded as one operation a ticket, all with the
    call's times. `due_ns` is when it should have begun, where there is a schedule; `pooled_ns` how long its client
    waited for a connection before it began; `wire_ns` how long of it the client waited for the server, where that is
    measured. `ticket_id` is None where the client never learnt it. `version` is the version that was expected, or that
    a read saw. `seq`, `from_state` and `to_state` are the answer's; for a read they are the last history row's number,
    the ticket's state and the last history row's state, all of one snapshot. `reason` is the code of a refusal or
    failure.
    """

    op_id: UUID
    client: int
    kind: Kind
    tenant_id: int
    ticket_id: int | None
    transition: str | None
    invoke_ns: int
    return_ns: int
    outcome: Outcome
    expected_state: str | None = None
    version: int | None = None
    seq: int | None = None
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = None
    due_ns: int | None = None
    pooled_ns: int = 0
    wire_ns: int = 0

    def describe(self) -> str:
        """The operation in one line, as evidence."""
        asked = self.kind.word if self.transition is None else f"{self.kind.word} '{self.transition}'"
        if self.expected_state is not None:
            asked += f" expecting '{self.expected_state}'"
        if self.version is not None and self.kind in MOVES:
            asked += f" expecting version {self.version}"
        answer = self.outcome.name.lower()
        if self.outcome is Outcome.OK and self.seq is not None:
            answer += f" seq {self.seq} '{self.from_state}' → '{self.to_state}'"
        elif self.reason is not None:
            answer += f" ({self.reason})"
        return f"client {self.client}: {asked}: {answer}, {self.invoke_ns}..{self.return_ns} ns, {self.op_id}"
