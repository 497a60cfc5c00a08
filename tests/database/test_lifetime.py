"""The embedded server lives as long as a harness uses it: not shorter, and not longer, however that one ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from virtualq_core.database.cache import make_folder
from virtualq_core.database.provider import private_server, provide, restart
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from tests.database.conftest import Cache

pytestmark = [pytest.mark.server, pytest.mark.slow]


def answers(dsn: str) -> bool:
    """Whether a server accepts a connection there."""
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_server_stops_after_the_last_harness_and_not_before(cache: Cache) -> None:
    """Two harnesses share a server; it survives the end of the first and not of the second."""
    first, second = cache.harness("hold"), cache.harness("hold")
    dsns = {first.await_line("ready"), second.await_line("ready")}

    first.end()
    survived = answers(*dsns)
    second.end()

    assert survived
    cache.await_quiet()


def test_a_killed_harness_leaves_no_server_behind(cache: Cache) -> None:
    """SIGKILL of the only harness ends the server as its normal end would."""
    harness = cache.harness("hold")
    harness.await_line("ready")

    harness.kill()

    cache.await_quiet()


@pytest.mark.parametrize("moment", ["begun", "data.new-*", "data", "data/postmaster.pid"])
def test_a_harness_killed_while_the_server_is_made_leaves_a_working_cache(cache: Cache, moment: str) -> None:
    """Killed at any moment of the first start, the next run works, and nothing stays running."""
    harness = cache.harness("hold")
    harness.await_line("begun")
    if moment != "begun":
        cache.await_file(moment)

    harness.kill()

    with provide() as server, server.maintenance.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cache.await_quiet()
    assert not list(cache.folder.glob("clusters/*/data.new-*")), "a half-made cluster was left"


@pytest.mark.parametrize("moment", ["data.new-*", "data", "data/postmaster.pid"])
def test_everything_killed_while_the_server_is_made_leaves_a_working_cache(cache: Cache, moment: str) -> None:
    """The same where the keeper and the server are killed along with the harness, as a machine's end kills them."""
    harness = cache.harness("hold")
    cache.await_file(moment)

    cache.kill_all()
    harness.kill()

    with provide() as server, server.maintenance.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_harness_that_lost_its_keeper_leaves_no_server_behind(cache: Cache) -> None:
    """A killed keeper is replaced by the harness at its end."""
    harness = cache.harness("hold")
    harness.await_line("ready")
    cache.kill_keepers()

    harness.end()

    cache.await_quiet()


def test_a_server_whose_harness_and_keeper_were_killed_is_adopted_by_the_next_run(cache: Cache) -> None:
    """Nobody is left to stop it at first; the next run finds it running, uses it and has it stopped."""
    harness = cache.harness("hold")
    dsn = harness.await_line("ready")
    cache.kill_keepers()
    harness.kill()
    postmaster = cache.cluster().postmaster()
    assert postmaster is not None

    with provide() as server:
        adopted = cache.cluster().postmaster()

    assert (server.dsn, adopted and adopted.pid) == (dsn, postmaster.pid)
    cache.await_quiet()


def test_a_server_that_was_killed_comes_back_with_what_was_committed() -> None:
    """A fault kills the postmaster; the server recovers at the same address."""
    with private_server() as server:
        assert server.data_dir is not None
        with server.maintenance.connect() as connection:
            connection.execute("create table kept as select 1 as n")
            pid = int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGKILL)

        restart(server)

        with server.maintenance.connect() as connection:
            assert connection.execute("select n from kept").fetchone() == (1,)


def test_a_private_server_is_deleted_at_its_end(cache: Cache) -> None:
    """Its folder goes with it."""
    with private_server() as server:
        folder = server.data_dir.parent if server.data_dir else cache.folder

    cache.await_quiet()
    assert not folder.exists()


def test_a_private_server_whose_harness_and_keeper_were_killed_is_deleted_by_the_next_run(cache: Cache) -> None:
    """It cannot be adopted, since nobody knows it; nobody but the next run can stop it."""
    harness = cache.harness("private")
    data_dir = Path(harness.await_line("ready"))
    cache.kill_keepers()
    harness.kill()
    assert data_dir.exists()

    with provide():
        assert not data_dir.exists()

    cache.await_quiet()


def test_a_private_cluster_that_is_being_deleted_gets_no_file_again(cache: Cache) -> None:
    """Whoever looks for abandoned ones at that moment would keep its folder from going."""
    half_gone = make_folder(cache.folder / "clusters" / f"private-u{os.geteuid()}-0")

    with provide():
        assert list(half_gone.iterdir()) == []

    cache.await_quiet()


def test_a_process_number_used_again_does_not_keep_the_server_from_starting(cache: Cache) -> None:
    """The `postmaster.pid` of a killed server may name any process by now."""
    with provide() as server:
        assert server.data_dir is not None
    cache.await_quiet()
    stale = server.data_dir / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server.data_dir}\n1\n5432\n/nowhere\n\n  1 1\nready\n")

    with provide() as again:
        assert answers(again.dsn)


def test_a_broken_cluster_is_one_clear_error_and_a_reset_heals_it(cache: Cache) -> None:
    """The error quotes the server and names the command; what the cluster held is not deleted unasked."""
    with provide() as server:
        assert server.data_dir is not None
    cache.await_quiet()
    (server.data_dir / "global" / "pg_control").unlink()

    with pytest.raises(EnvironmentFault, match=r"pg_control.*\n.*virtualq db reset"), provide():
        pass

    cache.await_quiet()
    cache.cluster().remove()
    with provide() as healed:
        assert answers(healed.dsn)


def test_the_data_of_another_major_version_is_refused(cache: Cache) -> None:
    """PostgreSQL cannot read it, and the harness does not delete it."""
    with provide() as server:
        assert server.data_dir is not None
    cache.await_quiet()
    (server.data_dir / "PG_VERSION").write_text("9\n")

    with pytest.raises(EnvironmentFault, match="another PostgreSQL's; observed version 9; expected version"), provide():
        pass


@pytest.mark.parametrize("name", ["with blank and 'quotes'", "deep/" * 20 + "deeper"])
def test_the_cache_may_have_any_path(cache: Cache, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Blanks pass through a shell, and a socket's path has room for about a hundred bytes."""
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(cache.folder / name))

    with provide() as server:
        assert answers(server.dsn)

    cache.await_quiet()
    assert not Path(str(conninfo_to_dict(server.dsn)["host"])).exists(), "the socket's folder was left"


@pytest.mark.skipif(os.geteuid() != 0, reason="missing: the right to run as root")
def test_root_hears_which_folder_the_servers_account_cannot_enter(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL does not run as root, and the account it runs as cannot enter a closed folder."""
    closed = cache.folder / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(closed / "cache"))

    with pytest.raises(EnvironmentFault, match=f"cannot reach {closed}.*\n.*VIRTUALQ_CACHE_DIR"), provide():
        pass


@pytest.mark.requires("installed_postgres")
def test_an_installed_postgresql_lives_by_the_same_rules(cache: Cache, installed_programs: Path) -> None:
    """Its server is another one beside the embedded, and stops after its last harness too."""
    harness = cache.harness("hold", installed_programs)
    dsn = harness.await_line("ready")

    with provide() as embedded:
        assert embedded.dsn != dsn
    harness.kill()

    cache.await_quiet()


@pytest.mark.usefixtures("cache")
def test_a_hundred_connections_fit() -> None:
    """Load tests open many."""
    with provide() as server:
        connections = [server.maintenance.connect() for _ in range(100)]
        for connection in connections:
            connection.close()
