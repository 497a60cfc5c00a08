"""A server in a container, by testcontainers; any image that behaves like the official one."""

from __future__ import annotations

import logging
import secrets
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
_PORT = 5432
_log = logging.getLogger(__name__)


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
    from docker.errors import DockerException  # noqa: PLC0415 -- see below
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 -- needed where an engine is

    _ping()
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
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        client: DockerClient = docker.from_env(timeout=_PING_S)
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        raise NoEngine(
            "no container engine answers",
            observed=" ".join(str(error).split())[:200],
            next_step="start Docker, or leave --image out: the embedded server needs nothing",
        ) from error
