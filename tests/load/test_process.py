"""How a load ends: by hand, interrupted, killed, or before it began; nothing is left behind in any case."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.load.sample import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

Stage = Any  # of conftest.py, which cannot be imported by name

HERE = Path(__file__).parent
LOCUSTFILE = HERE.parents[1] / "loadtests" / "transitions.py"
PATIENCE_S = 20.0


@contextlib.contextmanager
def running(environment: dict[str, str], *command: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_harness_that_is_ended_takes_its_load_with_it(
    stage: Stage, child_environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Interrupted or killed: no client stays connected, and no file of the run stays."""
    environment = {**child_environment, "VIRTUALQ_TEST_DSN": stage.database.dsn, "TMPDIR": str(tmp_path)}
    with running(environment, str(HERE / "runs.py"), "60") as harness:
        wait_until(lambda: stage.count("count_clients") == 4, "the clients are there")
        os.kill(harness.pid, number)
        harness.wait(PATIENCE_S)
        wait_until(lambda: stage.count("count_clients") == 0, "the clients are gone")
        wait_until(lambda: not list(tmp_path.iterdir()), "the files are gone")


@pytest.mark.server
@pytest.mark.slow
def test_the_locustfile_runs_by_hand_and_says_what_the_history_is_worth(
    stage: Stage, child_environment: dict[str, str], tmp_path: Path
) -> None:
    """Locust's own command, against a url; the verdict decides its exit status."""
    environment = {**child_environment, "VIRTUALQ_DATABASE_URL": stage.database.dsn, "TMPDIR": str(tmp_path)}
    command = ("-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--run-time", "3s", "--only-summary")
    with running(environment, *command) as locust:
        said, _ = locust.communicate(timeout=60)
    assert "passed: " in said or "inconclusive: " in said, said
    assert "no violations" in said
    assert locust.returncode == (0 if "passed: " in said else 3)
    assert "transition (illegal-transition)" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_port_in_use_is_one_clear_error(child_environment: dict[str, str]) -> None:
    """No traceback, the port by name, and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = ("-m", "locust", "-f", str(LOCUSTFILE), "--web-host", "127.0.0.1", "--web-port", port)
        with running(child_environment, *command) as locust:
            said, _ = locust.communicate(timeout=60)
    assert locust.returncode == 4
    assert f"environment: port {port} for Locust's page cannot be used; observed Address already in use" in said
    assert "--web-port" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_an_unknown_scenario_by_hand_is_one_clear_error(child_environment: dict[str, str]) -> None:
    """The error names the nearest."""
    environment = {**child_environment, "VIRTUALQ_LOAD_SCENARIO": "chekc"}
    with running(environment, "-m", "locust", "-f", str(LOCUSTFILE), "--headless") as locust:
        said, _ = locust.communicate(timeout=60)
    assert locust.returncode == 2
    assert "did you mean 'check'?" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_database_that_is_not_there_is_one_clear_error_by_hand(child_environment: dict[str, str]) -> None:
    """Locust ends, with the exit status of an environment that does not fit."""
    environment = {**child_environment, "VIRTUALQ_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    with running(environment, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--run-time", "5s") as locust:
        said, _ = locust.communicate(timeout=60)
    assert locust.returncode == 4
    assert "no answer from 127.0.0.1:1" in said
    assert "Traceback" not in said
