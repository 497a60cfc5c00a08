"""What the database testifies about a recording: on the tickets that were named or that grew."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core import content
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.journal import JournalWriter, read_journals
from virtualq_core.conformance.operation import Kind, Operation, Outcome
from virtualq_core.conformance.witness import claimant, find_violations, judge, take_mark
from virtualq_core.subjects import find_subject
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from virtualq_core.conformance.checker import Judgement
    from virtualq_core.conformance.witness import Mark
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import SubjectSession

pytestmark = pytest.mark.server

SQL = content.beside(__file__, "witness_fault.sql")
ANY = Thresholds(min_operations=0, min_contended=0, min_races=0, max_unknown_share=1)


@dataclass(frozen=True)
class Scene:
    """Two tenants with a queue each, and a session of the application."""

    database: Database
    session: SubjectSession
    tenants: tuple[int, int]
    queues: tuple[int, int]
    employee: int
    order: int
    folder: Path

    def ticket(self) -> int:
        """One more ticket of the first tenant."""
        return self.session.create_ticket(self.tenants[0], self.queues[0], self.order).id

    def judge(self, mark: Mark, *operations: Operation) -> Judgement:
        """What becomes of a recording of these operations."""
        with JournalWriter(self.folder, "one") as journal:
            for operation in operations:
                journal.append(operation)
        return judge(self.database, read_journals(self.folder), mark, thresholds=ANY)

    def owner(self, statement: str, *, role: str | None = None, **parameters: object) -> None:
        """A statement of `witness_fault.sql`."""
        with self.database.connect(role=role) as connection:
            connection.execute(SQL[statement].sql, parameters)


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Iterator[Scene]:
    """A fresh scene."""
    with database.connect(role=MAINTAINER_ROLE) as connection:

        def one(statement: str, **parameters: object) -> Any:  # noqa: ANN401  what the statement selects
            row = connection.execute(SQL[statement].sql, parameters).fetchone()
            assert row is not None
            return row[0]

        account_id = one("add_account")
        tenants = (one("add_tenant", account_id=account_id), one("add_tenant", account_id=account_id))
        queues = (one("add_queue", tenant_id=tenants[0]), one("add_queue", tenant_id=tenants[1]))
        employee, order = one("add_employee", tenant_id=tenants[0]), one("find_order")
    with find_subject("procedural").open(database.dsn) as session:
        yield Scene(database, session, tenants, queues, employee, order, tmp_path)


def asked(scene: Scene, ticket_id: int | None, **details: Any) -> Operation:
    """An operation of the first tenant, refused unless said otherwise."""
    given: dict[str, Any] = {
        "op_id": uuid.uuid4(),
        "client": 1,
        "kind": Kind.TRANSITION,
        "tenant_id": scene.tenants[0],
        "ticket_id": ticket_id,
        "transition": "pickup",
        "invoke_ns": 10,
        "return_ns": 20,
        "outcome": Outcome.REFUSED,
        "reason": "illegal-transition",
    }
    return Operation(**{**given, **details})


def test_what_was_there_before_the_mark_needs_no_operation(scene: Scene) -> None:
    """Only what came later has to be somebody's."""
    ticket_id = scene.ticket()
    judgement = scene.judge(take_mark(scene.database), asked(scene, ticket_id))
    assert (judgement.verdict, judgement.tally.steps) == ("passed", 1)


def test_the_mark_does_not_rely_on_the_sequence(scene: Scene) -> None:
    """A seeder may have brought its own ids."""
    ticket_id = scene.ticket()
    scene.owner("count_from_afar")
    assert scene.judge(take_mark(scene.database), asked(scene, ticket_id)).verdict == "passed"


def test_a_step_on_a_ticket_that_nobody_named_is_found(scene: Scene) -> None:
    """Somebody else wrote while the recording went on."""
    named, other = scene.ticket(), scene.ticket()
    mark = take_mark(scene.database)
    scene.session.transition(scene.tenants[0], other, "start")
    [violation] = scene.judge(mark, asked(scene, named)).violations
    assert (violation.invariant.value, violation.ticket_id) == ("steps-were-asked-for", other)


def test_a_claim_is_known_by_the_actor_that_it_names(scene: Scene) -> None:
    """It takes no operation id."""
    ticket_id = scene.ticket()
    mark = take_mark(scene.database)
    claim = asked(scene, None, kind=Kind.CLAIM, transition="start", outcome=Outcome.UNKNOWN, reason="connection-lost")
    scene.session.claim_next(
        scene.tenants[0], scene.queues[0], "received", scene.employee, transition="start", actor=claimant(claim.op_id)
    )
    judgement = scene.judge(mark, claim)
    assert (judgement.verdict, judgement.tally.applied) == ("passed", 1), ticket_id


def test_an_acknowledged_operation_that_left_nothing_is_found(scene: Scene) -> None:
    """On the database's own word."""
    ticket_id = scene.ticket()
    told = asked(scene, ticket_id, transition="start", outcome=Outcome.OK, reason=None, seq=2)
    [violation] = scene.judge(take_mark(scene.database), told).violations
    assert (violation.invariant.value, violation.ticket_id) == ("acknowledged-exactly-once", ticket_id)


def test_a_ticket_in_another_tenants_queue_is_found(scene: Scene) -> None:
    """Where the foreign key that forbids it is gone."""
    ticket_id = scene.ticket()
    scene.owner("free_queue")
    scene.owner("stray", role=MAINTAINER_ROLE, queue_id=scene.queues[1], ticket_id=ticket_id)
    [violation] = scene.judge(take_mark(scene.database), asked(scene, ticket_id)).violations
    assert (violation.invariant.value, violation.what) == ("tenant-is-one", "its queue is not of its tenant")


def test_a_clean_database_has_no_standing_violations(scene: Scene) -> None:
    """The database's own question agrees."""
    scene.ticket()
    assert find_violations(scene.database) == []
