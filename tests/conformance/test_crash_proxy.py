"""The proxy: everything passes, and an answer that is lost is one whose transaction was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from virtualq_core import content
from virtualq_core.conformance.crash.proxy import Proxy
from virtualq_core.database.provider import private_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database

pytestmark = [pytest.mark.server, pytest.mark.slow]

SQL = content.beside(__file__, "crash.sql")


@pytest.fixture(scope="module")
def place() -> Iterator[Database]:
    """A database with one table, on a server that nobody else uses."""
    with private_server() as server:
        database = server.maintenance
        with database.connect() as connection:
            connection.execute(SQL["make_place"].sql)
        yield database


@pytest.fixture
def numbers(place: Database) -> Iterator[psycopg.Connection]:
    """A direct connection, to an empty table."""
    with place.connect() as connection:
        connection.execute("truncate place")
        yield connection


def commit_row(connection: psycopg.Connection, number: int) -> None:
    """Add a row; where the connection commits by itself, the second statement sends nothing."""
    connection.execute(SQL["add_row"].sql, {"n": number})
    connection.commit()


def has_row(connection: psycopg.Connection, number: int) -> bool:
    """Whether the row was committed."""
    row = connection.execute(SQL["has_row"].sql, {"n": number}).fetchone()
    return row is not None and bool(row[0])


@pytest.mark.usefixtures("numbers")
def test_what_is_not_lost_passes_unchanged(place: Database) -> None:
    """Statements and their errors, large answers, copies, transactions, whatever the client asks for first."""
    with Proxy(place) as proxy, psycopg.connect(make_conninfo(proxy.dsn, sslmode="prefer")) as connection:
        assert len(connection.execute(SQL["list_many"].sql).fetchall()) == 20000
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute(SQL["fail"].sql)
        connection.rollback()
        with connection.cursor() as cursor, cursor.copy(SQL["copy_rows"].sql) as copy:
            for number in range(1000):
                copy.write_row((number,))
        connection.commit()
        with connection.pipeline():
            for number in range(1000, 1010):
                connection.execute(SQL["add_row"].sql, {"n": number})
        assert connection.execute(SQL["count_rows"].sql).fetchone() == (1010,)
    assert proxy.lost == 0


@pytest.mark.parametrize("is_autocommit", [True, False], ids=["one statement", "commit"])
def test_a_lost_answer_is_one_that_was_committed(
    place: Database, numbers: psycopg.Connection, *, is_autocommit: bool
) -> None:
    """The client hears of a lost connection; the row is there."""
    with Proxy(place) as proxy, psycopg.connect(proxy.dsn, autocommit=is_autocommit) as connection:
        commit_row(connection, 1)
        with proxy.losing(lambda: True), pytest.raises(psycopg.OperationalError):
            commit_row(connection, 2)
        assert connection.closed
        assert (proxy.lost, has_row(numbers, 1), has_row(numbers, 2)) == (1, True, True)


def test_only_a_commit_is_lost(place: Database, numbers: psycopg.Connection) -> None:
    """Neither what goes before it within the transaction, nor a rollback, nor an error."""
    with Proxy(place) as proxy, psycopg.connect(proxy.dsn) as connection, proxy.losing(lambda: True):
        connection.execute(SQL["add_row"].sql, {"n": 1})
        connection.rollback()
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute(SQL["fail"].sql)
        connection.commit()  # answered by ROLLBACK
        assert (proxy.lost, has_row(numbers, 1)) == (0, False)


def test_the_answer_is_chosen_while_its_client_waits(place: Database, numbers: psycopg.Connection) -> None:
    """Whoever chooses can look into the database, and sees what the client was not told yet."""
    with Proxy(place) as proxy, psycopg.connect(proxy.dsn, autocommit=True) as connection:
        with proxy.losing(lambda: has_row(numbers, 3)):
            connection.execute(SQL["add_row"].sql, {"n": 1})
            connection.execute(SQL["count_rows"].sql)
            with pytest.raises(psycopg.OperationalError):
                connection.execute(SQL["add_row"].sql, {"n": 3})
        assert proxy.lost == 1


def test_others_keep_their_connections(place: Database, numbers: psycopg.Connection) -> None:
    """Only the connection whose answer was lost is cut."""
    with (
        Proxy(place) as proxy,
        psycopg.connect(proxy.dsn, autocommit=True) as connection,
        psycopg.connect(proxy.dsn, autocommit=True) as other,
    ):
        with proxy.losing(lambda: True), pytest.raises(psycopg.OperationalError):
            connection.execute(SQL["add_row"].sql, {"n": 1})
        other.execute(SQL["add_row"].sql, {"n": 2})
        assert has_row(numbers, 2)


def test_a_proxy_that_is_closed_cuts_its_connections_and_is_gone(place: Database) -> None:
    """Idle clients do not hold it up, and nobody gets in afterwards."""
    with Proxy(place) as proxy:
        connections = [psycopg.connect(proxy.dsn, autocommit=True) for _ in range(3)]
    for connection in connections:
        with pytest.raises(psycopg.OperationalError):
            connection.execute(SQL["count_rows"].sql)
        connection.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(proxy.dsn, connect_timeout=5)


def test_what_goes_wrong_in_its_threads_is_raised(place: Database) -> None:
    """A question that cannot be answered is not taken for a lost answer."""

    def ask() -> bool:
        raise LookupError("nobody knows")

    with (
        pytest.raises(LookupError, match="nobody knows"),
        Proxy(place) as proxy,
        psycopg.connect(proxy.dsn, autocommit=True) as connection,
        proxy.losing(ask),
        pytest.raises(psycopg.OperationalError),
    ):
        connection.execute(SQL["count_rows"].sql)
