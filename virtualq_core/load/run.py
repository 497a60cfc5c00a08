"""
One run of a load: what is fixed before it begins, and what is concluded when its clients are gone.

Whoever generates the load stands between the two: a Locust process that the harness starts, or one started by hand.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.conformance import witness
from virtualq_core.conformance.journal import read_journals
from virtualq_core.conformance.traffic.backend import await_silence, free_connections
from virtualq_core.conformance.traffic.target import SEED_FIRST, NothingToDo, choose_target
from virtualq_core.database import guard
from virtualq_core.database.fault import explain
from virtualq_core.database.server import CONNECT_TIMEOUT_S
from virtualq_core.errors import EnvironmentFault
from virtualq_core.load.aftermath import judge_faults
from virtualq_core.load.fault import CRASH, require_strikable, striking
from virtualq_core.load.figure import measure
from virtualq_core.load.observation import observe
from virtualq_core.load.plan import LoadPlan
from virtualq_core.load.result import LoadResult
from virtualq_core.load.sampling import Sampler
from virtualq_core.load.way import DIRECT, open_ways
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.load.fault import Strike
    from virtualq_core.load.scenario import Scenario
    from virtualq_core.load.way import Ways


class Run:
    """A prepared run: `plan` is for whoever generates the load, whose connections to the server bear the `name`."""

    def __init__(self, database: Database, plan: LoadPlan, mark: witness.Mark, name: str, ways: Ways) -> None:
        self.plan = plan
        self._database = database
        self._mark = mark
        self.name = name
        self._ways = ways
        self._watch = ways.ways[0].watch()
        self._sampler: Sampler | None = None
        self._strikes: list[Strike] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """
        While the body has the load generated, look at the server, and do the scenario's faults.

        Raises:
            FaultNotDone: one of them did not happen.
        """
        plan = self.plan
        with (
            Sampler(self._database, self.name) as self._sampler,
            striking(self._database, plan.scenario, application_name=self.name, folder=plan.folder) as self._strikes,
        ):
            yield

    def conclude(self, *, lost: Sequence[str] = ()) -> LoadResult:
        """
        Wait until the server has let go of the clients, then measure and judge what they recorded.

        `lost` are the workers that came to a bad end.

        Raises:
            EnvironmentFault: nothing was recorded, or the clients do not go away.
        """
        pooling = self._ways.ways[0].pooling(None if self._watch is None else self._watch.conclude())
        # Whatever PgBouncer still has under way is decided when its connections are gone.
        self._ways.close()
        recording = read_journals(self.plan.folder)
        try:
            await_silence(self._database, self.name)
            if self._sampler is not None:
                self._sampler.finish()
            judgement = witness.judge(
                self._database,
                recording,
                self._mark,
                thresholds=self.plan.scenario.thresholds,
                was_restarted=any(one.kind == CRASH for one in self._strikes),
            )
            standing = witness.find_violations(self._database)
        except psycopg.Error as error:
            raise explain(error, self._database.dsn) from error
        scenario = self.plan.scenario
        hot = next(iter(self.plan.target.open_tickets)) if scenario.extent.hot_tenant_share else None
        figures = measure(
            recording,
            warm_up_s=scenario.warm_up_s,
            latency_ms=scenario.limit.latency_ms,
            stairs=scenario.arrival.stairs(scenario.duration_s),
            hot_tenant_id=hot,
        )
        return LoadResult(
            scenario=self.plan.scenario.name,
            subject=self.plan.subject,
            clients=figures.clients,
            figures=figures,
            judgement=judgement,
            standing=tuple(standing),
            errors=recording.failures,
            limit=scenario.limit,
            lost=tuple(lost),
            pooling=pooling,
            server=None if self._sampler is None else observe(self._sampler, figures),
            faults=judge_faults(self._strikes, recording, self._sampler.readings if self._sampler else ()),
        )


@contextmanager
def prepare(
    database: Database, scenario: Scenario, *, subject: str = "procedural", seed: int = 1, **plan: Any
) -> Iterator[Run]:
    """
    Fix what a run is about. Everything that it recorded is deleted at the end.

    Nobody else may write into the database from here to the conclusion. Further keyword arguments are the plan's.

    Raises:
        GuardRefusal: the harness may not write into the database.
        NothingToDo: there is nothing to work on.
        ServerInUse: a fault would crash a server that others may use.
        EnvironmentFault: the server has too few connections, or is not reachable; PgBouncer is missing.
        TenantLeak: a client of the scenario's pool finds the tenant of the one before it.
    """
    if guard.require_writable(database).standing is guard.Standing.EMPTY:
        raise NothingToDo(f"the database '{database.name}' is empty", next_step=SEED_FIRST)
    require_strikable(database, scenario)
    name = f"virtualq load {secrets.token_hex(4)}"
    folder = Path(tempfile.mkdtemp(prefix="virtualq-load-"))
    try:
        try:
            _require_connections(database, _connections(scenario, plan.get("processes", 1)))
            target = choose_target(database, scenario.extent, seed=seed)
            mark = witness.take_mark(database)
        except psycopg.Error as error:
            raise explain(error, database.dsn) from error
        with open_ways(database, [scenario.pool], clients=scenario.clients, application_name=name) as ways:
            way = ways.prove(0, find_subject(subject), target)
            made = LoadPlan(
                dsn=_bounded(way.dsn),
                subject=subject,
                scenario=scenario,
                target=target,
                seed=seed,
                folder=folder,
                prepares=way.prepares,
                **plan,
            )
            yield Run(database, made, mark, name, ways)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connections(scenario: Scenario, processes: int) -> int:
    """How many the server must have for it: one for each client, or as many as the pool lends."""
    pool = scenario.pool
    return scenario.clients if pool.mode == DIRECT else max(pool.size, processes)


def _bounded(dsn: str) -> str:
    """With an end to waiting for a connection, so that clients of a server that is gone come back to their senses."""
    given = conninfo_to_dict(dsn).get("connect_timeout")
    return make_conninfo(dsn, connect_timeout=given or CONNECT_TIMEOUT_S)


def _require_connections(database: Database, clients: int) -> None:
    free = free_connections(database)
    if free < clients:
        raise EnvironmentFault(
            "the server has too few connections for so many clients",
            observed=f"{free} free",
            expected=f"{clients}",
            next_step="fewer clients (--clients), or a greater max_connections",
        )
