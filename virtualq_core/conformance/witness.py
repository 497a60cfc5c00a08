"""
What the database testifies: reads, after the clients are gone, every ticket that they or anybody touched.

All of it is read in one snapshot, as the maintainer, tickets in portions, so that memory does not grow with the
recording.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from psycopg import IsolationLevel

from virtualq_core import content
from virtualq_core.conformance.checker import Checker, Judgement
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import MachineRevision, Step, TicketFact, TicketStory, TypeMachines
from virtualq_core.conformance.invariant import Invariant, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from virtualq_core.conformance.evidence import TypeKey
    from virtualq_core.conformance.journal import Recording
    from virtualq_core.conformance.operation import Operation
    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "witness.sql")
_PORTION = 2000
MOST = 25  # violations with their evidence; all are counted
_REFERENCES = ("its queue", "its customer", "its employee")
_CLAIM = "operation "

# What the database's own question calls the invariants. Two of its rules have no number in the checker's list.
RULES: Mapping[str, Invariant] = {
    "history-starts-at-initial-state": Invariant.PATH,
    "history-is-gapless": Invariant.GAPLESS,
    "history-is-a-path": Invariant.PATH,
    "transition-is-legal": Invariant.LEGAL_EDGE,
    "ticket-agrees-with-history": Invariant.PATH,
    "ticket-state-is-in-machine": Invariant.KNOWN_STATE,
}


def claimant(op_id: UUID) -> str:
    """The actor to name in a claim, which takes no operation id: so the history tells which operation it was."""
    return f"{_CLAIM}{op_id}"


@dataclass(frozen=True)
class Mark:
    """
    Where the history stood when recording began: the last id, and each type's current revision.

    It is about these tenants alone, or about all of them.
    """

    history_id: int
    revisions: Mapping[TypeKey, int]
    tenant_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class StandingViolation:
    """A row of `virtualq.find_violations()`: a rule over the whole database, and where it is broken."""

    rule: str
    tenant_id: int | None
    ticket_id: int | None
    detail: str


def take_mark(database: Database, *, tenant_ids: Sequence[int] | None = None) -> Mark:
    """
    Note where the history of these tenants (default: all) stands.

    Nobody may be writing there meanwhile, nor from then on without being recorded.
    """
    scope = {"tenant_ids": None if tenant_ids is None else list(tenant_ids)}
    with _snapshot(database) as connection:
        connection.execute(_SQL["become_maintainer"].sql)
        row = connection.execute(_SQL["mark_history"].sql, scope).fetchone()
        current = connection.execute(_SQL["list_current_revisions"].sql, scope).fetchall()
    revisions = {(owner, number): revision for owner, number, revision in current}
    return Mark(row[0] if row else 0, revisions, None if tenant_ids is None else tuple(tenant_ids))


def judge(
    database: Database,
    recording: Recording,
    mark: Mark,
    *,
    thresholds: Thresholds | None = None,
    was_restarted: bool = False,
    most: int = MOST,
) -> Judgement:
    """
    Hold a recording against the database that it was made on, whose clients must be gone.

    Everything that was written since the mark to the tenants that it is about must be in the recording: no one else may
    have been writing. At most `most` violations are kept, with their evidence; all are counted.
    """
    with _snapshot(database) as connection:
        connection.execute(_SQL["become_maintainer"].sql)
        checker = Checker(
            _machines(connection, mark),
            recording.unplaced(),
            thresholds or Thresholds(),
            is_complete=recording.is_complete,
            was_restarted=was_restarted,
            max_violations=most,
        )
        for story in _stories(connection, recording, mark):
            checker.examine(story)
    return checker.judgement()


def find_violations(database: Database, *, most: int = MOST) -> list[StandingViolation]:
    """What `virtualq.find_violations()` finds over the whole database, at most so many."""
    with _snapshot(database) as connection:
        rows = connection.execute(_SQL["find_violations"].sql, {"most": most}).fetchall()
    return [StandingViolation(*row) for row in rows]


def as_violation(found: StandingViolation) -> Violation | None:
    """The same as a violation of the checker's list, where the rule is one of it."""
    invariant = RULES.get(found.rule)
    return invariant and Violation(invariant, found.detail, found.tenant_id, found.ticket_id)


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection[Any]]:
    with database.connect(autocommit=False) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def _scope(mark: Mark) -> dict[str, list[int] | None]:
    return {"tenant_ids": None if mark.tenant_ids is None else list(mark.tenant_ids)}


def _machines(connection: Connection[Any], mark: Mark) -> dict[TypeKey, TypeMachines]:
    parameters = _scope(mark)
    revisions: dict[TypeKey, dict[int, MachineRevision]] = {}
    for scope, number, revision, initial, edges, mapping in connection.execute(_SQL["list_revisions"].sql, parameters):
        revisions.setdefault((scope, number), {})[revision] = MachineRevision(initial, edges, mapping)
    current = connection.execute(_SQL["list_current_revisions"].sql, parameters).fetchall()
    return {
        (scope, number): TypeMachines(revisions[scope, number], revision, mark.revisions.get((scope, number), 1))
        for scope, number, revision in current
    }


def _stories(connection: Connection[Any], recording: Recording, mark: Mark) -> Iterator[TicketStory]:
    """Each ticket that was operated on, then each that grew without anybody having named it."""
    portion: list[tuple[tuple[int, int], list[Operation]]] = []
    named = set()
    for key, operations in recording.by_ticket():
        named.add(key)
        portion.append((key, operations))
        if len(portion) == _PORTION:
            yield from _complete(connection, portion, mark)
            portion = []
    parameters = {**_scope(mark), "mark": mark.history_id}
    for tenant_id, ticket_id in connection.execute(_SQL["list_touched_tickets"].sql, parameters):
        if (tenant_id, ticket_id) not in named:
            portion.append(((tenant_id, ticket_id), []))
            if len(portion) == _PORTION:
                yield from _complete(connection, portion, mark)
                portion = []
    yield from _complete(connection, portion, mark)


def _complete(
    connection: Connection[Any], portion: Sequence[tuple[tuple[int, int], list[Operation]]], mark: Mark
) -> Iterator[TicketStory]:
    parameters = {
        "tenant_ids": [key[0] for key, _ in portion],
        "ticket_ids": [key[1] for key, _ in portion],
        "mark": mark.history_id,
    }
    facts = {}
    for tenant_id, ticket_id, scope, number, state, version, *astray in connection.execute(
        _SQL["list_tickets"].sql, parameters
    ):
        strays = tuple(name for name, is_astray in zip(_REFERENCES, astray, strict=True) if is_astray)
        facts[tenant_id, ticket_id] = TicketFact(tenant_id, ticket_id, (scope, number), state, version, strays)
    rows = connection.execute(_SQL["list_steps"].sql, parameters)
    steps = {key: [Step(*row[2:]) for row in group] for key, group in groupby(rows, key=itemgetter(0, 1))}
    for key, operations in portion:
        yield TicketStory(*key, facts.get(key), steps.get(key, ()), operations)
