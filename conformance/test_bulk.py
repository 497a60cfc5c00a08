"""Bulk calls: many tickets move in one call, and each as it would alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg import sql

from virtualq_core import content

if TYPE_CHECKING:
    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, Tenant
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "transition.sql")
ONCE = {"init": "asked", "transitions": [{"name": "take", "from": "asked", "to": "doing"}]}
WITH_A_WAY_BACK = {
    **ONCE,
    "transitions": [*ONCE["transitions"], {"name": "drop", "from": "doing", "to": "asked"}],
}


@pytest.mark.requirement("TRN-012")
def test_a_bulk_call_reports_each_ticket(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """What can move moves, what cannot is named with the reason, and neither holds up the other."""
    first, closed, last, missing = app.create(), app.create("cancel"), app.create(), 2**40
    movable = [first, last]

    outcomes = client.transition_many(north.id, [closed, last, first, missing], "start", actor="ada")
    told = {(each.ticket_id, each.outcome, each.seq, each.to_state) for each in outcomes}
    moved = {(ticket_id, "moved", 2, "in_progress") for ticket_id in movable}
    expect.equal(told, moved | {(closed, "illegal", None, None), (missing, "not-found", None, None)})
    expect.equal([app.history(ticket_id)[-1].actor for ticket_id in movable], ["ada", "ada"])
    expect.equal((app.ticket(closed).current_state, len(app.history(closed))), ("cancelled", 2))


@pytest.mark.requirement("TRN-012")
def test_a_ticket_that_is_named_twice_counts_once(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """It moves once and has one outcome, also along an edge that could be taken again."""
    once, twice = app.create("start", "complete"), app.create("start", "complete")

    outcomes = client.transition_many(north.id, [twice, once, twice], "remind")
    expect.equal(sorted((each.ticket_id, each.outcome) for each in outcomes), [(once, "moved"), (twice, "moved")])
    expect.equal([app.ticket(each).version for each in (once, twice)], [4, 4])


@pytest.mark.requirement("TRN-012", "TRN-010")
def test_a_repeated_bulk_call_moves_nothing_twice(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """Operation ids work in bulk as they do alone: a repeat is told with its first answer."""
    ticket_ids, operation_ids = [app.create(), app.create()], [uuid4(), uuid4()]
    client.transition_many(north.id, ticket_ids, "start", operation_ids=operation_ids)

    again = client.transition_many(north.id, ticket_ids, "start", operation_ids=operation_ids)
    expect.equal([(each.outcome, each.seq) for each in again], [("replayed", 2), ("replayed", 2)])
    expect.equal([len(app.history(ticket_id)) for ticket_id in ticket_ids], [2, 2])


@pytest.mark.requirement("REV-002")
def test_a_step_of_a_bulk_call_names_its_revision(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """Tickets of several types, each with revisions of its own, may move in one call."""
    renewed, fresh = app.define(ONCE), app.define(ONCE)
    ticket_ids = [app.create(type_definition_id=type_id) for type_id in (renewed, fresh)]
    app.publish(renewed, WITH_A_WAY_BACK)

    client.transition_many(north.id, ticket_ids, "take")
    expect.equal([app.history(ticket_id)[-1].revision for ticket_id in ticket_ids], [2, 1])


@pytest.mark.requirement("LIF-002")
def test_a_bulk_call_closes_what_comes_to_its_end(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """Each ticket that it moves into a terminal state has a closing time, and no other."""
    ticket_ids = [app.create(), app.create()]

    client.transition_many(north.id, ticket_ids, "start")
    expect.equal([app.ticket(each).closed_at for each in ticket_ids], [None, None])
    client.transition_many(north.id, ticket_ids, "cancel")
    expect.equal([app.ticket(each).closed_at is not None for each in ticket_ids], [True, True], "closed:")


@pytest.mark.requirement("TRN-013")
@pytest.mark.requires("plain_update")
@pytest.mark.parametrize("name", ["meddle", "zy_meddle"])
def test_no_trigger_changes_the_step_of_a_bulk_call(
    app: Application, owner: Actor, expect: Expectation, name: str
) -> None:
    """Whether the tickets are judged one by one or as a set, none comes out in a state that no edge leads to."""
    ticket_ids = [app.create(), app.create()]

    with owner.trial():
        owner.change(SQL["make_meddling_function"])
        owner.change(sql.SQL(SQL["make_meddling_trigger"].sql).format(name=sql.Identifier(name)))
        with expect.refused("23514", "ticket_transition_is_legal"):
            owner.change(SQL["take_in_bulk"], tenant_id=app.tenant.id, ticket_ids=ticket_ids, transition="start")
