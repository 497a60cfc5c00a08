"""The office and its answers: they know containment as PostgreSQL does, and notice a query that is a little wrong."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.office import Office, contains
from virtualq_core.conformance.world import World
from virtualq_core.measure.catalogue import QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server

SQL = content.beside(__file__, "office.sql")
SLIPS = [
    # the query, what is written in it, and the slip
    ("list_queue", "t.created_at desc, t.id desc", "t.created_at desc, t.id"),
    ("list_queue", "t.created_at desc, t.id desc", "t.id desc"),
    ("list_queue", "t.created_at desc, t.id desc", "t.created_at, t.id"),
    ("list_queue", "and t.queue_id = %(queue_id)s", ""),
    ("list_queue", "and t.current_state = any (%(states)s)", ""),
    ("list_queue", "and t.current_state = any (%(states)s)", "and t.closed_at is null"),
    ("list_queue_in_state", "t.created_at desc, t.id desc", "t.created_at desc, t.id"),
    ("list_queue_in_state", "t.current_state = %(state)s", "t.current_state >= %(state)s"),
    ("count_queue_by_state", "count(*)", "count(t.employee_id)"),
    ("count_queue_by_state", "count(*)", "count(distinct t.created_at)"),
    ("count_queue_by_state", "order by t.current_state", "order by t.current_state desc"),
    ("next_to_claim", "and t.closed_at is null", ""),
    ("next_to_claim", "t.leased_until is null or t.leased_until <= %(at)s", "t.leased_until is null"),
    ("next_to_claim", "and (t.leased_until is null or t.leased_until <= %(at)s)", "and %(at)s is not null"),
    ("next_to_claim", "order by t.created_at, t.id", "order by t.created_at, t.id desc"),
    ("next_to_claim", "limit 1", "limit 2"),
    ("list_employee_tickets", "order by t.created_at, t.id", "order by t.created_at, t.id desc"),
    ("list_employee_tickets", "and t.employee_id = %(employee_id)s", "and %(employee_id)s > 0"),
    ("find_ticket", "order by i.id", "order by i.id desc"),
    ("find_ticket", "order by h.seq", "order by h.seq desc"),
    ("find_ticket", "order by h.seq", "order by h.occurred_at, h.to_state"),
    ("find_ticket", "coalesce(i.items, '[]')", "i.items"),
    ("find_ticket", "and i.ticket_id = t.id", ""),
    ("search_custom_data", "s.created_at desc, s.ticket_id desc", "s.created_at desc, s.ticket_id"),
    ("search_custom_data", "%(at_most)s", "%(at_most)s + 1"),
    ("search_custom_data_path", "s.created_at desc, s.ticket_id desc", "s.created_at desc, s.ticket_id"),
    ("search_custom_data_path", "%(at_most)s", "%(at_most)s + 1"),
    ("list_queue_page", "order by p.created_at desc, p.id desc", "order by p.created_at desc, p.id"),
    ("list_queue_page", "order by t.created_at desc, t.id desc", "order by t.created_at desc, t.id"),
    ("list_queue_page", "order by t.created_at desc, t.id desc", "order by t.created_at, t.id"),
    ("list_queue_page", "and (t.created_at < %(seen_at)s or t.id < %(seen_id)s)", ""),
    ("list_queue_page", "or t.id < %(seen_id)s", "or t.id <= %(seen_id)s"),
    ("list_queue_page", "and t.created_at <= %(seen_at)s", ""),
    ("list_queue_page", "select distinct u.state", "select u.state"),
    ("list_queue_page", "t.current_state = s.state", "t.current_state >= s.state"),
    ("estimate_wait", "(w.waiting + 1)", "w.waiting"),
    ("estimate_wait", "ceil((w.waiting + 1) / q.served_per_minute)", "floor((w.waiting + 1) / q.served_per_minute)"),
    ("estimate_wait", "and t.queue_id = %(queue_id)s", ""),
    ("estimate_wait", "and t.current_state = any (%(states)s)", "and t.closed_at is null"),
    ("list_overdue_tickets", "and t.closed_at is null", ""),
    ("list_overdue_tickets", "<= %(at)s", "< %(at)s"),
    ("list_overdue_tickets", "order by t.created_at, t.id", "order by t.created_at, t.id desc"),
    ("summarise_tenant", "t.closed_at > %(at)s", "t.closed_at >= %(at)s"),
    ("summarise_tenant", "t.closed_at <= %(at)s", "t.closed_at < %(at)s"),
    ("summarise_tenant", "interval '24 hours'", "interval '23 hours'"),
    ("summarise_tenant", "order by t.created_at, t.id)", "order by t.id)"),
    ("summarise_tenant", "left join (", "join ("),
    ("summarise_tenant", "coalesce(t.open_tickets, 0)", "coalesce(t.open_tickets, 1)"),
    ("summarise_tenant", "order by q.id", "order by q.id desc"),
    ("list_history_of_day", ">= %(since)s", "> %(since)s"),
    ("list_history_of_day", "< %(until)s", "<= %(until)s"),
    ("list_history_of_day", "order by h.occurred_at, h.ticket_id, h.seq", "order by h.ticket_id, h.seq"),
]


@pytest.fixture(scope="module")
def office(server: Server, template: Database) -> Iterator[Office]:
    """An office in a database of its own."""
    from virtualq_core.database.clone import fresh_database  # noqa: PLC0415 -- beside its only use

    with fresh_database(server, template=template.name, prefix="vq_test") as database:
        world = World(database)
        try:
            with world.maintainer() as maintainer, Office.open(world, maintainer, Random(20)) as opened:
                yield opened
        finally:
            world.close()


def differs(office: Office, query: str, text: sql.SQL) -> bool:
    """Is a statement answered otherwise than the query should be?"""
    for asked in office.questions()[query]:
        with office.app.transaction():
            rows = office.app.connection.cursor(row_factory=dict_row).execute(text, asked).fetchall()
        true = office.answer(query, asked)
        if len(rows) != len(true) or any(
            row[name] != each[name] for row, each in zip(rows, true, strict=True) for name in row
        ):
            return True
    return False


@pytest.mark.parametrize(("query", "written", "slip"), SLIPS)
def test_a_slip_in_a_query_is_noticed(office: Office, query: str, written: str, slip: str) -> None:
    """At least one of the questions about the office is answered otherwise."""
    statement = content.query(query).sql
    assert statement.count(written) == 1

    assert differs(office, query, sql.SQL(statement.replace(written, slip)))


def test_there_are_questions_for_every_query(office: Office) -> None:
    """A query that is added is not asked until its answer is known."""
    assert office.questions().keys() == content.statement_folder(QUERIES).keys()
    with pytest.raises(LookupError, match="no answer to list_everything"):
        office.answer("list_everything", {})


SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 0.5, "", "a"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("ab"), x, max_size=2), max_leaves=6
)
OBJECTS = st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2)


@given(OBJECTS, OBJECTS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_containment_is_postgresqls(office: Office, data: dict[str, Any], fragment: dict[str, Any]) -> None:
    """Of objects and lists within one another, of 1 and 1.0, of null and truth."""
    expected = office.app.value(SQL["contains"], data=Jsonb(data), fragment=Jsonb(fragment))

    assert contains(data, fragment) == expected
