"""A server in a container, by testcontainers; any image that behaves like the official one."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from virtualq_core.database import remote
from virtualq_core.database.server import Server
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

_PING_S = 5
_ENGINE = "unix:///var/run/docker.sock"
_PORT = 5432


class NoEngine(EnvironmentFault):
    """No container engine answers."""

    code = "no-container-engine"


def answers() -> bool:
    """Whether an engine answers within a few seconds."""
    try:
        _ping()
    except NoEngine:
        return False
    return True


@contextmanager
def run(image: str) -> Iterator[Server]:
    """
    A container of `image`, removed at the end; testcontainers' own reaper removes it after a SIGKILL.

    Raises:
        NoEngine: no engine answers.
        EnvironmentFault: the image cannot be had, or its server does not start.
    """
    _ping()
    from docker.errors import DockerException  # noqa: PLC0415 -- slow to import, and not needed elsewhere
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 -- needed where an engine is

    password = secrets.token_urlsafe(18)
    container = PostgresContainer(image, username="virtualq", password=password, dbname="postgres", driver=None)
    container.with_command("postgres -c max_connections=400 -c jit=off")
    try:
        container.start()
    except (DockerException, OSError, TimeoutError) as error:
        container.stop()
        raise EnvironmentFault(
            f"the image {image} does not start",
            observed=" ".join(str(error).split())[:300],
            next_step=f"try: docker run --rm -e POSTGRES_PASSWORD=secret {image}",
        ) from error
    try:
        dsn = make_conninfo(
            host=container.get_container_host_ip(),
            port=str(container.get_exposed_port(_PORT)),
            user="virtualq",
            password=password,
            dbname="postgres",
        )
        yield Server(dsn=dsn, kind="container", version=remote.version(dsn), is_own=True)
    finally:
        container.stop()


def _ping() -> None:
    import docker  # noqa: PLC0415 -- slow to import, and not needed elsewhere
    from docker.errors import APIError, DockerException  # noqa: PLC0415

    try:
        _knock(os.environ.get("DOCKER_HOST") or _ENGINE)
        client: DockerClient = docker.from_env(timeout=_PING_S)
        try:
            client.ping()
        except APIError:
            return  # it answers, though another version was meant
        finally:
            client.close()
    except (DockerException, OSError, ValueError) as error:
        raise NoEngine(
            "no container engine answers",
            observed=" ".join(str(error).split())[:200],
            next_step="start Docker, or leave --image out: the embedded server needs nothing",
        ) from error


def _knock(address: str) -> None:
    """Connect and hang up: the client would leave its sockets open where nobody listens."""
    kind, _, place = address.partition("://")
    if kind == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_PING_S)
            knocking.connect(place)
    elif kind == "tcp":
        host, _, port = place.rstrip("/").rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PING_S).close()
