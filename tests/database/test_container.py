"""The container's code path, with an engine that is not there or only pretends."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from virtualq_core.database import capability, container, remote
from virtualq_core.database.provider import provide
from virtualq_core.errors import EnvironmentFault, ExitCode

docker = pytest.importorskip("docker", reason="missing: the Docker client")


class FakeEngine:
    """An engine that answers, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.starting: Exception | None = None
        self.image = ""
        self.environment: dict[str, str] = {}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine's client and testcontainers' container, both pretending; the server behind them answers 16.4."""
    fake = FakeEngine()

    class Client:
        def ping(self) -> bool:
            fake.calls.append("ping")
            return True

        def close(self) -> None:
            fake.calls.append("close")

    class PostgresContainer:
        def __init__(self, image: str, **environment: Any) -> None:
            fake.image, fake.environment = image, environment

        def with_command(self, _command: str) -> None:
            fake.calls.append("command")

        def start(self) -> None:
            fake.calls.append("start")
            if fake.starting is not None:
                raise fake.starting

        def stop(self) -> None:
            fake.calls.append("stop")

        def get_container_host_ip(self) -> str:
            return "127.0.0.1"

        def get_exposed_port(self, port: int) -> int:
            return port + 10_000

    module = type(sys)("testcontainers.community.postgres")
    module.PostgresContainer = PostgresContainer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "testcontainers.community.postgres", module)
    monkeypatch.setattr(docker, "from_env", lambda **_: Client())
    monkeypatch.setattr(container, "_knock", lambda _address: None)
    monkeypatch.setattr(remote, "version", lambda _dsn: 160004)
    return fake


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A socket that nobody listens on."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path_factory.mktemp('d')}/docker.sock")


def test_a_container_is_a_server_of_the_image_asked_for(engine: FakeEngine) -> None:
    """Any tag: that is how versions and the distributed overlay are tested."""
    with provide(image="citusdata/citus:13.0") as server:
        dsn = conninfo_to_dict(server.dsn)

    assert engine.image == "citusdata/citus:13.0"
    assert (server.kind, server.version, server.is_own) == ("container", 160004, True)
    assert (dsn["host"], dsn["port"], dsn["dbname"]) == ("127.0.0.1", "15432", "postgres")
    assert dsn["password"] == engine.environment["password"]


def test_a_container_is_removed_also_after_an_error(engine: FakeEngine) -> None:
    """It would go on using memory, and a port."""
    with pytest.raises(ZeroDivisionError), provide(image="postgres:16"):
        raise ZeroDivisionError

    assert engine.calls == ["ping", "close", "command", "start", "stop"]


def test_every_container_has_its_own_password(engine: FakeEngine) -> None:
    """Its port is open to whoever is on the machine."""
    with provide(image="postgres:16"):
        first = engine.environment["password"]
    with provide(image="postgres:16"):
        second = engine.environment["password"]

    assert first != second


@pytest.mark.parametrize(
    "failure", [docker.errors.ImageNotFound("no such image"), TimeoutError("it never became ready"), OSError("broken")]
)
def test_an_image_that_does_not_start_is_one_clear_error(engine: FakeEngine, failure: Exception) -> None:
    """With the image's name and what the engine said; what was made of it is removed."""
    engine.starting = failure

    with pytest.raises(EnvironmentFault, match=f"image postgres:none does not start; observed .*{failure}"):
        provide(image="postgres:none").__enter__()

    assert engine.calls[-1] == "stop"


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_the_error_says_what_to_do() -> None:
    """And exits as an environment's lack, not as a failed check."""
    with pytest.raises(container.NoEngine, match=r"no container engine answers.*\n.*start Docker") as error:
        provide(image="postgres:16").__enter__()

    assert error.value.exit_code is ExitCode.ENVIRONMENT


@pytest.mark.usefixtures("no_engine")
def test_a_test_that_needs_an_engine_knows_that_there_is_none() -> None:
    """So that it is skipped with the reason."""
    assert capability.lacking_without_server("docker") == "a Docker engine that answers"


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.requires("docker")
def test_a_real_container_answers() -> None:
    """Where an engine is."""
    with provide(image="postgres:17-alpine") as server, server.maintenance.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
