"""Whether enough happened for a pass to mean something."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from virtualq_core.conformance.operation import MOVES, Outcome

if TYPE_CHECKING:
    from virtualq_core.conformance.case import Attempt, Case
    from virtualq_core.conformance.operation import Operation

_NOBODY = -1


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """
    Below these a recording proves nothing, however clean it is.

    `min_operations`: writes that were tried. `min_contended`: writes that overlapped another client's on the same
    ticket. `min_races`: refused writes that overlapped another client's along the same transition of the same ticket,
    which won. `max_unknown_share`: of all writes, those of which nobody knows whether they were applied.
    """

    min_operations: int = 200
    min_contended: int = 50
    min_races: int = 10
    max_unknown_share: float = 0.01


class _Move(NamedTuple):
    end_ns: float
    client: int
    place: int


class Doubt(NamedTuple):
    """Why a clean recording is no pass; the name of the threshold, what was observed, what it takes."""

    threshold: str
    what: str
    observed: str
    expected: str


@dataclass
class Tally:
    """
    What a recording holds.

    Counts of operations are of writes; `applied` are the unknown ones that took effect, `lost` the acknowledged ones
    that are not in the history.
    """

    tickets: int = 0
    steps: int = 0
    operations: int = 0
    ok: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    applied: int = 0
    lost: int = 0
    reads: int = 0
    contended: int = 0
    races: int = 0

    def add(self, case: Case) -> None:
        """Count one ticket's part."""
        self.tickets += 1
        self.steps += len(case.story.steps)
        self.reads += len(case.reads)
        for attempt in case.attempts.values():
            self.count(attempt.outcome)
            self.applied += attempt.outcome is Outcome.UNKNOWN and bool(attempt.steps)
            self.lost += attempt.outcome is Outcome.OK and not attempt.steps
        moves = [attempt for attempt in case.attempts.values() if attempt.operation.kind in MOVES]
        self.contended += _contended(moves)
        self.races += _races(moves)

    def count(self, outcome: Outcome) -> None:
        """Count one write."""
        self.operations += 1
        match outcome:
            case Outcome.OK:
                self.ok += 1
            case Outcome.REFUSED:
                self.refused += 1
            case Outcome.FAILED:
                self.failed += 1
            case Outcome.UNKNOWN:
                self.unknown += 1

    def doubts(self, thresholds: Thresholds) -> tuple[Doubt, ...]:
        """Every threshold that was not reached."""
        found = []
        for name, what, observed in (
            ("min_operations", "too few operations were tried", self.operations),
            ("min_contended", "too few operations overlapped another client's on the same ticket", self.contended),
            ("min_races", "too few operations lost a race for the same transition", self.races),
        ):
            least: int = getattr(thresholds, name)
            if observed < least:
                found.append(Doubt(name, what, str(observed), f"at least {least}"))
        share = self.unknown / self.operations if self.operations else 0.0
        if share > thresholds.max_unknown_share:
            what = "too many operations have an unknown outcome"
            most = f"at most {thresholds.max_unknown_share:.2%}"
            found.append(Doubt("max_unknown_share", what, f"{share:.2%} ({self.unknown})", most))
        return tuple(found)


def _contended(moves: list[Attempt]) -> int:
    """
    How many of one ticket's moves are seen to overlap another client's.

    Sweeping by invocation, it is enough to compare with the latest-ending move so far, and with the latest-ending one
    of any other client than that one's.
    """
    overlapping: set[int] = set()
    latest = rival = _Move(-math.inf, _NOBODY, _NOBODY)
    operations = sorted((attempt.operation for attempt in moves), key=lambda operation: operation.invoke_ns)
    for place, operation in enumerate(operations):
        for other in (latest, rival):
            if other.client != operation.client and other.end_ns >= operation.invoke_ns:
                overlapping |= {place, other.place}
        latest, rival = _rank(_Move(operation.return_ns, operation.client, place), latest, rival)
    return len(overlapping)


def _races(moves: list[Attempt]) -> int:
    """How many of one ticket's refused moves overlap another client's that won along the same transition."""
    winners: dict[str | None, list[Operation]] = {}
    losers = []
    for attempt in moves:
        if attempt.outcome is Outcome.OK:
            winners.setdefault(attempt.operation.transition, []).append(attempt.operation)
        elif attempt.outcome is Outcome.REFUSED:
            losers.append(attempt.operation)
    ranks = {transition: _Ranking(operations) for transition, operations in winners.items()}
    return sum(
        operation.transition in ranks and ranks[operation.transition].has_rival(operation) for operation in losers
    )


class _Ranking:
    """Operations by invocation, each with the latest end so far, and the latest of any other client than that one's."""

    def __init__(self, operations: list[Operation]) -> None:
        ordered = sorted(operations, key=lambda operation: operation.invoke_ns)
        self._begins = [operation.invoke_ns for operation in ordered]
        self._ends: list[tuple[_Move, _Move]] = []
        latest = rival = _Move(-math.inf, _NOBODY, _NOBODY)
        for place, operation in enumerate(ordered):
            latest, rival = _rank(_Move(operation.return_ns, operation.client, place), latest, rival)
            self._ends.append((latest, rival))

    def has_rival(self, operation: Operation) -> bool:
        """Whether one of them is another client's and overlaps the operation."""
        begun = bisect_right(self._begins, operation.return_ns)
        return begun > 0 and any(
            move.client != operation.client and move.end_ns >= operation.invoke_ns for move in self._ends[begun - 1]
        )


def _rank(move: _Move, latest: _Move, rival: _Move) -> tuple[_Move, _Move]:
    if move.end_ns > latest.end_ns:
        return move, rival if latest.client == move.client else latest
    if move.client != latest.client and move.end_ns > rival.end_ns:
        return latest, move
    return latest, rival
