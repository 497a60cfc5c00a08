"""A pinned server: it runs until it is stopped by hand, and may listen on a port of 127.0.0.1, with a password."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

from psycopg import sql

from virtualq_core import content
from virtualq_core.database import lease
from virtualq_core.database.cluster import SUPERUSER, PortUnavailable
from virtualq_core.database.provider import run
from virtualq_core.errors import VirtualQError

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.cluster import Cluster
    from virtualq_core.database.server import Server

_SQL = content.beside(__file__, "listen.sql")
_HOST = "127.0.0.1"


def start(cluster: Cluster, port: int | None) -> None:
    """
    Start the server and keep it running; on a port too, if one is given. Without one, a port that it has stays.

    Raises:
        PortUnavailable: something else listens there; nothing was changed.
        EnvironmentFault: the server would have to be restarted for the port, and another process uses it.
    """
    before = cluster.pin.read_text(encoding="ascii") if cluster.pin.exists() else None
    if port is None:
        cluster.pin.touch()
    elif not _listens_on(cluster, port):
        _require_free(port)
        with lease.alone(cluster, purpose="restart"):
            cluster.stop()
            cluster.pin.write_text(str(port), encoding="ascii")
    try:
        with run(cluster) as server:
            if cluster.pinned_port() is not None:
                _set_password(cluster, server)
    except BaseException:
        _restore(cluster, before)
        raise


def _restore(cluster: Cluster, pin: str | None) -> None:
    """Pin the server as it was pinned before, and have it run again where it ran for that."""
    if pin is None:
        cluster.pin.unlink(missing_ok=True)
        return
    cluster.pin.write_text(pin, encoding="ascii")
    with contextlib.suppress(VirtualQError), run(cluster):
        pass


def url(cluster: Cluster) -> str:
    """Where a pinned server listens, with the file that holds its password."""
    return (
        f"postgresql://{SUPERUSER}@{_HOST}:{cluster.pinned_port()}/postgres"
        f"?passfile={quote(str(password_file(cluster)))}"
    )


def password_file(cluster: Cluster) -> Path:
    """The password in the format of `.pgpass`, for the user's eyes only."""
    return cluster.folder / "pgpass"


def _listens_on(cluster: Cluster, port: int) -> bool:
    found = cluster.postmaster()
    return found is not None and found.listens and found.port == port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # PostgreSQL sets it too: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise PortUnavailable(port, error.strerror or str(error)) from error


def _set_password(cluster: Cluster, server: Server) -> None:
    path = password_file(cluster)
    password = path.read_text(encoding="ascii").strip().rpartition(":")[2] if path.exists() else secrets.token_hex(16)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{_HOST}:{cluster.pinned_port()}:*:{SUPERUSER}:{password}\n")
    with server.maintenance.connect() as connection:
        verifier = connection.pgconn.encrypt_password(password.encode(), SUPERUSER.encode(), b"scram-sha-256")
        statement = sql.SQL(_SQL["set_password"].sql)
        connection.execute(
            statement.format(role=sql.Identifier(SUPERUSER), verifier=sql.Literal(verifier.decode("ascii")))
        )
