"""The four ways to a server: embedded, another installation's programs, a container, the team's own by url."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from virtualq_core.database import binaries, lease, remote
from virtualq_core.database.cluster import SUPERUSER, Cluster
from virtualq_core.database.server import Server
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL_VARIABLE = "VIRTUALQ_DATABASE_URL"


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
    if not asked:
        database_url = os.environ.get(URL_VARIABLE) or None
    if database_url is not None:
        yield remote.server(database_url)
    elif image is not None:
        from virtualq_core.database import container  # noqa: PLC0415 -- testcontainers is slow to import

        with container.run(image) as server:
            yield server
    else:
        with run(Cluster.of(binaries.embedded() if postgres_bin is None else binaries.local(postgres_bin))) as server:
            yield server


@contextmanager
def run(cluster: Cluster) -> Iterator[Server]:
    """The server of one embedded or local cluster, while it is held."""
    with lease.hold(cluster) as postmaster:
        dsn = make_conninfo(
            host=str(postmaster.socket_dir), port=str(postmaster.port), user=SUPERUSER, dbname="postgres"
        )
        yield Server(
            dsn=dsn,
            kind="embedded" if cluster.binaries.key.startswith("embedded-") else "local",
            version=remote.version(dsn),
            is_own=True,
            bin_dir=cluster.binaries.bin_dir,
            data_dir=cluster.data_dir,
        )
