"""Fresh databases: made from a template, gone at the end, and none of a killed run left for good."""

from __future__ import annotations

import contextlib
import logging
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from virtualq_core.database import clone
from virtualq_core.database.cache import DiskFull
from virtualq_core.database.clone import fresh_database, working_database
from virtualq_core.database.install import install
from virtualq_core.database.provider import provide
from virtualq_core.errors import EnvironmentFault, GuardRefusal, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.conftest import Cache
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server


def names(server: Server) -> set[str]:
    """The databases that are there."""
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


@contextlib.contextmanager
def left_behind(server: Server, name: str, comment: str | None = None) -> Iterator[str]:
    """A database as a killed run or somebody else may have left it."""
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        if comment is not None:
            text = sql.SQL("comment on database {} is {}")
            connection.execute(text.format(sql.Identifier(name), sql.Literal(comment)))
        try:
            yield name
        finally:
            connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def sweep(server: Server) -> list[str]:
    """What the next run does first."""
    with server.maintenance.connect() as connection:
        return clone.drop_leftovers(server, connection)


def test_a_clone_has_what_its_template_has_and_is_gone_at_the_end(any_server: Server) -> None:
    """It is a copy, so writing into it does not touch the template."""
    with fresh_database(any_server) as template:
        with template.connect() as connection:
            connection.execute("create table t as select 1 as n")

        with fresh_database(any_server, template=template.name) as copy, copy.connect() as connection:
            connection.execute("insert into t values (2)")
            assert connection.execute("select sum(n) from t").fetchone() == (3,)

        assert copy.name not in names(any_server)
        with template.connect() as connection:
            assert connection.execute("select sum(n) from t").fetchone() == (1,)
    assert template.name not in names(any_server)


def test_a_database_is_dropped_also_when_sessions_and_errors_are_left(server: Server) -> None:
    """A failing test that forgot its connection leaves nothing behind."""
    with contextlib.suppress(ZeroDivisionError), fresh_database(server) as database:
        forgotten = database.connect()
        raise ZeroDivisionError

    assert database.name not in names(server)
    forgotten.close()


def test_a_kept_database_outlives_the_next_run(server: Server) -> None:
    """Kept means kept: for somebody to look into."""
    with fresh_database(server, keep=True) as database:
        pass

    sweep(server)

    assert database.name in names(server)
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("drop database {}").format(sql.Identifier(database.name)))


def test_the_next_run_drops_what_a_killed_run_left(any_server: Server) -> None:
    """Signed by the harness and claimed by no session: its run is gone."""
    with (
        left_behind(any_server, "vq_run_0123456789ab", "made by virtualq for one run") as name,
        fresh_database(any_server),
    ):
        assert name not in names(any_server)


def test_a_run_killed_before_it_signed_leaves_nothing_for_good(server: Server) -> None:
    """Named like the harness's, and empty."""
    with left_behind(server, "vq_run_0123456789ab") as name:
        assert sweep(server) == [name]


@pytest.mark.parametrize(
    ("name", "comment"),
    [
        ("vq_run_0123456789ab", "the payroll"),
        ("vq_run_0123456789ab", "made by virtualq, kept"),
        ("vq_running", "made by virtualq for one run"),
        ("payroll", None),
    ],
)
def test_nobody_elses_database_is_dropped(server: Server, name: str, comment: str | None) -> None:
    """Neither a name nor a comment is enough by itself."""
    with left_behind(server, name, comment):
        assert sweep(server) == []
        assert name in names(server)


def test_an_unsigned_database_with_something_in_it_is_not_dropped(server: Server) -> None:
    """A name may be a coincidence; data is not."""
    with left_behind(server, "vq_run_0123456789ab") as name:
        with server.named(name).connect() as connection:
            connection.execute("create table mine (id integer)")

        assert sweep(server) == []


def test_the_database_of_a_living_run_is_not_dropped(any_server: Server) -> None:
    """Two harnesses on one server do not disturb each other."""
    with fresh_database(any_server) as database:
        assert sweep(any_server) == []
        assert database.name in names(any_server)


@pytest.mark.slow
def test_what_a_killed_process_left_is_dropped_by_the_next_run(cache: Cache) -> None:
    """The server lets go of the claim when the process is gone."""
    harness = cache.harness("clone")
    name = harness.await_line("database")
    with provide() as server:
        assert sweep(server) == []

        harness.kill()

        cache.eventually(lambda: name not in names(server) or sweep(server), "the claim is let go of")
        assert name not in names(server)


def test_a_template_in_use_is_waited_for_and_then_named_with_its_user(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying needs the template for itself; the error says who has it."""
    monkeypatch.setattr(clone, "_ATTEMPTS", 1)
    with (
        fresh_database(server) as template,
        template.connect(application_name="somebody"),
        pytest.raises(EnvironmentFault, match=r"cannot be copied .*observed somebody \("),
    ):
        fresh_database(server, template=template.name).__enter__()


def test_no_room_is_found_out_before_the_copy_begins(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk would stop the whole server."""
    if server.data_dir is None:
        pytest.skip("missing: a server on this machine")
    usage = type("Usage", (), {"free": 1})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(DiskFull, match=r"no room .*observed 0 MiB free; expected at least 64 MiB"):
        fresh_database(server).__enter__()


def test_a_prefix_that_is_no_name_is_refused(server: Server) -> None:
    """It would have to be quoted wherever somebody types it."""
    with pytest.raises(UsageError, match="cannot begin a database's name"):
        fresh_database(server, prefix="Drop Me").__enter__()


def test_an_owner_without_superuser_has_fresh_databases(owned_server: Server) -> None:
    """CREATEDB is enough, and CREATEROLE to install."""
    with fresh_database(owned_server) as template:
        install(template)
        with (
            fresh_database(owned_server, template=template.name) as copy,
            copy.connect(role="virtualq_app") as connection,
        ):
            assert connection.execute("select current_user").fetchone() == ("virtualq_app",)
    assert not {name for name in names(owned_server) if "_run_" in name}


def test_without_createdb_the_given_database_is_used_and_said_so(
    poor_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no other; it stays at the end."""
    with caplog.at_level(logging.WARNING), fresh_database(poor_server) as database:
        assert database == poor_server.maintenance

    assert "no CREATEDB" in caplog.text
    assert database.name in names(poor_server)


def test_without_createdb_a_foreign_database_is_not_used(poor_server: Server) -> None:
    """The guard holds there as well."""
    with poor_server.maintenance.connect() as connection:
        connection.execute("create schema theirs")

    with pytest.raises(GuardRefusal):
        fresh_database(poor_server).__enter__()


def test_without_createdb_nothing_can_be_copied(poor_server: Server) -> None:
    """Said at once, with what to do."""
    with pytest.raises(EnvironmentFault, match="no CREATEDB"):
        fresh_database(poor_server, template="template1").__enter__()


def test_the_working_database_is_the_urls_own(owned_server: Server) -> None:
    """Whoever gives a url gives a database."""
    assert working_database(owned_server).name == "given"


def test_the_working_database_of_ones_own_server_is_made_once_and_stays(database: Database) -> None:
    """Named by the caller here, so that nobody's data is touched."""
    server = database.server
    if server.kind == "url":
        pytest.skip("missing: a server of the harness's own")
    assert working_database(server, database.name) == database
    with pytest.raises(EnvironmentFault, match="no database 'missing'"):
        working_database(server, "missing", make=False)


def test_a_connection_begins_in_its_role_and_returns_to_it(database: Database) -> None:
    """`reset role` does not lead back to the owner's rights."""
    with database.connect(role="virtualq_app", options="-c statement_timeout=1234") as connection:
        connection.execute("reset role")

        row = connection.execute("select current_user, current_setting('statement_timeout')").fetchone()

    assert row == ("virtualq_app", "1234ms")


def test_a_role_that_is_not_there_is_an_error_at_once(database: Database) -> None:
    """Not a connection with other rights."""
    with pytest.raises(psycopg.OperationalError, match="nobody_of_that_name"):
        database.connect(role="nobody_of_that_name")
