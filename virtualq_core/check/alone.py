"""One load alone, in the shape of a check's results, so that every form of the report can show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import virtualq_core
from virtualq_core.check import conclusion
from virtualq_core.check.ledger import OpenStage
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.report.results import LOAD, Results, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.load import LoadResult


def load_results(found: LoadResult, database: Database, *, seed: int, command: Sequence[str] = ()) -> Results:
    """What a load that has just ended came to, with the environment that it ran in."""
    with database.connect() as connection:
        environment = fingerprint(connection, database.server)
    stage = OpenStage("load")
    conclusion.conclude_load(stage, found)
    figures, latencies = conclusion.load(found)
    duration_s = found.figures.duration_s
    version = environment.get("postgres_version", database.server.major)
    told = f"PostgreSQL {version}, {database.server.kind}; scenario {found.scenario}"
    return Results(
        virtualq_version=virtualq_core.__version__,
        started_at=(datetime.now(UTC) - timedelta(seconds=duration_s)).isoformat(timespec="seconds"),
        duration_s=duration_s,
        command=tuple(command),
        environment=environment,
        profile=LOAD,
        seed=seed,
        stages=(
            Stage(name="environment", verdict="passed", duration_s=0.0, summary=told),
            Stage(
                name="load",
                verdict=stage.verdict,
                duration_s=duration_s,
                summary=stage.summary,
                problems=tuple(stage.problems),
            ),
        ),
        load=figures,
        latencies=latencies,
    )
