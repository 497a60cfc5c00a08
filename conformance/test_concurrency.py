"""Concurrency: several clients at once find what one client alone would find."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from virtualq_core import content
from virtualq_core.conformance.race import answer_unblocked, begin_blocked, begin_meanwhile, race
from virtualq_core.errors import IllegalTransition
from virtualq_core.subjects import backend_pid

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Application, Tenant, World
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject, SubjectSession
    from virtualq_core.tickets import CreatedTicket, Transition

SQL = content.beside(__file__, "concurrency.sql")
CLIENTS = 8

ERRAND: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "finish", "from": "doing", "to": "done"},
    ],
}
WITHOUT_DOING: dict[str, Any] = {"init": "asked", "transitions": [{"name": "finish", "from": "asked", "to": "done"}]}
WITHOUT_ASKED: dict[str, Any] = {"init": "doing", "transitions": [{"name": "finish", "from": "doing", "to": "done"}]}
WITH_A_SHORT_CUT: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "done"},
        {"name": "finish", "from": "doing", "to": "done"},
    ],
}
FROZEN = pytest.mark.parametrize(
    "level",
    [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE],
    ids=["repeatable-read", "serializable"],
)


@pytest.mark.requirement("CON-001")
def test_of_many_that_race_for_an_edge_one_wins(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """There is no way back: one takes it, the others are told that it is illegal, and the history has it once."""
    ticket_id, tenant_id = app.create(), app.tenant.id

    def contend(_: int, ready: Callable[[], object]) -> str:
        with subject.open(database_under_test.dsn) as session:
            ready()
            try:
                return session.transition(tenant_id, ticket_id, "start").to_state
            except IllegalTransition:
                return "refused"

    outcomes = race(CLIENTS, contend)
    expect.equal(sorted(outcomes), ["in_progress", *["refused"] * (CLIENTS - 1)])
    expect.equal(len(app.history(ticket_id)), 2)


@pytest.mark.requirement("CON-002")
def test_no_ticket_is_claimed_twice(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """Rivals that claim until nothing is left have, together, each ticket once."""
    tenant, queue_id = app.tenant, app.open_queue()
    waiting = [app.create(queue_id=queue_id) for _ in range(24)]

    def claim(_: int, ready: Callable[[], object]) -> list[int]:
        claimed = []
        with subject.open(database_under_test.dsn) as session:
            ready()
            while lease := session.claim_next(tenant.id, queue_id, "received", tenant.employee_id):
                claimed.append(lease.ticket_id)
        return claimed

    claimed = [ticket_id for each in race(CLIENTS, claim) for ticket_id in each]
    expect.equal(sorted(claimed), waiting)


@pytest.mark.requirement("LIF-010")
def test_a_claim_passes_over_what_a_rival_holds(
    client: SubjectSession, client_pid: int, world: World, app: Application, expect: Expectation
) -> None:
    """It neither waits for the ticket that somebody is at work on, nor comes back without the next one."""
    tenant, queue_id = app.tenant, app.open_queue()
    held, free = app.create("start", "complete", queue_id=queue_id), app.create("start", "complete", queue_id=queue_id)

    with world.application(tenant) as rival, rival.transaction():
        rival.take(held, "remind")
        lease = answer_unblocked(
            rival, client_pid, lambda: client.claim_next(tenant.id, queue_id, "ready", tenant.employee_id)
        )
    expect.equal(lease.ticket_id if lease else None, free)


@pytest.mark.requirement("CON-002")
def test_a_claim_goes_on_to_the_next_where_a_rival_is_faster(
    client: SubjectSession, client_pid: int, world: World, app: Application, expect: Expectation
) -> None:
    """Whether or not it waits for the ticket that somebody takes away, it does not come back without the next one."""
    tenant, queue_id = app.tenant, app.open_queue()
    held, free = app.create("start", "complete", queue_id=queue_id), app.create("start", "complete", queue_id=queue_id)

    with world.application(tenant) as rival, rival.transaction():
        rival.take(held, "pickup")
        claim = begin_meanwhile(
            rival, client_pid, lambda: client.claim_next(tenant.id, queue_id, "ready", tenant.employee_id)
        )
    lease = claim.result(30)
    expect.equal(lease.ticket_id if lease else None, free)


@pytest.mark.requirement("CON-003")
def test_bulk_calls_that_have_both_waited_do_not_deadlock(
    subject: Subject, database_under_test: Database, world: World, app: Application, expect: Expectation
) -> None:
    """Two that name the same tickets in opposite orders, and meet where a third has held them up, both get through."""
    tenant_id = app.tenant.id
    ticket_ids = [app.create("start", "complete") for _ in range(3)]

    with (
        subject.open(database_under_test.dsn) as one,
        subject.open(database_under_test.dsn) as other,
        world.application(app.tenant) as holder,
    ):
        pids = [pid for pid in (backend_pid(one), backend_pid(other)) if pid is not None]
        if len(pids) < 2:
            pytest.skip("missing: a client that tells its server process")
        with holder.transaction():
            holder.take(ticket_ids[1], "remind")
            calls = [
                begin_blocked(app, pid, partial(session.transition_many, tenant_id, order, "remind"))
                for session, pid, order in zip((one, other), pids, (ticket_ids, ticket_ids[::-1]), strict=True)
            ]
        outcomes = [[each.outcome for each in call.result(30)] for call in calls]
    expect.equal(outcomes, [["moved"] * 3] * 2)
    expect.equal([app.ticket(ticket_id).version for ticket_id in ticket_ids], [5, 6, 5])


@pytest.mark.requirement("CON-003")
def test_bulk_calls_in_opposite_orders_do_not_deadlock(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """Two clients that move the same tickets, named in opposite orders, both get through, time after time."""
    rounds, tenant_id = 6, app.tenant.id
    ticket_ids = [app.create("start", "complete") for _ in range(6)]

    def move(number: int, ready: Callable[[], object]) -> int:
        order = ticket_ids[:: 1 if number else -1]
        with subject.open(database_under_test.dsn) as session:
            ready()
            calls = [session.transition_many(tenant_id, order, "remind") for _ in range(rounds)]
        return sum(outcome.outcome == "moved" for outcomes in calls for outcome in outcomes)

    expect.equal(race(2, move), [rounds * len(ticket_ids)] * 2)
    expect.equal({app.ticket(ticket_id).version for ticket_id in ticket_ids}, {3 + 2 * rounds})


@pytest.mark.requirement("CON-004")
def test_a_transition_sent_at_once_is_taken_once(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """Retries that overtake the first attempt: one moves the ticket, and all are given the same answer."""
    ticket_id, operation_id, tenant_id = app.create(), uuid4(), app.tenant.id

    def send(_: int, ready: Callable[[], object]) -> Transition:
        with subject.open(database_under_test.dsn) as session:
            ready()
            return session.transition(tenant_id, ticket_id, "start", operation_id=operation_id)

    answers = race(CLIENTS, send)
    expect.equal(sum(not answer.replayed for answer in answers), 1, "answers that are no replay:")
    expect.equal({(answer.seq, answer.to_state) for answer in answers}, {(2, "in_progress")})
    expect.equal(len(app.history(ticket_id)), 2)


@pytest.mark.requirement("CON-004")
def test_a_creation_sent_at_once_creates_one_ticket(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """The same for the operation that a ticket begins with."""
    operation_id, tenant = uuid4(), app.tenant
    before = app.value(SQL["count_tickets"])

    def send(_: int, ready: Callable[[], object]) -> CreatedTicket:
        with subject.open(database_under_test.dsn) as session:
            ready()
            return session.create_ticket(tenant.id, tenant.queue_id, tenant.type_id, operation_id=operation_id)

    answers = race(CLIENTS, send)
    expect.equal(sum(not answer.replayed for answer in answers), 1, "answers that are no replay:")
    expect.equal(len({(answer.id, answer.extid) for answer in answers}), 1)
    expect.equal(app.value(SQL["count_tickets"]) - before, 1)


@pytest.mark.requirement("CON-005")
def test_no_step_is_lost(
    subject: Subject, database_under_test: Database, app: Application, expect: Expectation
) -> None:
    """Clients that step on one ticket all at once: every acknowledged step is in the history once, without a gap."""
    steps, tenant_id = 5, app.tenant.id
    ticket_id = app.create("start", "complete")

    def step(number: int, ready: Callable[[], object]) -> list[tuple[int, str]]:
        actor = f"client {number}"
        with subject.open(database_under_test.dsn) as session:
            ready()
            return [(session.transition(tenant_id, ticket_id, "remind", actor=actor).seq, actor) for _ in range(steps)]

    acknowledged = sorted(each for answers in race(CLIENTS, step) for each in answers)
    history = [(row.seq, row.actor) for row in app.history(ticket_id)]
    expect.equal(acknowledged, history[3:])
    expect.equal([seq for seq, _ in history], list(range(1, 4 + CLIENTS * steps)))


@pytest.mark.requirement("CON-006")
def test_a_reader_sees_ticket_and_history_agree(
    world: World, north: Tenant, app: Application, expect: Expectation
) -> None:
    """At every moment while the ticket moves, the one is where the other says, and the history only grows."""
    ticket_id, moves = app.create("start", "complete"), 40

    def act(number: int, ready: Callable[[], object]) -> list[Any]:
        with world.application(north) as application:
            ready()
            if number == 0:
                application.take(ticket_id, *["remind"] * moves)
                return []
            seen: list[Any] = []
            while not seen or seen[-1].version < moves + 3:
                seen += application.run(SQL["compare_with_history"], ticket_id=ticket_id)
            return seen

    [_, seen] = race(2, act)
    expect.equal([row for row in seen if (row.current_state, row.version) != (row.last, row.steps)], [])
    expect.equal([row.version for row in seen], sorted(row.version for row in seen))


@pytest.mark.requirement("CON-007")
def test_a_publication_waits_for_transitions_under_way(
    world: World, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A transition that has read the old machine is finished first; then the publication sees whom it would strand."""
    type_id = app.define(ERRAND)
    ticket_id = app.create(type_definition_id=type_id)

    with world.application(north) as publisher, world.application(north) as mover:
        with mover.transaction():
            mover.take(ticket_id, "take")
            publication = begin_blocked(app, publisher, lambda: publisher.publish(type_id, WITHOUT_DOING))
        with expect.refused("23514", "typedefinition_orphans_no_ticket"):
            publication.result(30)
    expect.equal(app.ticket(ticket_id).current_state, "doing")


@pytest.mark.requirement("CON-007")
def test_a_publication_waits_for_creations_under_way(
    world: World, north: Tenant, app: Application, expect: Expectation
) -> None:
    """The same for a ticket that is being created in a state that goes."""
    type_id = app.define(ERRAND)

    with world.application(north) as publisher, world.application(north) as creator:
        with creator.transaction():
            creator.create(type_definition_id=type_id)
            publication = begin_blocked(app, publisher, lambda: publisher.publish(type_id, WITHOUT_ASKED))
        with expect.refused("23514", "typedefinition_orphans_no_ticket"):
            publication.result(30)


@pytest.mark.requirement("CON-008")
@FROZEN
def test_a_frozen_snapshot_takes_no_edge_that_has_been_replaced(
    world: World, north: Tenant, app: Application, expect: Expectation, level: psycopg.IsolationLevel
) -> None:
    """Not even where the publication has touched no ticket."""
    type_id = app.define(ERRAND)
    ticket_id = app.create(type_definition_id=type_id)
    with world.application(north) as frozen:
        frozen.connection.isolation_level = level
        with frozen.trial():
            frozen.run(SQL["count_tickets"])
            app.publish(type_id, WITH_A_SHORT_CUT)

            with expect.refused("40001"):
                frozen.take(ticket_id, "take")


@pytest.mark.requirement("CON-008")
@FROZEN
def test_a_frozen_snapshot_does_not_judge_by_a_replaced_machine(
    world: World, north: Tenant, app: Application, expect: Expectation, level: psycopg.IsolationLevel
) -> None:
    """A transaction that began before a publication is refused instead of moving or creating by the old machine."""
    type_id = app.define(ERRAND)
    ticket_id = app.create(type_definition_id=type_id)
    app.take(app.create(type_definition_id=type_id), "take", "finish")
    with world.application(north) as frozen:
        frozen.connection.isolation_level = level
        with frozen.trial():
            frozen.run(SQL["count_tickets"])
            app.publish(type_id, WITHOUT_ASKED, mapping={"asked": "doing"})

            with expect.refused("40001"):
                frozen.take(ticket_id, "take")
            with expect.refused("40001"):
                frozen.create(type_definition_id=type_id)
    expect.equal(app.ticket(ticket_id).current_state, "doing")
