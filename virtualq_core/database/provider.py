"""The four ways to a server: embedded, another installation's programs, a container, the team's own by url."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from virtualq_core.database import binaries, lease, remote
from virtualq_core.database.cluster import SUPERUSER, Cluster, Postmaster
from virtualq_core.database.fault import NoServer
from virtualq_core.database.server import Server
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from virtualq_core.database.server import Database

URL_VARIABLE = "VIRTUALQ_DATABASE_URL"
_OWN_VARIABLE = "VIRTUALQ_DATABASE_IS_OWN"
_PROGRAMS_VARIABLE = "VIRTUALQ_DATABASE_PROGRAMS"


@contextmanager
def provide(
    *, database_url: str | None = None, postgres_bin: Path | None = None, image: str | None = None
) -> Iterator[Server]:
    """
    A running server: the one asked for, else the one that `VIRTUALQ_DATABASE_URL` names, else the embedded one.

    The embedded and local servers are shared by the user's harness processes and stop after the last of them, also
    when it is killed. A container is removed at the end. A server given by url is left as it is.

    Raises:
        UsageError: more than one was asked for.
        EnvironmentFault: the server cannot be started or reached.
    """
    asked = [value for value in (database_url, postgres_bin, image) if value is not None]
    if len(asked) > 1:
        raise UsageError("more than one server asked for", expected="one of database url, postgres bin, image")
    inherited = os.environ.get(URL_VARIABLE)
    if not asked and inherited:
        yield _handed_down(remote.server(inherited))
    elif database_url is not None:
        yield remote.server(database_url)
    elif image is not None:
        from virtualq_core.database import container  # noqa: PLC0415 -- testcontainers is slow to import

        with container.run(image) as server:
            yield server
    else:
        with run(Cluster.of(_programs(postgres_bin))) as server:
            yield server


def hand_down(database: Database) -> Mapping[str, str]:
    """
    The environment by which a process of ours finds this database, and learns whose server it is and of what programs.

    It goes by the environment because anybody may read a command line, and the url may hold a password.
    """
    server = database.server
    return {
        URL_VARIABLE: database.dsn,
        _OWN_VARIABLE: "yes" if server.is_own else "",
        _PROGRAMS_VARIABLE: "" if server.bin_dir is None else str(server.bin_dir),
    }


@contextmanager
def embedded_server() -> Iterator[Server]:
    """The embedded server, whatever `VIRTUALQ_DATABASE_URL` names."""
    with run(Cluster.of(binaries.embedded())) as server:
        yield server


@contextmanager
def private_server(*, postgres_bin: Path | None = None) -> Iterator[Server]:
    """
    An embedded or local server that nobody else uses, for faults: it may be killed, and `restart` brings it back.

    It is deleted with all it held at the end, or after a SIGKILL. Costs an `initdb`, about a second.

    Raises:
        EnvironmentFault: it cannot be started.
    """
    with run(Cluster.private(_programs(postgres_bin))) as server:
        yield server


def restart(server: Server) -> None:
    """
    Bring a server of ours back after it was stopped or killed; its address stays.

    Raises:
        EnvironmentFault: it does not come up again.
        UsageError: the harness did not start it.
    """
    if not server.is_own or server.data_dir is None:
        raise UsageError("only a server that the harness started can be started again")
    with run(Cluster.known(server.data_dir.parent)):
        pass


@contextmanager
def run(cluster: Cluster) -> Iterator[Server]:
    """The server of one embedded or local cluster, while it is held."""
    lease.sweep(Cluster.private_folders())
    with lease.hold(cluster, _answers) as postmaster:
        dsn = _dsn(postmaster)
        yield Server(
            dsn=dsn,
            kind="embedded" if cluster.binaries.key.startswith("embedded-") else "local",
            version=remote.version(dsn),
            is_own=True,
            bin_dir=cluster.binaries.bin_dir,
            data_dir=cluster.data_dir,
        )


def _handed_down(server: Server) -> Server:
    programs = os.environ.get(_PROGRAMS_VARIABLE)
    is_own = bool(os.environ.get(_OWN_VARIABLE))
    return replace(server, is_own=is_own, bin_dir=Path(programs) if programs else None)


def _dsn(postmaster: Postmaster) -> str:
    return make_conninfo(host=str(postmaster.socket_dir), port=str(postmaster.port), user=SUPERUSER, dbname="postgres")


def _answers(postmaster: Postmaster) -> bool:
    try:
        remote.version(_dsn(postmaster))
    except NoServer:
        return False
    return True


def _programs(postgres_bin: Path | None) -> binaries.Binaries:
    return binaries.embedded() if postgres_bin is None else binaries.local(postgres_bin)
