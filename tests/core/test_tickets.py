"""Operations on tickets, through the library as an application uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from tests.core.conftest import SQL, Shop, one
from virtualq_core import content
from virtualq_core.errors import (
    IllegalTransition,
    InvalidFields,
    OperationReused,
    StaleTicket,
    TicketError,
    TicketNotFound,
)
from virtualq_core.subjects.round_trip import count_round_trips
from virtualq_core.tenancy import APPLICATION_ROLE, tenant_scope
from virtualq_core.tickets import Item, Tickets

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.database.server import Database

pytestmark = pytest.mark.server


def test_a_ticket_lives_through_its_machine(tickets: Tickets, shop: Shop) -> None:
    """Created, started, completed, picked up: each step is recorded with who took it, in order and without gaps."""
    ticket = tickets.create(shop.queue_id, shop.order_type, items=[Item("tea", 2), Item("cake", note="warm")])
    for name in ("start", "complete", "pickup"):
        tickets.transition(ticket.id, name, actor="ada", metadata={"via": name})

    history = tickets.history(ticket.id)
    assert [entry.seq for entry in history] == [1, 2, 3, 4]
    assert [entry.transition_name for entry in history] == ["init", "start", "complete", "pickup"]
    assert [entry.to_state for entry in history] == ["received", "in_progress", "ready", "completed"]
    assert history[3].metadata == {"via": "pickup"}
    assert {entry.actor for entry in history[1:]} == {"ada"}


def test_a_queue_is_listed_newest_first(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """The rows are those of the query, of the asked states only; custom data are what was given, or None."""
    first = tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web", "table": 4})
    second = tickets.create(shop.queue_id, shop.order_type, customer_id=shop.customer_id)
    started = tickets.create(shop.queue_id, shop.order_type)
    tickets.transition(started.id, "start")
    asked = {"tenant_id": shop.tenant_id, "queue_id": shop.queue_id, "states": ["received"]}

    listed = tickets.list_queue(shop.queue_id, ["received"])

    assert [row.id for row in listed] == [second.id, first.id]
    assert [row.custom_data for row in listed] == [None, {"channel": "web", "table": 4}]
    with tenant_scope(application, shop.tenant_id):
        plain = application.execute(content.query("list_queue").sql, asked).fetchall()
    assert [(*row[:-1], row.custom_data) for row in listed] == plain
    assert tickets.list_queue(shop.queue_id, ["nowhere"]) == []


def test_items_are_created_with_their_ticket(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """A ticket and its items are one operation."""
    ticket = tickets.create(shop.queue_id, shop.order_type, items=[Item("tea", 2), Item("cake", note="warm")])

    with tenant_scope(application, shop.tenant_id):
        rows = application.execute(SQL["list_items"].sql, {"id": ticket.id}).fetchall()
    assert rows == [("tea", 2, None), ("cake", 1, "warm")]


def test_an_illegal_transition_changes_nothing(tickets: Tickets, shop: Shop) -> None:
    """A refused transition names what the machine allows, and leaves ticket and history as they were."""
    ticket = tickets.create(shop.queue_id, shop.order_type)

    with pytest.raises(IllegalTransition, match=r"cannot take 'pickup' from 'received'.*allows cancel.*start"):
        tickets.transition(ticket.id, "pickup")
    assert [entry.to_state for entry in tickets.history(ticket.id)] == ["received"]


def test_plain_sql_is_held_to_the_machine(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """`update … set current_state` by the application fails with 23514 where illegal, and is recorded where not."""
    ticket = tickets.create(shop.queue_id, shop.order_type)
    with pytest.raises(psycopg.errors.CheckViolation) as refused, tenant_scope(application, shop.tenant_id):
        application.execute(SQL["complete_ticket"].sql, {"id": ticket.id})

    with tenant_scope(application, shop.tenant_id):
        application.execute(SQL["start_ticket"].sql, {"id": ticket.id})

    assert refused.value.diag.constraint_name == "ticket_transition_is_legal"
    assert [entry.transition_name for entry in tickets.history(ticket.id)] == ["init", "start"]


def test_without_the_trigger_plain_sql_would_pass(
    owner: Connection[TupleRow], application: Connection[TupleRow], tickets: Tickets, shop: Shop
) -> None:
    """The trigger is what refuses: without it the same statement goes through, and the audit finds it."""
    ticket = tickets.create(shop.queue_id, shop.order_type)
    owner.execute(SQL["disable_enforcement"].sql)
    with tenant_scope(application, shop.tenant_id):
        application.execute(SQL["complete_ticket"].sql, {"id": ticket.id})

    found = {rule for rule, _ in owner.execute(SQL["find_violations"].sql).fetchall()}
    assert found == {"ticket-agrees-with-history", "ticket-closes-in-terminal-state"}


def test_a_transition_costs_one_round_trip(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """Tenant scope, enforcement, audit and answer: one round trip on the wire."""
    ticket = tickets.create(shop.queue_id, shop.order_type)

    with count_round_trips(application) as counted:
        tickets.transition(ticket.id, "start")
    assert counted.count == 1


def test_a_repeated_operation_answers_with_the_first(tickets: Tickets, shop: Shop) -> None:
    """The same operation id moves a ticket once, whatever the ticket has done since."""
    ticket = tickets.create(shop.queue_id, shop.order_type)
    operation_id = uuid4()
    first = tickets.transition(ticket.id, "start", operation_id=operation_id, expected_state="received")
    tickets.transition(ticket.id, "complete")

    again = tickets.transition(ticket.id, "start", operation_id=operation_id, expected_state="received")
    assert (again.seq, again.to_state, again.replayed) == (first.seq, first.to_state, True)
    assert len(tickets.history(ticket.id)) == 3


def test_an_operation_id_belongs_to_one_operation(tickets: Tickets, shop: Shop) -> None:
    """An operation id on another ticket, or for another transition, is refused."""
    first = tickets.create(shop.queue_id, shop.order_type)
    second = tickets.create(shop.queue_id, shop.order_type)
    operation_id = uuid4()
    tickets.transition(first.id, "start", operation_id=operation_id)

    with pytest.raises(OperationReused):
        tickets.transition(second.id, "start", operation_id=operation_id)
    with pytest.raises(OperationReused):
        tickets.transition(first.id, "cancel", operation_id=operation_id)


def test_a_repeated_creation_answers_with_the_first(tickets: Tickets, shop: Shop) -> None:
    """The same operation id creates one ticket."""
    operation_id = uuid4()
    first = tickets.create(shop.queue_id, shop.order_type, operation_id=operation_id)

    again = tickets.create(shop.queue_id, shop.order_type, operation_id=operation_id)
    assert (again.id, again.extid, again.replayed) == (first.id, first.extid, True)


def test_an_expectation_that_is_stale_is_refused(tickets: Tickets, shop: Shop) -> None:
    """A caller that names the state or version it saw never acts on another one."""
    ticket = tickets.create(shop.queue_id, shop.order_type)
    tickets.transition(ticket.id, "start")

    with pytest.raises(StaleTicket, match="'in_progress' at version 2; expected 'received'"):
        tickets.transition(ticket.id, "cancel", expected_state="received")
    with pytest.raises(StaleTicket, match="expected version 1"):
        tickets.transition(ticket.id, "cancel", expected_version=1)


def test_a_missing_ticket_is_not_found(
    tickets: Tickets, application: Connection[TupleRow], shops: tuple[Shop, Shop]
) -> None:
    """Another tenant's ticket is not found, as one that does not exist is not."""
    south = shops[1]
    foreign = Tickets(application, south.tenant_id).create(south.queue_id, south.order_type)

    with pytest.raises(TicketNotFound):
        tickets.transition(foreign.id, "start")


def test_custom_data_is_validated(tickets: Tickets, shop: Shop) -> None:
    """Custom data that does not fit the type's schema creates nothing."""
    with pytest.raises(InvalidFields, match="channel"):
        tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "pigeon"})

    created = tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web", "table": 7})
    assert created.state == "received"


def test_a_bulk_call_reports_each_ticket(tickets: Tickets, shop: Shop) -> None:
    """What can move moves, what cannot is named, and neither holds up the other."""
    movable = [tickets.create(shop.queue_id, shop.order_type).id for _ in range(3)]
    done = tickets.create(shop.queue_id, shop.order_type).id
    tickets.transition(done, "cancel")

    outcomes = tickets.transition_many([*reversed(movable), done, 2**40], "start", actor="ada")
    assert [(each.ticket_id, each.outcome) for each in outcomes] == [
        *((ticket_id, "moved") for ticket_id in movable),
        (done, "illegal"),
        (2**40, "not-found"),
    ]
    assert all(tickets.history(ticket_id)[-1].actor == "ada" for ticket_id in movable)


def test_a_bulk_call_is_idempotent(tickets: Tickets, shop: Shop) -> None:
    """A repeated bulk call with the same operation ids moves nothing twice."""
    moved = [tickets.create(shop.queue_id, shop.order_type).id for _ in range(2)]
    operation_ids = [uuid4(), uuid4()]
    tickets.transition_many(moved, "start", operation_ids=operation_ids)

    again = tickets.transition_many(moved, "start", operation_ids=operation_ids)
    assert [(each.outcome, each.seq) for each in again] == [("replayed", 2), ("replayed", 2)]


def test_the_oldest_ticket_is_claimed_first(tickets: Tickets, shop: Shop) -> None:
    """Claims come in the order of arrival, and none twice."""
    created = [tickets.create(shop.queue_id, shop.order_type).id for _ in range(3)]

    claims = [tickets.claim_next(shop.queue_id, "received", shop.employee_id) for _ in range(4)]
    assert [claim.ticket_id for claim in claims if claim is not None] == created
    assert claims[3] is None


def test_a_lease_that_ran_out_is_free_again(tickets: Tickets, shop: Shop) -> None:
    """A claimer that vanished does not keep its ticket."""
    created = tickets.create(shop.queue_id, shop.order_type)
    tickets.claim_next(shop.queue_id, "received", shop.employee_id, lease=timedelta(seconds=-1))

    claim = tickets.claim_next(shop.queue_id, "received", shop.employee_id, transition="start")
    assert claim is not None
    assert (claim.ticket_id, claim.state) == (created.id, "in_progress")


def test_of_racing_transitions_one_wins(database: Database, tickets: Tickets, shop: Shop) -> None:
    """Of eight clients that take the same edge with no way back, exactly one succeeds."""
    ticket = tickets.create(shop.queue_id, shop.order_type)
    barrier = Barrier(8)
    outcomes: list[str] = []

    def race() -> None:
        with database.connect(role=APPLICATION_ROLE) as connection:
            barrier.wait(timeout=30)
            try:
                Tickets(connection, shop.tenant_id).transition(ticket.id, "start")
            except TicketError as error:
                outcomes.append(error.code)
            else:
                outcomes.append("won")

    threads = [Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["illegal-transition"] * 7 + ["won"]
    assert len(tickets.history(ticket.id)) == 2


def test_time_to_live_expires_open_tickets(tickets: Tickets, shop: Shop) -> None:
    """A ticket whose time ran out takes its machine's expire edge; one whose time has not, stays."""
    short = tickets.create(shop.queue_id, shop.order_type, ttl_minutes=5)
    tickets.create(shop.queue_id, shop.order_type, ttl_minutes=500)
    tickets.create(shop.queue_id, shop.order_type)

    expired = tickets.expire(at=datetime.now(UTC) + timedelta(minutes=6))
    assert expired == [short.id]
    assert tickets.history(short.id)[-1].to_state == "expired"


def test_waits_follow_the_measured_rate(application: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """Three tickets closed in an hour serve one each twenty minutes: the second in line waits forty."""
    for _ in range(3):
        tickets.transition(tickets.create(shop.queue_id, shop.order_type).id, "cancel")
    waiting = [tickets.create(shop.queue_id, shop.order_type).id for _ in range(2)]

    changed = tickets.refresh_waits()
    assert changed == 2
    with tenant_scope(application, shop.tenant_id):
        rows = [application.execute(SQL["find_ticket"].sql, {"id": each}).fetchone() for each in waiting]
    assert [row[3] for row in rows if row is not None] == [20, 40]


def test_what_the_library_did_breaks_no_rule(owner: Connection[TupleRow], tickets: Tickets, shop: Shop) -> None:
    """After ordinary work the audit of the whole database finds nothing."""
    first = tickets.create(shop.queue_id, shop.order_type, items=[Item("tea")])
    tickets.transition(first.id, "start")
    tickets.transition_many([first.id], "complete")

    assert owner.execute(SQL["find_violations"].sql).fetchall() == []
    assert one(owner, "find_order_type") == shop.order_type
