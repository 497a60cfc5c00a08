"""Query answers: the operational queries find the right rows, in the right order, and nothing of anybody else's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.conformance.jsonpath import ANSWERED, REFUSED
from virtualq_core.conformance.office import BEFORE_ALL, WINDOW, Office
from virtualq_core.measure.catalogue import QUERIES, Case, check_answer
from virtualq_core.measure.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, World
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "query.sql")
NAMES = sorted(content.statement_folder(QUERIES))
SEED = 20
PAGE = 4
EDGE = {"page_down": BEFORE_ALL, "page_up": (datetime.min.replace(tzinfo=UTC), 0)}
OPEN_STATES = ["received", "in_progress", "ready"]
OF_THE_TENANT = {
    "search_custom_data",
    "search_custom_data_path",
    "list_overdue_tickets",
    "summarise_tenant",
    "list_history_of_day",
}
"""Queries that ask about the whole tenant, and name nothing in it."""


@pytest.fixture(scope="module")
def office(world: World, maintainer: Actor) -> Iterator[Office]:
    """A tenant whose tickets are all known."""
    with Office.open(world, maintainer, Random(SEED)) as opened:
        yield opened


@pytest.fixture(scope="module")
def next_door(world: World, maintainer: Actor) -> Iterator[Office]:
    """Another tenant with an office like it."""
    with Office.open(world, maintainer, Random(SEED)) as opened:
        yield opened


def ask(office: Office, query: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the application is answered in the office's name."""
    with office.app.transaction():
        cursor = office.app.connection.cursor(row_factory=dict_row)
        rows = cursor.execute(content.query(query).sql, given).fetchall()
    for step in (step for row in rows for step in row.get("history", ())):
        step["occurred_at"] = datetime.fromisoformat(step["occurred_at"])
    return rows


def shown(rows: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a query's rows show of the true ones."""
    return [{name: row[name] for name in like[0]} for row in rows] if like else rows


@pytest.mark.requirement("QRY-001")
@pytest.mark.parametrize("query", NAMES)
def test_a_query_answers_as_plain_counting_does(
    office: Office, next_door: Office, expect: Expectation, evidence: Callable[[str], None], query: str
) -> None:
    """Row by row, in order, what is found one ticket at a time: every state, queue, employee, ticket and fragment."""
    assert next_door.tickets
    total = 0
    for given in office.questions()[query]:
        answer, true = ask(office, query, given), office.answer(query, given)
        expect.equal((given, answer), (given, shown(true, answer)))
        total += len(answer)
    expect.holds(total, "no row in any answer", "something to be found")
    evidence(f"{query}: {len(office.questions()[query])} questions, {total} rows")


@pytest.mark.requirement("QRY-001")
@pytest.mark.parametrize("query", NAMES)
def test_a_query_answers_as_its_counterpart_does(
    office: Office, database_under_test: Database, expect: Expectation, query: str
) -> None:
    """The same question in other words of SQL, run without an index by somebody who sees all tenants."""
    given = max(office.questions()[query], key=lambda each: len(office.answer(query, each)))

    rows = check_answer(Observer.of(database_under_test), Case(query, office.app.tenant.id, "small", given))
    expect.equal(rows, len(office.answer(query, given)))


@pytest.mark.requirement("QRY-002")
@pytest.mark.parametrize(
    ("query", "sign"),
    [
        ("list_queue", -1),
        ("list_queue_page", -1),
        ("list_queue_in_state", -1),
        ("list_employee_tickets", 1),
        ("list_overdue_tickets", 1),
        ("search_custom_data", -1),
        ("search_custom_data_path", -1),
    ],
)
def test_the_order_is_total(office: Office, expect: Expectation, query: str, sign: int) -> None:
    """By the time of creation, and by the id where that is the same: asked again, nothing changes its place."""
    ties = 0
    for given in office.questions()[query]:
        answer = ask(office, query, given)
        places = [(row["created_at"], row["id"]) for row in answer]
        expect.equal(places, sorted(places)[::sign])
        expect.equal([row["id"] for row in ask(office, query, given)], [row["id"] for row in answer])
        ties += len(places) - len({created_at for created_at, _ in places})
    expect.holds(ties, "no two tickets of one moment", "some, so that the order is put to the test")


@pytest.mark.requirement("QRY-003")
@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("list_queue", "page_down"),
        ("list_queue_page", None),
        ("list_queue_in_state", "page_down"),
        ("list_employee_tickets", "page_up"),
    ],
)
def test_paging_by_key_visits_every_row_once(
    world: World, maintainer: Actor, expect: Expectation, query: str, page: str | None
) -> None:
    """
    Page after page by time and id, while new tickets come in: none that was there is left out or seen twice.

    A query of pages does that itself; any other list is the sub-select of one.
    """
    random = Random(SEED)
    with Office.open(world, maintainer, random) as busy:
        given = max(busy.questions()[query], key=lambda each: len(busy.answer(query, each)))
        there = [row["id"] for row in ask(busy, query, given)]
        paging = "{query}" if page is None else SQL[page].sql
        statement = sql.SQL(paging).format(query=sql.SQL(content.query(query).sql))
        seen_at, seen_id = EDGE[page or "page_down"]
        given = {**given, "size": PAGE, "page_size": PAGE}
        visited: list[int] = []
        for _ in range(len(there)):
            rows = busy.app.run(statement, **{**given, "seen_at": seen_at, "seen_id": seen_id})
            if not rows or (page == "page_up" and len(visited) > len(there)):
                break
            visited += [row.id for row in rows]
            seen_at, seen_id = rows[-1].created_at, rows[-1].id
            busy.receive(random)
    expect.holds(len(there) > 2 * PAGE, f"{len(there)} rows", "three pages at least")
    expect.equal([name for name, times in Counter(visited).items() if times > 1], [], "seen twice:")
    expect.equal([each for each in visited if each in there], there)


@pytest.mark.requirement("QRY-004")
@pytest.mark.parametrize("query", NAMES)
def test_a_query_shows_nothing_of_another_tenant(
    office: Office, next_door: Office, expect: Expectation, query: str
) -> None:
    """Asked in our name about the other's queue, employee or ticket, it finds none; in the other's name, it refuses."""
    foreign = {ticket[name] for ticket in next_door.tickets for name in ("id", "extid")}
    names = ("id", "extid", "ticket_id", "oldest_id")
    for given in next_door.questions()[query]:
        answer = ask(office, query, {**given, "tenant_id": office.app.tenant_id})
        expect.equal({row.get(name) for row in answer for name in names} & foreign, set())
        expect.equal({row.get("queue_id") for row in answer} & {*next_door.names}, set())
        expect.holds(query in OF_THE_TENANT or not answer, answer, "no row")
        try:
            expect.equal((given, ask(office, query, given)), (given, []))
        except psycopg.errors.InsufficientPrivilege:
            continue


@pytest.mark.requirement("QRY-005")
def test_the_counts_are_those_of_the_lists(office: Office, expect: Expectation) -> None:
    """A state's figure above the board is the length of its column, and their sum the length of the whole list."""
    for given in office.questions()["count_queue_by_state"]:
        counts = {row["current_state"]: row["tickets"] for row in ask(office, "count_queue_by_state", given)}
        listed = ask(office, "list_queue", given)
        expect.equal(sum(counts.values()), len(listed))
        for state in given["states"]:
            column = ask(office, "list_queue_in_state", {**given, "state": state})
            expect.equal((state, counts.get(state, 0)), (state, len(column)))


@pytest.mark.requirement("QRY-006")
def test_the_wait_shown_is_the_place_in_line_over_the_rate(office: Office, expect: Expectation) -> None:
    """Of every open ticket, on every list: so many are before it, so many a minute were served, rounded up."""
    true = office.waits()
    told: dict[int, int | None] = {}
    for queue_id in office.queues:
        given = {"tenant_id": office.app.tenant_id, "queue_id": queue_id, "states": OPEN_STATES}
        told |= {row["id"]: row["estimated_wait_minutes"] for row in ask(office, "list_queue", given)}
    expect.equal(told, true)
    expect.holds(len(set(true.values())) > 3, true, "waits of different length")


@pytest.mark.requirement("QRY-007")
def test_who_is_next_is_claimed_next(
    world: World, maintainer: Actor, client: SubjectSession, expect: Expectation
) -> None:
    """The ticket that the query names is the one that a claim leases, time after time, until there is none."""
    with Office.open(world, maintainer, Random(SEED)) as busy:
        tenant, queue_id = busy.app.tenant, busy.queues[1]
        given = {"tenant_id": tenant.id, "queue_id": queue_id, "state": "received"}
        given["at"] = busy.app.value(SQL["read_clock"])
        claimed: list[int] = []
        for _ in range(len(busy.tickets)):
            following = [row["id"] for row in ask(busy, "next_to_claim", given)]
            lease = client.claim_next(tenant.id, queue_id, "received", busy.employees[0])
            expect.equal([] if lease is None else [lease.ticket_id], following)
            claimed += following
    expect.holds(len(claimed) > 1, f"{len(claimed)} claims", "several")


@pytest.mark.requirement("QRY-008")
def test_a_path_is_answered_or_refused_whatever_the_tickets_hold(
    office: Office, neighbour: Application, expect: Expectation
) -> None:
    """A tenant without a ticket is refused the same paths as one with many, and so learns nothing of anybody's."""
    for path in REFUSED:
        for app in (office.app, neighbour):
            # An earlier PostgreSQL knows no such path at all.
            with app.trial(), expect.refused(("22023", "42601")):
                app.run(SQL["search_by_path"], path=path)
    for path in ANSWERED:
        expect.equal((path, neighbour.run(SQL["search_by_path"], path=path)), (path, []))


@pytest.mark.requirement("QRY-009")
def test_a_newcomer_is_told_what_they_are_shown_later(world: World, maintainer: Actor, expect: Expectation) -> None:
    """The estimate before a ticket is taken is the one that the ticket gets, as long as nobody else comes or goes."""
    random, estimates = Random(SEED), []
    with Office.open(world, maintainer, random) as busy:
        for queue_id in busy.queues:
            given = {"tenant_id": busy.app.tenant_id, "queue_id": queue_id, "states": OPEN_STATES}
            [told] = ask(busy, "estimate_wait", given)
            newcomer = busy.app.create(queue_id=queue_id, type_definition_id=busy.type_id)
            busy.app.value(SQL["refresh_waits"], at=busy.measured_at, window_length=WINDOW)
            shown_later = {row["id"]: row["estimated_wait_minutes"] for row in ask(busy, "list_queue", given)}
            expect.equal(told["estimated_wait_minutes"], shown_later[newcomer])
            estimates.append(told["estimated_wait_minutes"])
    expect.holds(any(estimates), estimates, "a queue that has served somebody")


@pytest.mark.requirement("QRY-010")
def test_what_expires_is_what_was_overdue(world: World, maintainer: Actor, expect: Expectation) -> None:
    """Of the tickets on the list at a moment, those expire that their machine lets expire, and no others."""
    with Office.open(world, maintainer, Random(SEED)) as busy:
        for given in busy.questions()["list_overdue_tickets"]:
            listed = ask(busy, "list_overdue_tickets", given)
            may_expire = {row["id"] for row in listed if row["current_state"] in ("received", "ready")}
            expired = {row.ticket_id for row in busy.app.run(SQL["expire_tickets"], at=given["at"])}
            expect.equal((given["at"], expired), (given["at"], may_expire))
            left = {row["id"] for row in ask(busy, "list_overdue_tickets", given)}
            expect.equal(left, {row["id"] for row in listed} - expired)


@pytest.mark.requirement("QRY-011")
def test_the_overview_says_what_the_queues_say(office: Office, expect: Expectation) -> None:
    """Its open tickets are those in open states, the oldest of them is the list's last, the closed are the others."""
    whose = {"tenant_id": office.app.tenant_id}
    overview = {row["queue_id"]: row for row in ask(office, "summarise_tenant", {**whose, "at": office.measured_at})}
    expect.equal(sorted(overview), sorted(office.names))
    for queue_id in office.names:
        given = {**whose, "queue_id": queue_id}
        waiting = ask(office, "list_queue", {**given, "states": OPEN_STATES})
        done = ask(office, "list_queue", {**given, "states": ["completed", "cancelled"]})
        row = overview[queue_id]
        oldest = waiting[-1]["id"] if waiting else None
        expect.equal((row["open_tickets"], row["oldest_id"]), (len(waiting), oldest))
        expect.equal(row["closed_in_a_day"], len(done))


@pytest.mark.requirement("QRY-012")
def test_the_days_make_up_the_whole_history(office: Office, expect: Expectation) -> None:
    """Day by day, wherever one ends and the next begins, every step of every ticket is listed once, in its order."""
    whose = {"tenant_id": office.app.tenant_id}
    everything = office.questions()["list_history_of_day"][0]
    whole = ask(office, "list_history_of_day", everything)
    ends = [everything["since"], *sorted({row["occurred_at"] for row in whole})[2::5], everything["until"]]
    listed: list[tuple[int, int]] = []
    for since, until in pairwise(ends):
        rows = ask(office, "list_history_of_day", {**whose, "since": since, "until": until})
        listed += [(row["ticket_id"], row["seq"]) for row in rows]
    expect.holds(len(ends) > PAGE, f"{len(ends) - 1} days", "several")
    expect.equal([name for name, times in Counter(listed).items() if times > 1], [], "listed twice:")
    for ticket in office.tickets:
        [told] = ask(office, "find_ticket", {**whose, "extid": ticket["extid"]})
        steps = [step["seq"] for step in told["history"]]
        expect.equal(
            (ticket["id"], [seq for ticket_id, seq in listed if ticket_id == ticket["id"]]), (ticket["id"], steps)
        )
