"""Partitioned tables: the same rows and the same promises, no way around them, and months that come and go."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.seeding.facts import GOLDEN_HASH, SMALL
from virtualq_core import content
from virtualq_core.conformance.run import run_conformance
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.layout import Layout
from virtualq_core.database.retention import detach_history
from virtualq_core.errors import EnvironmentFault, OperationReused
from virtualq_core.seeding import seed, verify
from virtualq_core.tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.database.server import Database, Server
    from virtualq_core.seeding import Dataset

pytestmark = pytest.mark.server

SQL = content.beside(__file__, "test_partition.sql")
OCTOBER = datetime(2025, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def lay_out(any_server: Server) -> Iterator[Callable[[Layout], tuple[Database, Dataset]]]:
    """A few hundred tickets in a layout, the same database for all who ask; to be read, and to be copied."""
    made: dict[Layout, tuple[Database, Dataset]] = {}
    with ExitStack() as held:

        def lay_out(layout: Layout) -> tuple[Database, Dataset]:
            if layout not in made:
                database = held.enter_context(fresh_database(any_server, prefix="vq_partition"))
                install(database, layout=layout)
                made[layout] = database, seed(database, SMALL)
            return made[layout]

        yield lay_out


@pytest.fixture(params=[Layout.TENANT, Layout.MONTH], ids=str)
def either(
    request: pytest.FixtureRequest, lay_out: Callable[[Layout], tuple[Database, Dataset]]
) -> tuple[Database, Dataset]:
    """One partitioned database after the other."""
    return lay_out(request.param)


@pytest.fixture
def by_month(lay_out: Callable[[Layout], tuple[Database, Dataset]]) -> Database:
    """The one whose history is partitioned by month."""
    return lay_out(Layout.MONTH)[0]


@pytest.fixture
def months(any_server: Server, by_month: Database) -> Iterator[Database]:
    """A copy of them, to be written into."""
    with fresh_database(any_server, template=by_month.name, prefix="vq_month") as copy:
        yield copy


def ask(database: Database, statement: str, table: str = "", **parameters: object) -> list[Any]:
    """The rows of a statement of `test_partition.sql`, as the owner's, who is a superuser here."""
    with database.connect() as connection:
        cursor = connection.execute(sql.SQL(SQL[statement].sql).format(table=sql.Identifier(table)), parameters)
        return cursor.fetchall() if cursor.description else []


def partitions(database: Database) -> list[str]:
    """The partitions that hold rows."""
    return [name for (name,) in ask(database, "list_partitions")]


def test_the_rows_are_those_of_the_plain_tables(either: tuple[Database, Dataset]) -> None:
    """The layout changes where rows lie, not what they are; and they obey every rule."""
    database, dataset = either

    assert dataset.hash == GOLDEN_HASH
    assert ask(database, "count_steps") == [(dataset.history,)]
    assert verify(database) == []


def test_partitions_are_no_way_around_their_tables(either: tuple[Database, Dataset]) -> None:
    """The application may not name them, and row security shows their rows to no owner."""
    database, _ = either

    for name in partitions(database):
        statement = sql.SQL(SQL["read_partition"].sql).format(table=sql.Identifier(name))
        with (
            database.connect(role="virtualq_app") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
    assert ask(database, "list_loose_partitions") == []


@pytest.mark.parametrize("lie", ["falsify_by_update", "falsify_by_delete", "falsify_by_truncate"])
def test_history_is_kept_in_its_partitions_too(either: tuple[Database, Dataset], lie: str) -> None:
    """Even the owner's statement on one of them is refused by the table's own constraint."""
    database, _ = either
    parts = [name for name in partitions(database) if name.startswith("ticketstatehistory_")]

    for name in parts:
        if lie == "falsify_by_truncate" or ask(database, "read_partition", name):
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation) as refusal:
                ask(database, lie, name)
            assert refusal.value.diag.constraint_name == "ticketstatehistory_is_append_only"
    assert parts


def test_a_tenants_rows_lie_in_one_partition_of_each_table(
    lay_out: Callable[[Layout], tuple[Database, Dataset]],
) -> None:
    """That is what the partitions are for: a tenant's page is one partition's."""
    database, _ = lay_out(Layout.TENANT)

    for table in ("ticket", "ticketitem", "ticketstatehistory"):
        found = ask(database, "count_places", table)
        assert len(found) > 1
        assert {count for _, count in found} == {1}


@pytest.mark.parametrize(
    ("again", "constraint"),
    [("repeat_step", "ticketstatehistorykey_pkey"), ("repeat_operation", "ticketstatehistory_operation_key")],
)
def test_a_step_and_an_operation_count_once_in_all_months(months: Database, again: str, constraint: str) -> None:
    """A partitioned table cannot tell; the table of the keys does."""
    with pytest.raises(psycopg.errors.UniqueViolation) as refusal:
        ask(months, again)

    assert refusal.value.diag.constraint_name == constraint


def test_a_step_without_its_key_is_found(months: Database) -> None:
    """Without it an operation could be done twice."""
    ask(months, "silence_keys")
    [(tenant_id, ticket_id)] = ask(months, "lose_key")

    assert [(one.rule, one.tenant_id, one.ticket_id) for one in verify(months)] == [
        ("step-has-its-key", tenant_id, ticket_id)
    ]


def test_a_step_that_finds_no_month_is_written_and_moved_later(months: Database) -> None:
    """No write fails because nobody made the month; the upkeep makes it, with what is there of it."""
    [(present,)] = ask(months, "name_present")
    ask(months, "drop_partition", present)
    [(tenant_id, ticket_id, transition)] = ask(months, "find_open_ticket", tenant_id=None)
    with months.connect(role="virtualq_app") as connection:
        step = Tickets(connection, tenant_id).transition(ticket_id, transition)
    assert ask(months, "find_place", ticket_id=ticket_id, seq=step.seq) == [("ticketstatehistory_default",)]

    made = ask(months, "keep_months")

    assert (present,) in made
    assert ask(months, "find_place", ticket_id=ticket_id, seq=step.seq) == [(present,)]
    assert verify(months) == []
    assert ask(months, "keep_months") == []


def test_old_months_are_detached_and_attached_again(months: Database) -> None:
    """What is left is sound, nothing is lost, and the way back leads to where it was."""
    [(before,)] = ask(months, "count_steps")

    detached = detach_history(months, before=OCTOBER)

    assert [month.table_name for month in detached] == ["ticketstatehistory_2025_08", "ticketstatehistory_2025_09"]
    [(left,)] = ask(months, "count_steps")
    assert all(month.steps > 0 for month in detached)
    assert left + sum(month.steps for month in detached) == before
    assert verify(months) == []
    for month in reversed(detached):
        assert ask(months, "attach") == [(month.table_name,)]
        assert verify(months) == []
    assert ask(months, "count_steps") == [(before,)]
    assert ask(months, "count_detached_steps") == [(0,)]
    assert ask(months, "list_loose_partitions") == []


def test_an_operation_whose_month_is_detached_is_not_done_again(months: Database) -> None:
    """Its key is still there: a retry after years is refused instead of answered."""
    [(tenant_id, operation_id)] = ask(months, "find_oldest_operation")
    detach_history(months, before=OCTOBER)
    [(_, ticket_id, transition)] = ask(months, "find_open_ticket", tenant_id=tenant_id)

    with months.connect(role="virtualq_app") as connection:
        tickets = Tickets(connection, tenant_id)
        with pytest.raises(OperationReused):
            tickets.transition(ticket_id, transition, operation_id=operation_id)
        assert tickets.transition(ticket_id, transition, operation_id=uuid4()).seq > 1


def test_a_ticket_whose_history_is_detached_goes_by_the_purge_alone(months: Database) -> None:
    """Its keys hold it, and go with it."""
    detach_history(months, before=OCTOBER)
    [(tenant_id, ticket_id)] = ask(months, "find_long_closed")
    assert ask(months, "read_ticket_rows", "ticketstatehistory", ticket_id=ticket_id) == []
    with pytest.raises(psycopg.errors.IntegrityError):
        ask(months, "delete_ticket", ticket_id=ticket_id)

    [(purged,)] = ask(months, "purge", tenant_id=tenant_id)

    assert purged > 0
    for table in ("ticketstatehistorykey", "detachedstep"):
        assert ask(months, "read_ticket_rows", table, ticket_id=ticket_id) == []
    assert verify(months) == []


def test_a_tenant_is_off_boarded_with_its_keys(months: Database) -> None:
    """Nothing of it stays in the tables that only this layout has."""
    [(tenant_id, _)] = ask(months, "find_oldest_operation")
    detach_history(months, before=OCTOBER)

    ask(months, "off_board", tenant_id=tenant_id)

    for table in ("ticketstatehistorykey", "detachedstep", "ticketstatehistory", "ticket"):
        assert ask(months, "read_tenant_rows", table, tenant_id=tenant_id) == []
    assert verify(months) == []


def test_a_month_is_not_detached_before_an_earlier_step(months: Database) -> None:
    """Where a clock was set back, what is left would not be the end of a path."""
    ask(months, "silence_keys")
    ask(months, "set_clock_back")

    with pytest.raises(EnvironmentFault, match="history-out-of-order"):
        detach_history(months, before=OCTOBER)

    assert "ticketstatehistory_2025_08" in partitions(months)


def test_only_a_history_by_month_has_months_to_detach(database: Database) -> None:
    """The error says which layout has."""
    with pytest.raises(EnvironmentFault, match="no months to detach; observed layout 'none'; expected layout 'month'"):
        detach_history(database, before=OCTOBER)


@pytest.mark.parametrize("role", ["virtualq_app", "virtualq_maintainer"])
def test_partitions_are_the_owners_to_make_and_to_detach(by_month: Database, role: str) -> None:
    """The functions are granted to nobody."""
    for call in (name for name in SQL if name.startswith("owners_")):
        with by_month.connect(role=role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(SQL[call].sql)


FAMILIES = ("TRN", "HIS", "TEN", "IDN", "INT", "LIF")


def test_a_partitioned_database_conforms(either: tuple[Database, Dataset], any_server: Server) -> None:
    """Every requirement about tickets, history and tenants holds, beside the seeded tenants; races are tried apart."""
    with fresh_database(any_server, template=either[0].name, prefix="vq_conform") as copy:
        found = run_conformance(copy, only=FAMILIES)

    assert (found.verdict, [one.id for one in found.broken]) == ("passed", [])


@pytest.mark.slow
@pytest.mark.parametrize("layout", [Layout.TENANT, Layout.MONTH], ids=str)
def test_a_partitioned_database_conforms_under_races_and_crashes(server: Server, layout: Layout) -> None:
    """All requirements, those of concurrency and durability too: about a minute each."""
    with fresh_database(server, prefix="vq_conform") as database:
        install(database, layout=layout)

        found = run_conformance(database)

    assert (found.verdict, [one.id for one in found.broken]) == ("passed", [])
