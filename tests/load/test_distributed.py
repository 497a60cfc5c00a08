"""A load by several processes: one history, one clock, and a worker's death that is told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.load.sample import wait_until
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.journal import read_journals
from virtualq_core.errors import UsageError
from virtualq_core.load import run_load
from virtualq_core.load.arrival import Arrival
from virtualq_core.load.fleet import Fleet
from virtualq_core.load.run import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.load import Scenario

pytestmark = [pytest.mark.server, pytest.mark.slow]
Stage = Any  # of conftest.py, which cannot be imported by name

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "transitions.py"
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def little(rush: Scenario) -> Scenario:
    """The rush, by an open loop of two hundred operations a second, all on two tickets, so that some of them meet."""
    thresholds = Thresholds(min_operations=20, min_contended=1, min_races=0)
    contention = replace(rush.contention, hot_tickets=2, hot_share=1.0)
    return replace(rush, duration_s=3.0, arrival=Arrival(rate_per_s=200), thresholds=thresholds, contention=contention)


def test_workers_share_clients_and_arrivals(stage: Stage, little: Scenario) -> None:
    """Two of them: all of the clients between them, about as many operations as were due, and a true history."""
    before = stage.count("count_history")
    found = run_load(stage.database, little, workers=2)
    assert found.verdict == "passed", found.problems()
    assert found.figures.clients == little.clients
    assert found.figures.demanded.due == pytest.approx(600, abs=150)
    assert stage.count("count_history") - before == found.judgement.tally.ok


def test_a_worker_that_is_killed_is_told_and_what_it_did_is_checked(stage: Stage, little: Scenario) -> None:
    """Its record so far counts; a run without it is not the one that was asked for, and no violation either."""
    with prepare(stage.database, little, processes=2) as run:
        with Fleet(run.plan) as fleet:
            wait_until(lambda: len([*run.plan.folder.glob("*.ops")]) == 2, "both workers record")
            victim = run.plan.folder / f"process-{fleet.pids['worker 1']}.ops"
            wait_until(lambda: victim.stat().st_size > 0, "the victim has recorded something")
            os.kill(fleet.pids["worker 1"], signal.SIGKILL)
            fleet.wait()
        assert fleet.lost == ["worker 1 was ended by SIGKILL"]
        clients = np.unique(read_journals(run.plan.folder).records["client"] // 100_000)
        found = run.conclude(lost=fleet.lost)
    assert len(clients) == 2
    assert found.verdict == "inconclusive", found.problems()
    assert "worker-lost" in {problem["code"] for problem in found.problems()}
    assert not found.violations


def test_more_workers_than_clients_are_refused(stage: Stage, little: Scenario) -> None:
    """The error says how many there may be."""
    with pytest.raises(UsageError, match=r"9 workers.*1 to 8"):
        run_load(stage.database, little, workers=9)


@contextlib.contextmanager
def locust(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """Locust by hand, gone afterwards."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_a_master_and_workers_by_hand_share_nothing_but_locust(
    stage: Stage, child_environment: dict[str, str], tmp_path: Path
) -> None:
    """Each with a temporary folder of its own, as on several machines: the master judges what all of them did."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    places = [tmp_path / name for name in ("master", "first", "second")]
    for place in places:
        place.mkdir()
    environments = [
        {**child_environment, "VIRTUALQ_DATABASE_URL": stage.database.dsn, "TMPDIR": str(place)} for place in places
    ]
    reached = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    bound = ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2")
    with (
        locust(environments[0], *bound, "--headless", "--run-time", "4s", "--only-summary") as master,
        locust(environments[1], *reached) as first,
        locust(environments[2], *reached) as second,
    ):
        said, _ = master.communicate(timeout=90)
        assert "passed: " in said or "inconclusive: " in said, said
        assert "no violations" in said
        assert "worker-lost" not in said, said
        assert "Traceback" not in said, said
        assert master.returncode == (0 if "passed: " in said else 3)
        for worker in (first, second):
            told, _ = worker.communicate(timeout=PATIENCE_S)
            assert worker.returncode == 0, told
    assert [list(place.iterdir()) for place in places] == [[], [], []]
