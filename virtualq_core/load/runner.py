"""Runs a load: Locust in a process of its own, bounded in time, its recording judged and then deleted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault, ExitCode
from virtualq_core.load.plan import PLAN_VARIABLE
from virtualq_core.load.run import prepare
from virtualq_core.load.scenario import Scenario, find_scenario
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database
    from virtualq_core.load.plan import LoadPlan
    from virtualq_core.load.result import LoadResult

LOCUSTFILE = "transitions.py"
STOP_TIMEOUT_S = 20
_START_ALLOWANCE_S = 30.0
_TERMINATE_S = 5.0
_LOG = "locust.log"
_LAST_LINES = 3


class LoadFailed(EnvironmentFault):
    """The load could not be generated, so nothing is known about the database."""

    code = "load-failed"


def run_load(
    database: Database,
    scenario: Scenario | str = "check",
    *,
    subject: str = "procedural",
    clients: int | None = None,
    duration_s: float | None = None,
    seed: int = 1,
) -> LoadResult:
    """
    Put a scenario's load on a database that holds tickets, and judge what came of it.

    `clients` and `duration_s` override the scenario's. Takes the duration, about two seconds for Locust to start, and
    the time to check; a Locust that overruns is ended. The database must be quiet otherwise: whatever is written while
    the load runs has to be the load's.

    Raises:
        UsageError: there is no such scenario or subject.
        GuardRefusal: the harness may not write into the database.
        NothingToDo: the database holds nothing to work on.
        ServerInUse: the scenario crashes its server, and others may use this one.
        FaultNotDone: a fault of the scenario did not happen.
        LoadFailed: Locust ended without having recorded a load.
        EnvironmentFault: the server is not reachable, or has too few connections.
    """
    chosen = find_scenario(scenario) if isinstance(scenario, str) else scenario
    if clients is not None:
        chosen = replace(chosen, clients=clients)
    if duration_s is not None:
        chosen = replace(chosen, duration_s=duration_s)
    find_subject(subject)
    with _lifeline() as lifeline, prepare(database, chosen, subject=subject, seed=seed, lifeline=lifeline) as run:
        with run.watched():
            _generate(run.plan)
        return run.conclude()


def _generate(plan: LoadPlan) -> None:
    """Run Locust to its end, its own or the one that the clock makes."""
    log = plan.folder / _LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(plan),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=plan.folder,
            env=_environment(plan),
            pass_fds=() if plan.lifeline is None else (plan.lifeline,),
            start_new_session=True,
        )
    try:
        status = process.wait(_START_ALLOWANCE_S + plan.scenario.duration_s + STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        _end(process)
        status = None
    except BaseException:
        _end(process)
        raise
    if status == ExitCode.PASSED or (status is None and any(plan.folder.glob("*.ops"))):
        return
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = " / ".join([line.strip() for line in lines if line.strip()][-_LAST_LINES:])
    raise LoadFailed(
        "Locust did not end in time" if status is None else f"Locust ended with status {status}",
        observed=said or "no message",
        next_step="is the database reachable from here for that many clients?",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, then make it; it has a process group of its own."""
    for number, patience_s in ((signal.SIGTERM, _TERMINATE_S), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return


def _command(plan: LoadPlan) -> list[str]:
    clients = str(plan.scenario.clients)
    return [
        *(sys.executable, "-m", "locust", "--locustfile", str(content.folder("loadtests") / LOCUSTFILE)),
        *("--headless", "--users", clients, "--spawn-rate", clients, "--stop-timeout", str(STOP_TIMEOUT_S)),
        *("--only-summary", "--loglevel", "WARNING"),
    ]


def _environment(plan: LoadPlan) -> dict[str, str]:
    """The caller's, without settings for Locust that are not meant for this run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "PSYCOPG_WAIT"))}
    package_parent = str(Path(content.__file__).resolve().parent.parent)
    search = os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": search, PLAN_VARIABLE: str(plan.write())}


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """The read end of a pipe that nobody writes to: it ends when this process does, however it does."""
    ours_end, theirs = os.pipe()
    try:
        yield ours_end
    finally:
        os.close(ours_end)
        os.close(theirs)
