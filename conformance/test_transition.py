"""Transitions: a ticket moves along the edges of its machine, whatever the application says and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from psycopg import sql

from virtualq_core import content
from virtualq_core.conformance.expectation import KEPT, NO_RIGHT
from virtualq_core.conformance.race import begin_blocked
from virtualq_core.conformance.world import WORK
from virtualq_core.errors import IllegalTransition, OperationReused, StaleTicket, TicketNotFound
from virtualq_core.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, Tenant, World
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "transition.sql")
WAYS = [name for name in SQL if name.startswith("move_")]
MACHINE = Machine.parse(dict(WORK))
PATHS = {
    "received": (),
    "in_progress": ("start",),
    "ready": ("start", "complete"),
    "completed": ("start", "complete", "pickup"),
    "cancelled": ("cancel",),
    "expired": ("expire",),
}


@pytest.mark.requirement("TRN-001")
@pytest.mark.parametrize("way", WAYS)
def test_no_statement_moves_a_ticket_along_an_edge_that_is_not_there(
    app: Application, expect: Expectation, way: str
) -> None:
    """Every way to write the state is refused where the machine has no such edge, or is not open at all."""
    ticket_id = app.create()

    with expect.refused("23514", "ticket_transition_is_legal", or_by=NO_RIGHT):
        app.change(SQL[way], ticket_id=ticket_id, target="completed")


@pytest.mark.requirement("TRN-001")
@pytest.mark.parametrize("state", PATHS)
def test_no_update_makes_a_step_that_the_machine_lacks(app: Application, expect: Expectation, state: str) -> None:
    """From every state, an UPDATE to each state that no edge leads to is refused, an unheard-of one too."""
    reachable = set(MACHINE.transitions_from(state).values())
    for target in [*(PATHS.keys() - reachable - {state}), "none", "Completed", "unheard of"]:
        with app.trial():
            ticket_id = app.create(*PATHS[state])
            with expect.refused("23514", "ticket_transition_is_legal", or_by=NO_RIGHT):
                app.change(SQL["move_by_update"], ticket_id=ticket_id, target=target)


@pytest.mark.requirement("TRN-001")
@pytest.mark.parametrize("state", PATHS)
def test_no_call_takes_a_transition_that_the_machine_lacks(app: Application, expect: Expectation, state: str) -> None:
    """From every state, each transition that is no edge from there is refused, an unheard-of one too."""
    for name in [*(set(MACHINE.names) - MACHINE.transitions_from(state).keys()), "init", "Start", "unheard of", ""]:
        with app.trial():
            ticket_id = app.create(*PATHS[state])
            with expect.refused("23514", "ticket_transition_is_legal"):
                app.take(ticket_id, name)


@pytest.mark.requirement("TRN-002")
@pytest.mark.parametrize("way", WAYS)
def test_a_refused_statement_changes_nothing(app: Application, expect: Expectation, way: str) -> None:
    """Ticket and history are, after the refusal, what they were before."""
    ticket_id = app.create()
    before = app.ticket(ticket_id), app.history(ticket_id)

    with expect.refused("23514", or_by=NO_RIGHT):
        app.change(SQL[way], ticket_id=ticket_id, target="completed")
    expect.equal((app.ticket(ticket_id), app.history(ticket_id)), before)


@pytest.mark.requirement("TRN-002")
def test_of_several_tickets_none_moves_if_one_cannot(app: Application, expect: Expectation) -> None:
    """An UPDATE is one change: an illegal step among legal ones undoes them all."""
    ticket_ids = [app.create(), app.create("start", "complete"), app.create()]

    with expect.refused("23514", "ticket_transition_is_legal", or_by=NO_RIGHT):
        app.change(SQL["write_state_of_several"], ticket_ids=ticket_ids, target="in_progress")
    expect.equal([app.ticket(each).current_state for each in ticket_ids], ["received", "ready", "received"])


@pytest.mark.requirement("TRN-003")
def test_a_legal_call_moves_the_ticket(app: Application, expect: Expectation) -> None:
    """The ticket is where the machine says, and the history names the edge that was taken."""
    ticket_id = app.create()

    app.take(ticket_id, "start")
    last = app.history(ticket_id)[-1]
    expect.equal(
        (last.seq, last.from_state, last.transition_name, last.to_state), (2, "received", "start", "in_progress")
    )
    expect.equal(app.ticket(ticket_id).current_state, "in_progress")


@pytest.mark.requirement("TRN-003")
@pytest.mark.requires("plain_update")
@pytest.mark.parametrize("way", WAYS)
def test_a_legal_statement_moves_the_ticket(app: Application, expect: Expectation, way: str) -> None:
    """Plain SQL may take any edge of the machine, where it may move tickets at all, and is recorded the same way."""
    ticket_id = app.create()

    app.change(SQL[way], ticket_id=ticket_id, target="in_progress")
    last = app.history(ticket_id)[-1]
    expect.equal(
        (last.seq, last.from_state, last.transition_name, last.to_state), (2, "received", "start", "in_progress")
    )
    expect.equal(app.ticket(ticket_id).current_state, "in_progress")


@pytest.mark.requirement("TRN-003")
@pytest.mark.requires("plain_update")
def test_a_named_transition_leads_where_the_machine_says(app: Application, expect: Expectation) -> None:
    """A statement that names a transition and another target than the transition's is refused."""
    ticket_id = app.create("start")

    with expect.refused("23514", "ticket_transition_is_legal"):
        app.change(SQL["name_another_target"], ticket_id=ticket_id, transition="complete", target="cancelled")
    with expect.refused("23514", "ticket_request_is_consumed"):
        app.change(SQL["leave_a_request"], ticket_id=ticket_id)


@pytest.mark.requirement("TRN-004")
@pytest.mark.parametrize("state", [*(PATHS.keys() - {"received"}), "none", "unheard of"])
def test_no_ticket_starts_elsewhere_than_in_the_initial_state(
    app: Application, expect: Expectation, state: str
) -> None:
    """An INSERT in another state is refused, however it comes by its rows."""
    given = {"queue_id": app.tenant.queue_id, "type_id": app.tenant.type_id}
    with expect.refused("23514", "ticket_starts_in_initial_state"):
        app.run(SQL["insert_ticket_in_state"], **given, state=state)

    ticket_id = app.create()
    with expect.refused("23514", "ticket_starts_in_initial_state"):
        app.change(SQL["copy_ticket_in_state"], ticket_id=ticket_id, state=state)


@pytest.mark.requirement("TRN-004")
def test_a_ticket_starts_in_its_machines_initial_state(app: Application, expect: Expectation) -> None:
    """With the state named, as in the document, and without."""
    given = {"queue_id": app.tenant.queue_id, "type_id": app.tenant.type_id}

    for state in ("received", None):
        ticket_id = app.value(SQL["insert_ticket_in_state"], **given, state=state)
        expect.equal(app.ticket(ticket_id).current_state, "received")


@pytest.mark.requirement("TRN-005")
def test_a_ticket_keeps_its_type_and_its_tenant(
    app: Application, owner: Actor, south: Tenant, expect: Expectation
) -> None:
    """Neither the application nor the owner changes them."""
    ticket_id = app.create()
    type_id = app.define(WORK)
    for statement, parameters in (
        ("change_type", {"type_id": type_id}),
        ("change_tenant", {"other_tenant_id": south.id}),
    ):
        with expect.refused(KEPT):
            app.change(SQL[statement], ticket_id=ticket_id, **parameters)
        with owner.trial(), expect.refused(KEPT):
            owner.change(SQL[statement], ticket_id=ticket_id, **parameters)
            owner.settle()


@pytest.mark.requirement("TRN-006")
@pytest.mark.parametrize("state", PATHS)
def test_each_edge_is_taken_and_nothing_else(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, state: str
) -> None:
    """From every state, each transition of the machine moves the ticket if it is an edge, and is refused if not."""
    legal = MACHINE.transitions_from(state)
    for name in [*MACHINE.names, "init", "Start", "unheard of", ""]:
        ticket_id = app.create(*PATHS[state])
        if name in legal:
            step = client.transition(north.id, ticket_id, name)
            expect.equal((step.from_state, step.to_state, step.replayed), (state, legal[name], False))
        else:
            with expect.refused(IllegalTransition):
                client.transition(north.id, ticket_id, name)
        expect.equal(app.ticket(ticket_id).current_state, legal.get(name, state))


@pytest.mark.requirement("TRN-007")
def test_a_refused_transition_leaves_no_trace(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """The ticket is as it was, the history has no row of the attempt, and the operation id is free for another."""
    ticket_id, operation_id = app.create(), uuid4()
    before = app.ticket(ticket_id), app.history(ticket_id)

    with expect.refused(IllegalTransition):
        client.transition(north.id, ticket_id, "pickup", operation_id=operation_id)
    expect.equal((app.ticket(ticket_id), app.history(ticket_id)), before)
    step = client.transition(north.id, ticket_id, "start", operation_id=operation_id)
    expect.holds(not step.replayed, "the refused operation's answer", "the operation id to be free")


@pytest.mark.requirement("TRN-008")
def test_a_refusal_says_what_would_be_legal(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """It names the transition, the present state and the transitions that the machine has from there."""
    ticket_id = app.create()

    with expect.refused(IllegalTransition) as refusal:
        client.transition(north.id, ticket_id, "pickup")
    missing = [word for word in ("pickup", "received", "start", "cancel", "expire") if word not in refusal.text]
    expect.equal(missing, [])


@pytest.mark.requirement("TRN-009")
def test_an_outdated_expectation_is_refused(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A caller that names the state or version it saw never acts on another one, though the step would be legal."""
    ticket_id = app.create("start")

    for outdated in ({"expected_state": "received"}, {"expected_version": 1}, {"expected_version": 3}):
        with expect.refused(StaleTicket):
            client.transition(north.id, ticket_id, "cancel", **outdated)
    with expect.refused(StaleTicket):
        client.transition(north.id, ticket_id, "cancel", expected_state="in_progress", expected_version=1)
    expect.equal(app.ticket(ticket_id).version, 2)


@pytest.mark.requirement("TRN-009")
def test_a_right_expectation_is_met(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """The expectation of the present state and version is no obstacle."""
    ticket_id = app.create("start")

    step = client.transition(north.id, ticket_id, "cancel", expected_state="in_progress", expected_version=2)
    expect.equal((step.seq, step.to_state), (3, "cancelled"))


@pytest.mark.requirement("TRN-009")
def test_an_expectation_holds_for_the_ticket_that_was_waited_for(
    client: SubjectSession, client_pid: int, world: World, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A caller that has waited for another's step is judged by what that step has left, not by what it saw before."""
    ticket_id = app.create("start", "complete")

    with world.application(north) as rival:
        with rival.transaction():
            rival.take(ticket_id, "remind")
            late = begin_blocked(
                app, client_pid, lambda: client.transition(north.id, ticket_id, "remind", expected_version=3)
            )
        with expect.refused(StaleTicket):
            late.result(30)
    expect.equal(app.ticket(ticket_id).version, 4)


@pytest.mark.requirement("TRN-010")
@pytest.mark.parametrize("expectation", [{}, {"expected_state": "received"}], ids=["any", "expected"])
def test_a_repeated_transition_answers_with_the_first(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, expectation: dict[str, Any]
) -> None:
    """The same operation id moves the ticket once; the second answer is the first one, whatever happened since."""
    ticket_id, operation_id = app.create(), uuid4()
    first = client.transition(north.id, ticket_id, "start", operation_id=operation_id, **expectation)
    client.transition(north.id, ticket_id, "complete")

    again = client.transition(north.id, ticket_id, "start", operation_id=operation_id, **expectation)
    expect.equal((again.seq, again.from_state, again.to_state, again.revision), (2, "received", "in_progress", 1))
    expect.equal((first.replayed, again.replayed), (False, True))
    expect.equal(len(app.history(ticket_id)), 3)


@pytest.mark.requirement("TRN-010")
def test_a_repeated_creation_answers_with_the_first(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """The same operation id creates one ticket."""
    operation_id = uuid4()
    first = client.create_ticket(north.id, north.queue_id, north.type_id, operation_id=operation_id)

    again = client.create_ticket(north.id, north.queue_id, north.type_id, operation_id=operation_id)
    expect.equal((again.id, again.extid, again.replayed), (first.id, first.extid, True))


@pytest.mark.requirement("TRN-011")
def test_an_operation_id_belongs_to_one_operation(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """On another ticket, for another transition or creation, or if a creation had it, it is refused; nothing moves."""
    ticket_id, other_id, operation_id = app.create(), app.create(), uuid4()
    client.transition(north.id, ticket_id, "start", operation_id=operation_id)

    with expect.refused(OperationReused):
        client.transition(north.id, other_id, "start", operation_id=operation_id)
    with expect.refused(OperationReused):
        client.transition(north.id, ticket_id, "complete", operation_id=operation_id)
    with expect.refused(OperationReused):
        client.create_ticket(north.id, north.queue_id, north.type_id, operation_id=operation_id)
    created = client.create_ticket(north.id, north.queue_id, north.type_id)
    with expect.refused(OperationReused):
        client.transition(north.id, created.id, "start", operation_id=app.history(created.id)[0].operation_id)
    expect.equal([app.ticket(each).version for each in (ticket_id, other_id, created.id)], [2, 1, 1])


@pytest.mark.requirement("TRN-013")
@pytest.mark.requires("plain_update")
@pytest.mark.parametrize("name", ["meddle", "zy_meddle"])
@pytest.mark.parametrize("function", ["make_meddling_function", "make_counting_function"])
def test_no_trigger_moves_a_ticket_behind_the_machines_back(
    app: Application, owner: Actor, expect: Expectation, function: str, name: str
) -> None:
    """A column that another trigger changes counts as well, though the statement never named it."""
    ticket_id = app.create()

    with owner.trial():
        owner.change(SQL[function])
        owner.change(sql.SQL(SQL["make_meddling_trigger"].sql).format(name=sql.Identifier(name)))
        with expect.refused("23514"):
            owner.change(SQL["touch_ticket"], ticket_id=ticket_id)


@pytest.mark.requirement("TRN-014")
def test_the_application_cannot_silence_the_triggers(
    app: Application, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """Neither one by one, nor all of a table's, nor by the setting that silences them everywhere."""
    with app.trial(), expect.refused(NO_RIGHT):
        app.change(SQL["silence_by_replication_role"])
    triggers = app.run(SQL["list_triggers"])
    for row in triggers:
        names = {"table": sql.Identifier(row.table), "trigger": sql.Identifier(row.trigger)}
        for statement in ("silence_table", "disable_trigger", "drop_trigger"):
            with app.trial(), expect.refused(NO_RIGHT):
                app.change(sql.SQL(SQL[statement].sql).format(**names))
    evidence(f"{len(triggers)} triggers")


@pytest.mark.requirement("TRN-014")
def test_the_application_cannot_replace_a_function(
    app: Application, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """It can neither drop, rename nor take over one, nor put another into the schema."""
    with app.trial(), expect.refused(NO_RIGHT):
        app.change(SQL["make_meddling_function"])
    functions = app.run(SQL["list_functions"])
    for row in functions:
        for statement in ("drop_function", "rename_function", "own_function"):
            with app.trial(), expect.refused(NO_RIGHT):
                app.change(sql.SQL(SQL[statement].sql).format(function=sql.SQL(row.function)))
    evidence(f"{len(functions)} functions")


@pytest.mark.requirement("TRN-015")
def test_a_missing_ticket_is_not_found(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """A transition of a ticket that does not exist says so, and is no illegal transition."""
    with expect.refused(TicketNotFound):
        client.transition(north.id, 2**40, "start")
