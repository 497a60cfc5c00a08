"""Runs a load: Locust in processes of its own, their recording judged and then deleted."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from virtualq_core.errors import UsageError
from virtualq_core.load.fleet import Fleet
from virtualq_core.load.run import prepare
from virtualq_core.load.scenario import Scenario, find_scenario
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database
    from virtualq_core.load.result import LoadResult


def run_load(
    database: Database,
    scenario: Scenario | str = "check",
    *,
    subject: str = "procedural",
    clients: int | None = None,
    duration_s: float | None = None,
    seed: int = 1,
    workers: int = 1,
) -> LoadResult:
    """
    Put a scenario's load on a database that holds tickets, and judge what came of it.

    `clients` and `duration_s` override the scenario's. With several `workers`, processes under a master of Locust's
    generate it, each with its part of the clients, of the arrivals and of the pool. Takes the duration, about two
    seconds for Locust to start, and the time to check; a Locust that overruns is ended. The database must be quiet
    otherwise: whatever is written while the load runs has to be the load's.

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
    if not 1 <= workers <= chosen.clients:
        raise UsageError("a worker has clients", observed=f"{workers} workers", expected=f"1 to {chosen.clients}")
    find_subject(subject)
    with (
        _lifeline() as lifeline,
        prepare(database, chosen, subject=subject, seed=seed, lifeline=lifeline, processes=workers) as run,
    ):
        with run.watched(), Fleet(run.plan) as fleet:
            fleet.wait()
        return run.conclude(lost=fleet.lost)


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """The read end of a pipe that nobody writes to: it ends when this process does, however it does."""
    ours_end, theirs = os.pipe()
    try:
        yield ours_end
    finally:
        os.close(ours_end)
        os.close(theirs)
