"""`virtualq db`: the server and its database by hand."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from virtualq_core.database.binaries import embedded
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import VirtualQ
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server


@pytest.fixture
def own(virtualq: VirtualQ) -> Iterator[VirtualQ]:
    """The command with a cache of its own, whose server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="virtualq-test-"))
    folder.chmod(0o755)
    (folder / "binaries").symlink_to(embedded().bin_dir.parents[3])
    virtualq.environment["VIRTUALQ_CACHE_DIR"] = str(folder)
    try:
        yield virtualq
    finally:
        stopped = virtualq("db", "stop", "--force")
        shutil.rmtree(folder, ignore_errors=True)
        assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def empty(server: Server) -> Iterator[Database]:
    """A database with nothing in it."""
    with fresh_database(server) as database:
        yield database


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(virtualq: VirtualQ) -> dict[str, object]:
    """What `db status` says."""
    told: dict[str, object] = json.loads(virtualq("db", "status", "--json").stdout)
    return told


@pytest.mark.slow
def test_a_started_server_runs_until_it_is_stopped(own: VirtualQ) -> None:
    """Its data stays too."""
    assert own("db", "start").returncode == 0
    assert own("db", "install").returncode == 0
    counted = own("db", "psql", "--", "-Atc", "select count(*) from virtualq.Installation")
    running = status(own)

    stopped = own("db", "stop")

    assert (counted.stdout, running["is_running"], running["is_pinned"]) == ("1\n", True, True)
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
    assert not status(own)["is_running"]
    again = own("db", "psql", "--", "-Atc", "select count(*) from virtualq.Installation")
    assert again.stdout == "1\n"


@pytest.mark.slow
def test_a_port_is_open_to_the_password_and_to_nobody_else(own: VirtualQ, free_port: int) -> None:
    """The printed url leads there by a file that only the user may read."""
    started = own("db", "start", "--port", str(free_port))
    url = started.stdout.splitlines()[1].strip()
    password_file = Path(url.partition("passfile=")[2])

    with psycopg.connect(url) as connection:
        assert connection.execute("select current_user").fetchone() == ("virtualq",)

    assert password_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(url.partition("?")[0], passfile="/dev/null")
    assert password_file.read_text().strip().rpartition(":")[2] not in started.stdout


@pytest.mark.slow
def test_a_port_in_use_is_one_clear_error_and_what_ran_goes_on(own: VirtualQ) -> None:
    """Nothing is stopped for a port that cannot be had."""
    assert own("db", "start").returncode == 0
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]

        refused = own("db", "start", "--port", str(port))

    assert refused.returncode == 4
    assert refused.stderr.startswith(f"port-unavailable: cannot listen on 127.0.0.1:{port}; observed ")
    assert "Traceback" not in refused.stderr
    assert status(own)["is_running"]
    assert own("db", "status").stdout.splitlines()[0].endswith("runs until `virtualq db stop`")


@pytest.mark.slow
def test_a_server_in_use_is_stopped_only_by_force(own: VirtualQ) -> None:
    """Another command's work is not lost by accident."""
    session = own.begin("db", "psql", "--", "-c", "select pg_sleep(60)")
    with contextlib.closing(session.stdout), contextlib.closing(session.stderr):  # type: ignore[type-var]
        pause = threading.Event()
        for _ in range(500):
            if status(own)["is_running"]:
                break
            pause.wait(0.05)

        refused = own("db", "stop")
        reset = own("db", "reset")
        forced = own("db", "stop", "--force")

        assert session.wait(60) != 0
    assert (refused.returncode, reset.returncode, forced.returncode) == (4, 4, 0)
    assert "another process uses it" in refused.stderr
    assert "--force" in refused.stderr


@pytest.mark.slow
def test_a_reset_deletes_what_the_cluster_held(own: VirtualQ) -> None:
    """The next command makes it anew."""
    assert own("db", "install").returncode == 0

    assert own("db", "reset").returncode == 0

    missing = own("db", "psql", "--database", "virtualq")
    assert missing.returncode == 4
    assert "no database 'virtualq'" in missing.stderr


def test_a_schema_is_installed_by_url(virtualq: VirtualQ, empty: Database) -> None:
    """And again without effect."""
    first = virtualq("db", "install", "--database-url", empty.dsn, "--json")
    second = virtualq("db", "install", "--database-url", empty.dsn, "--json")

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["harness_may_write"] is True


def test_a_foreign_database_is_refused_by_name(virtualq: VirtualQ, empty: Database) -> None:
    """What is in it is named, and how to go on."""
    with empty.connect() as connection:
        connection.execute("create table orders (id integer)")

    refused = virtualq("db", "install", "--database-url", empty.dsn)

    assert refused.returncode == 4
    assert refused.stderr.startswith(f"guard: refused to write into the database '{empty.name}'; nothing was changed")
    assert "observed table public.orders" in refused.stderr
    assert "next: give an empty database" in refused.stderr


def test_a_mark_is_given_and_taken(virtualq: VirtualQ, empty: Database) -> None:
    """By the owner, in so many words."""
    install(empty, mark=False)

    given = virtualq("db", "mark", "--database-url", empty.dsn)
    taken = virtualq("db", "mark", "--off", "--database-url", empty.dsn)

    assert given.stdout == f"the harness may write into '{empty.name}'\n"
    assert taken.stdout == f"the harness may no longer write into '{empty.name}'\n"


def test_psql_gives_its_own_exit_code(virtualq: VirtualQ, empty: Database) -> None:
    """A script sees a failing statement."""
    done = virtualq("db", "psql", "--database-url", empty.dsn, "--", "-Atc", "select * from nowhere")

    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_a_layout_is_chosen_once(virtualq: VirtualQ, empty: Database) -> None:
    """The same again is fine, another one is refused, and one that there is not is a usage error."""
    url = ("--database-url", empty.dsn)
    unknown = virtualq("db", "install", *url, "--partition", "week")
    first = virtualq("db", "install", *url, "--partition", "month")
    again = virtualq("db", "install", *url, "--partition", "month")
    other = virtualq("db", "install", *url)

    assert [done.returncode for done in (unknown, first, again, other)] == [2, 0, 0, 4]
    assert "no partitioning named 'week'" in unknown.stderr
    assert "partitioned by month" in first.stdout
    assert "in another layout" in other.stderr

    retained = virtualq("db", "retain", *url, "--before", "2025-01-01")

    assert (retained.returncode, retained.stdout) == (0, "0 months detached\n")
