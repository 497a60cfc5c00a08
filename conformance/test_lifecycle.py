"""Lifecycle: what a ticket goes through between its creation and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core import content
from virtualq_core.conformance.race import answer_unblocked
from virtualq_core.errors import IllegalTransition, VirtualQError
from virtualq_core.tickets import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Application, Tenant, World
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "lifecycle.sql")

NOTED: dict[str, Any] = {
    "init": "open",
    "transitions": [{"name": "end", "from": "open", "to": "over"}, {"name": "note", "from": "over", "to": "over"}],
}


@pytest.fixture
def shop(world: World) -> Iterator[Application]:
    """A tenant of the test's own: what is asked of it concerns all of its tickets."""
    with world.application(world.open_tenant("Shop")) as application:
        yield application


@pytest.mark.requirement("LIF-001")
def test_a_ticket_lives_through_its_machine(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """Received, worked on, ready, reminded of, picked up: each step is there, with who took it, and the end is one."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id, actor="kiosk")
    expect.equal(created.state, "received")
    for name in ("start", "complete", "remind", "pickup"):
        client.transition(north.id, created.id, name, actor="ada")

    history = client.history(north.id, created.id)
    expect.equal([step.transition_name for step in history], ["init", "start", "complete", "remind", "pickup"])
    expect.equal([step.actor for step in history], ["kiosk", "ada", "ada", "ada", "ada"])
    expect.equal(app.ticket(created.id).current_state, "completed")
    for name in ("start", "complete", "remind", "pickup", "cancel", "expire"):
        with expect.refused(IllegalTransition):
            client.transition(north.id, created.id, name)


@pytest.mark.requirement("LIF-002")
@pytest.mark.parametrize(
    ("path", "is_closed"),
    [((), False), (("start", "complete"), False), (("cancel",), True), (("start", "complete", "pickup"), True)],
    ids=["received", "ready", "cancelled", "completed"],
)
def test_a_ticket_is_closed_in_a_terminal_state_only(
    client: SubjectSession,
    north: Tenant,
    app: Application,
    expect: Expectation,
    path: tuple[str, ...],
    *,
    is_closed: bool,
) -> None:
    """It has a closing time from the step that closed it on, and none before."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id)
    for name in path:
        client.transition(north.id, created.id, name)

    ticket = app.ticket(created.id)
    expect.equal(ticket.closed_at is not None, is_closed, "is closed:")


@pytest.mark.requirement("LIF-002")
def test_a_ticket_is_closed_when_it_comes_to_its_end(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """Steps that it takes in its terminal state do not close it anew; one that begins at its end is closed at once."""
    type_id = app.define(NOTED)
    created = client.create_ticket(north.id, north.queue_id, type_id)
    client.transition(north.id, created.id, "end")
    closed_at = app.ticket(created.id).closed_at

    client.transition(north.id, created.id, "note")
    expect.equal((app.ticket(created.id).closed_at, app.ticket(created.id).version), (closed_at, 3))
    born_closed = client.create_ticket(north.id, north.queue_id, app.define({"init": "done"}))
    expect.holds(app.ticket(born_closed.id).closed_at, "that it is open", "the ticket to be closed")


@pytest.mark.requirement("LIF-003")
def test_a_ticket_is_created_as_a_whole(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """With its customer, its employee, its time to live and its items in their order."""
    created = client.create_ticket(
        north.id,
        north.queue_id,
        north.type_id,
        customer_id=north.customer_id,
        employee_id=north.employee_id,
        ttl_minutes=30,
        items=[Item("tea", 2), Item("cake", note="warm")],
    )

    ticket = app.ticket(created.id)
    expect.equal(ticket.extid, created.extid)
    expect.equal(
        (ticket.customer_id, ticket.employee_id, ticket.ttl_minutes), (north.customer_id, north.employee_id, 30)
    )
    items = [tuple(row) for row in app.run(SQL["list_items"], ticket_id=created.id)]
    expect.equal(items, [("tea", 2, None), ("cake", 1, "warm")])


@pytest.mark.requirement("LIF-003")
def test_a_ticket_is_created_as_a_whole_or_not_at_all(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """An item that is refused takes the ticket back with it."""
    before = app.value(SQL["count_tickets"])

    with expect.refused(VirtualQError):
        client.create_ticket(north.id, north.queue_id, north.type_id, items=[Item("tea"), Item("nothing", quantity=0)])
    expect.equal(app.value(SQL["count_tickets"]), before)


@pytest.mark.requirement("LIF-004")
def test_time_expires_open_tickets(shop: Application, expect: Expectation) -> None:
    """Whose time has run out takes the machine's expire edge: not a moment before, nor without an edge or a limit."""
    short = shop.create(ttl_minutes=5)
    for path, minutes in ((), 6), ((), None), (("start",), 5), (("cancel",), 5):
        shop.create(*path, ttl_minutes=minutes)
    due = shop.ticket(short).created_at + timedelta(minutes=5)

    early = shop.run(SQL["expire_tickets"], at=due - timedelta(microseconds=1))
    in_time = shop.run(SQL["expire_tickets"], at=due)
    expect.equal(([row.ticket_id for row in early], [row.ticket_id for row in in_time]), ([], [short]))
    last = shop.history(short)[-1]
    expect.equal((last.transition_name, last.to_state), ("expire", "expired"))
    expect.equal(shop.run(SQL["expire_tickets"], at=due), [])


@pytest.mark.requirement("LIF-004")
def test_what_cannot_expire_does_not_hold_up_the_others(shop: Application, expect: Expectation) -> None:
    """A state without the edge, a closed ticket, and one that has expired already are passed over, time after time."""
    ends = shop.define({"init": "open", "transitions": [{"name": "expire", "from": "*", "to": "over"}]})
    shop.create("start", ttl_minutes=5)
    shop.create("cancel", ttl_minutes=5)
    due = [shop.create(ttl_minutes=5), shop.create(ttl_minutes=5, type_definition_id=ends)]
    tomorrow = shop.ticket(due[-1]).created_at + timedelta(days=1)

    first = shop.run(SQL["expire_tickets"], at=tomorrow)
    second = shop.run(SQL["expire_tickets"], at=tomorrow)
    expect.equal((sorted(row.ticket_id for row in first), second), (due, []))
    expect.equal([len(shop.history(ticket_id)) for ticket_id in due], [2, 2])


@pytest.mark.requirement("LIF-009")
def test_an_expiry_takes_as_many_as_it_is_asked_for(shop: Application, expect: Expectation) -> None:
    """The oldest, and then the others."""
    due = [shop.create(ttl_minutes=5) for _ in range(3)]
    tomorrow = shop.ticket(due[-1]).created_at + timedelta(days=1)

    taken = [shop.run(SQL["expire_some"], at=tomorrow, batch=2) for _ in range(3)]
    expect.equal([sorted(row.ticket_id for row in rows) for rows in taken], [due[:2], due[2:], []])


@pytest.mark.requirement("LIF-009")
def test_an_expiry_leaves_alone_what_somebody_is_at_work_on(
    world: World, shop: Application, expect: Expectation
) -> None:
    """It takes the others at once, and that one when it is free."""
    busy, free = shop.create("start", "complete", ttl_minutes=5), shop.create(ttl_minutes=5)
    tomorrow = shop.ticket(free).created_at + timedelta(days=1)

    with world.application(shop.tenant) as worker, worker.transaction():
        worker.take(busy, "remind")
        taken = answer_unblocked(worker, shop, lambda: shop.run(SQL["expire_tickets"], at=tomorrow))
    later = shop.run(SQL["expire_tickets"], at=tomorrow)
    expect.equal(([row.ticket_id for row in taken], [row.ticket_id for row in later]), ([free], [busy]))


@pytest.mark.requirement("LIF-005")
def test_waits_follow_the_measured_rate(shop: Application, expect: Expectation) -> None:
    """Three tickets served in an hour are one in twenty minutes: whoever is second in line waits forty."""
    for _ in range(3):
        served = shop.create("cancel")
    waiting = [shop.create(), shop.create(queue_id=shop.tenant.other_queue_id), shop.create()]

    changed = shop.value(SQL["refresh_waits"], at=shop.ticket(served).closed_at)
    expect.equal(changed, 2)
    expect.equal([shop.ticket(each).estimated_wait_minutes for each in waiting], [20, None, 40], "minutes:")


@pytest.mark.requirement("LIF-005")
def test_waits_are_rounded_up(shop: Application, expect: Expectation) -> None:
    """Three tickets served in ten minutes: nobody is told to wait three minutes who waits for three and a third."""
    for _ in range(3):
        served = shop.create("cancel")
    waiting = [shop.create(), shop.create(), shop.create()]

    closed_at = shop.ticket(served).closed_at
    shop.value(SQL["refresh_waits_over"], at=closed_at, window_length=timedelta(minutes=10))
    expect.equal([shop.ticket(each).estimated_wait_minutes for each in waiting], [4, 7, 10], "minutes:")


@pytest.mark.requirement("LIF-005")
def test_what_was_served_long_ago_counts_no_more(shop: Application, expect: Expectation) -> None:
    """A queue that has not been measured yet has no estimate from it; one that has keeps its last rate."""
    for _ in range(3):
        served = shop.create("cancel")
    waiting, closed_at = shop.create(), shop.ticket(served).closed_at

    told = []
    for at in (closed_at + timedelta(hours=2), closed_at, closed_at + timedelta(hours=2)):
        shop.value(SQL["refresh_waits"], at=at)
        told.append(shop.ticket(waiting).estimated_wait_minutes)
    expect.equal(told, [None, 20, 20], "minutes:")


@pytest.mark.requirement("LIF-006")
def test_the_oldest_waiting_ticket_is_claimed_first(
    client: SubjectSession, app: Application, expect: Expectation
) -> None:
    """Of one queue and in one state, in the order of arrival, each once, until none is left."""
    tenant, queue_id = app.tenant, app.open_queue()
    waiting = [app.create(queue_id=queue_id) for _ in range(3)]
    app.create("start", queue_id=queue_id)
    app.create(queue_id=tenant.other_queue_id)

    claimed = [client.claim_next(tenant.id, queue_id, "received", tenant.employee_id) for _ in range(4)]
    expect.equal([lease.ticket_id if lease else None for lease in claimed], [*waiting, None])
    expect.equal({app.ticket(each).employee_id for each in waiting}, {tenant.employee_id})


@pytest.mark.requirement("LIF-006")
def test_a_closed_ticket_is_not_claimed(client: SubjectSession, app: Application, expect: Expectation) -> None:
    """Nobody waits behind it, whatever state the claimer names."""
    tenant, queue_id = app.tenant, app.open_queue()
    app.create("cancel", queue_id=queue_id)

    expect.equal(client.claim_next(tenant.id, queue_id, "cancelled", tenant.employee_id), None)


@pytest.mark.requirement("LIF-007")
def test_a_lease_that_ran_out_is_free_again(client: SubjectSession, app: Application, expect: Expectation) -> None:
    """A claimer that vanished does not keep its ticket; one that is at work does."""
    tenant, queue_id = app.tenant, app.open_queue()
    lapsed = app.create(queue_id=queue_id)
    client.claim_next(tenant.id, queue_id, "received", tenant.employee_id, lease=timedelta(seconds=-1))

    second = client.claim_next(tenant.id, queue_id, "received", tenant.employee_id)
    third = client.claim_next(tenant.id, queue_id, "received", tenant.employee_id)
    expect.equal((second.ticket_id if second else None, third), (lapsed, None))


@pytest.mark.requirement("LIF-008")
def test_a_claim_takes_its_transition_in_the_same_breath(
    client: SubjectSession, app: Application, expect: Expectation
) -> None:
    """The claimed ticket has moved and says who moved it; a claim whose transition is illegal leases nothing."""
    tenant, queue_id = app.tenant, app.open_queue()
    ticket_id = app.create(queue_id=queue_id)
    with expect.refused(IllegalTransition):
        client.claim_next(tenant.id, queue_id, "received", tenant.employee_id, transition="pickup")
    expect.equal((app.ticket(ticket_id).leased_until, app.ticket(ticket_id).employee_id), (None, None))

    lease = client.claim_next(tenant.id, queue_id, "received", tenant.employee_id, transition="start", actor="ada")
    last = app.history(ticket_id)[-1]
    expect.equal((lease.ticket_id, lease.state) if lease else None, (ticket_id, "in_progress"))
    expect.equal((last.transition_name, last.actor, last.to_state), ("start", "ada", "in_progress"))
