"""A server by url: reached, or one clear error that does not tell the password."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.database import remote
from virtualq_core.database.fault import NoServer
from virtualq_core.database.provider import hand_down, provide
from virtualq_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Server

SECRET = "hunter2-very-secret"  # noqa: S105 -- a password that must not be seen


@pytest.fixture
def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_an_unreachable_server_is_one_error_with_its_place(closed_port: int) -> None:
    """Host, port, database and user are what one checks first."""
    url = f"postgresql://me:{SECRET}@127.0.0.1:{closed_port}/tickets"

    with pytest.raises(NoServer, match=rf"no answer from 127.0.0.1:{closed_port}, database tickets, user me") as error:
        remote.server(url)

    assert error.value.exit_code is ExitCode.ENVIRONMENT
    assert SECRET not in str(error.value)


def test_a_server_that_never_answers_is_given_up(silent_port: int) -> None:
    """A firewall that swallows packets must not hang a pipeline; the url's own timeout counts."""
    with pytest.raises(NoServer, match="timeout"):
        remote.server(f"postgresql://me:{SECRET}@127.0.0.1:{silent_port}/tickets?connect_timeout=2")


@pytest.mark.parametrize(
    "url",
    [f"postgresql://me:{SECRET}@host:port/db", f"host=x password={SECRET} nonsense", f"postgresql://me:{SECRET}@["],
)
def test_a_url_that_cannot_be_read_is_a_usage_error_and_not_repeated(url: str) -> None:
    """Libpq's own message quotes it, password and all."""
    with pytest.raises((UsageError, NoServer)) as error:
        remote.server(url)

    assert SECRET not in str(error.value)


@pytest.mark.server
def test_a_url_of_sqlalchemy_is_understood(owned_server: Server) -> None:
    """People copy it from their application's settings."""
    given = conninfo_to_dict(owned_server.dsn)

    found = remote.server(f"postgresql+psycopg://{given['user']}@:{given['port']}/given?host={given['host']}")

    assert (found.version, found.kind, found.is_own) == (owned_server.version, "url", False)


@pytest.mark.server
def test_a_url_without_a_database_gets_the_servers_choice(owned_server: Server) -> None:
    """Which is the user's name; the maintenance database has to have a name."""
    given = {name: str(value) for name, value in conninfo_to_dict(owned_server.dsn).items() if name != "dbname"}

    assert remote.server(make_conninfo(**given)).maintenance.name == "owner"


@pytest.mark.server
def test_the_variable_names_the_server_where_nothing_else_does(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline sets it once; what is asked for by option wins."""
    monkeypatch.setenv("VIRTUALQ_DATABASE_URL", server.dsn)

    with provide() as found:
        assert found.kind == "url"


def test_two_servers_at_once_are_a_usage_error() -> None:
    """Neither is silently preferred."""
    with pytest.raises(UsageError, match="more than one server"), provide(database_url="x", image="y"):
        pass


def test_programs_that_are_not_there_are_named(tmp_path: Path) -> None:
    """With what to give instead."""
    from virtualq_core.errors import EnvironmentFault  # noqa: PLC0415

    with (
        pytest.raises(EnvironmentFault, match=r"no postgres, initdb, pg_ctl\n.*pg_config --bindir"),
        provide(postgres_bin=tmp_path),
    ):
        pass


def test_a_server_is_shown_without_its_address() -> None:
    """A representation ends up in logs and tracebacks, and the address may hold a password."""
    from virtualq_core.database.server import Server  # noqa: PLC0415

    shown = repr(Server(dsn=f"password={SECRET}", kind="url", version=180000, is_own=False, bin_dir=Path("/bin")))

    assert SECRET not in shown


@pytest.mark.server
def test_a_process_of_ours_learns_whose_server_it_was_given(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes by url like anybody's, and is still known for one that the harness started, with its programs."""
    handed = hand_down(server.maintenance)
    for name, value in handed.items():
        monkeypatch.setenv(name, value)

    with provide() as found:
        assert (found.kind, found.is_own, found.bin_dir) == ("url", server.is_own, server.bin_dir)
    with provide(database_url=server.dsn) as found:
        assert (found.kind, found.is_own, found.bin_dir) == ("url", False, None)
