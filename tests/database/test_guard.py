"""The guard: what the harness may write into, and that what it may not stays as it was."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from virtualq_core.database import client, guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import install
from virtualq_core.errors import GuardRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server

OBJECTS = {
    "table public.orders": "create table orders (id integer)",
    'table public."Odd name"': 'create table "Odd name" (id integer)',
    "view public.v": "create view v as select 1 as n",
    "materialized view public.m": "create materialized view m as select 1 as n",
    "sequence public.s": "create sequence s",
    "function public.f": "create function f() returns integer language sql as 'select 1'",
    "type public.mood": "create type mood as enum ('good')",
    "type public.positive": "create domain positive as integer check (value > 0)",
    "type public.pair": "create type pair as (a integer, b integer)",
    "schema app": "create schema app",
    "publication p": "create publication p",
    "schema virtualq": "create schema virtualq",
}
EVENT_TRIGGER = """
    create function f() returns event_trigger language plpgsql as 'begin end';
    create event trigger e on ddl_command_end execute function f()
"""


@pytest.fixture
def empty(any_server: Server) -> Iterator[Database]:
    """A database with nothing in it."""
    with fresh_database(any_server, prefix="vq_guard") as database:
        yield database


@pytest.fixture(scope="module")
def blank(any_server: Server) -> Iterator[Database]:
    """The same for tests that leave it so."""
    with fresh_database(any_server, prefix="vq_guard") as database:
        yield database


@pytest.fixture
def nothing(blank: Database) -> Iterator[psycopg.Connection]:
    """A transaction in an empty database, rolled back at the end."""
    with blank.connect(autocommit=False) as connection:
        yield connection
        connection.rollback()


def execute(database: Database, statement: str) -> None:
    """Do something in a database that the harness would not."""
    with database.connect() as connection:
        connection.execute(statement)


def checksum(database: Database) -> dict[str, str]:
    """Each table of the catalogue, and the dump of the whole: what a refusal must leave as it was."""
    sums = {}
    with database.connect() as connection:
        catalogues = connection.execute(
            "select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' "
            "and relname !~ '^pg_statistic' order by relname"
        ).fetchall()
        for (name,) in catalogues:
            statement = sql.SQL("select md5(string_agg(t::text, ',' order by t::text)) from pg_catalog.{} as t")
            row = connection.execute(statement.format(sql.Identifier(name))).fetchone()
            sums[name] = str(row and row[0])
    dump = subprocess.run(
        [client.program(database.server, "pg_dump"), "--dbname", client.conninfo(database), "--restrict-key=test"]
        if database.server.major >= 18
        else [client.program(database.server, "pg_dump"), "--dbname", client.conninfo(database)],
        env=client.environment(database),
        capture_output=True,
        check=True,
    )
    lines = [line for line in dump.stdout.splitlines() if not line.startswith((b"\\restrict", b"\\unrestrict"))]
    sums["dump"] = hashlib.sha256(b"\n".join(lines)).hexdigest()
    return sums


def test_a_new_database_is_empty_and_may_be_written(blank: Database) -> None:
    """There is nothing in it to lose."""
    assert guard.require_writable(blank).standing is Standing.EMPTY


@pytest.mark.parametrize(("name", "statements"), OBJECTS.items())
def test_anything_that_somebody_made_is_foreign(nothing: psycopg.Connection, name: str, statements: str) -> None:
    """One object of any kind is enough, and is named."""
    nothing.execute(statements)

    found = guard.look(nothing)

    assert found.standing is Standing.FOREIGN
    assert name in found.objects


@pytest.mark.requires("superuser")
def test_an_event_trigger_is_foreign(nothing: psycopg.Connection) -> None:
    """It would act on what the harness makes."""
    nothing.execute(EVENT_TRIGGER)

    assert "event trigger e" in guard.look(nothing).objects


def test_a_large_object_is_foreign(nothing: psycopg.Connection) -> None:
    """It is data, though it has no name."""
    nothing.execute("select lo_create(0)")

    assert guard.look(nothing).standing is Standing.FOREIGN


def test_an_extensions_own_objects_do_not_count(empty: Database) -> None:
    """Managed services install extensions into new databases."""
    execute(empty, "create extension citext")
    execute(empty, "create schema tools")
    with pytest.raises(GuardRefusal):
        guard.require_writable(empty)
    execute(empty, "drop schema tools")

    assert guard.examine(empty) is Standing.EMPTY


def test_a_refusal_names_three_objects_tables_first_and_counts_the_rest(empty: Database) -> None:
    """Enough to recognize the database, on one line."""
    for name, statement in OBJECTS.items():
        if name != "schema virtualq":
            execute(empty, statement)

    with pytest.raises(GuardRefusal, match="and 8 more") as refusal:
        guard.require_writable(empty)

    assert str(refusal.value.observed).startswith('table public."Odd name", table public.orders, view public.v and')
    assert "create database" in str(refusal.value.next_step)


@pytest.mark.requires("superuser")  # to read the whole catalogue, not to be refused
def test_a_refused_database_stays_as_it_was(empty: Database) -> None:
    """Neither the catalogue nor the dump changes; nor do the server's roles."""
    execute(empty, "create table orders as select n from generate_series(1, 100) as n")
    execute(empty, "vacuum (analyze, freeze) orders")
    before = checksum(empty)

    with pytest.raises(GuardRefusal):
        install(empty)
    with pytest.raises(GuardRefusal):
        guard.mark(empty, may_write=True)

    assert checksum(empty) == before


def test_the_schema_without_the_mark_is_refused_until_its_owner_marks_it(empty: Database) -> None:
    """Somebody may be using it; only they can say that its data may change."""
    install(empty, mark=False)
    with pytest.raises(GuardRefusal, match="virtualq db mark"):
        guard.require_writable(empty)

    guard.mark(empty, may_write=True)

    assert guard.require_writable(empty).standing is Standing.MARKED


def test_an_empty_database_cannot_be_marked(blank: Database) -> None:
    """There is no place for the mark before the schema is there."""
    with pytest.raises(GuardRefusal, match=r"no schema to mark .*\n.*virtualq db install"):
        guard.mark(blank, may_write=True)


def test_a_mark_can_be_taken_back(empty: Database) -> None:
    """The database then is its owner's again."""
    install(empty)

    guard.mark(empty, may_write=False)

    assert guard.examine(empty) is Standing.UNMARKED


def test_installing_again_does_not_mark_what_its_owner_left_unmarked(empty: Database) -> None:
    """A habit is not a permission."""
    install(empty, mark=False)

    install(empty, mark=True)

    assert guard.examine(empty) is Standing.UNMARKED


@pytest.mark.parametrize(
    "change",
    [
        "update virtualq.Installation set schema_version = schema_version + 1",
        "update virtualq.Installation set schema_hash = 'another'",
        "alter table virtualq.Installation drop column dataset",
    ],
)
def test_another_version_is_refused(empty: Database, change: str) -> None:
    """Its rules may differ, so figures would mean something else, and writing might harm it."""
    install(empty)
    execute(empty, change)

    with pytest.raises(GuardRefusal, match="another version"):
        guard.require_writable(empty)

    with pytest.raises(GuardRefusal, match="another version"):
        install(empty)


def test_foreign_tables_beside_the_marked_schema_do_not_matter(empty: Database) -> None:
    """The mark is the owner's word for the whole database."""
    install(empty)
    execute(empty, "create table public.notes (id integer)")

    assert guard.examine(empty) is Standing.MARKED


def test_a_schema_whose_record_is_empty_counts_as_unmarked(empty: Database) -> None:
    """Nothing says that the harness may write."""
    install(empty)
    execute(empty, "delete from virtualq.Installation")

    assert guard.examine(empty) is Standing.UNMARKED


def test_a_read_only_connection_cannot_write_and_does_not_wait_for_ever(empty: Database) -> None:
    """What measures a foreign database neither changes it nor blocks it."""
    install(empty)

    with guard.read_only_connection(empty, timeout_s=0.2) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from virtualq.Installation")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(5)")


def test_an_ordinary_owners_database_is_judged_alike(owned_server: Server) -> None:
    """The guard needs no superuser."""
    with fresh_database(owned_server) as database:
        assert guard.examine(database) is Standing.EMPTY
        install(database)
        assert guard.examine(database) is Standing.MARKED
        execute(database, "drop schema virtualq cascade")
        execute(database, "create table mine (id integer)")
        assert guard.examine(database) is Standing.FOREIGN
