"""The suite alone, in the shape of a check's results: two stages, so that every form of the report can show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import virtualq_core
from virtualq_core.check import conclusion
from virtualq_core.check.ledger import OpenStage
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.report.results import CONFORMANCE, Results, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.conformance.result import ConformanceResult
    from virtualq_core.database.server import Database, Server


def suite_results(
    outcome: ConformanceResult, server: Server, database: Database, *, command: Sequence[str] = ()
) -> Results:
    """What a run of the suite that has just ended found, with the environment that it ran in."""
    with database.connect() as connection:
        environment = fingerprint(connection, server)
    stage = OpenStage("conformance")
    conclusion.conclude_conformance(stage, outcome)
    version = environment.get("postgres_version", server.major)
    began = datetime.now(UTC) - timedelta(seconds=outcome.duration_s)
    return Results(
        virtualq_version=virtualq_core.__version__,
        started_at=began.isoformat(timespec="seconds"),
        duration_s=outcome.duration_s,
        command=tuple(command),
        environment=environment,
        profile=CONFORMANCE,
        seed=0,
        stages=(
            Stage(name="environment", verdict="passed", duration_s=0.0, summary=f"PostgreSQL {version}, {server.kind}"),
            Stage(
                name="conformance",
                verdict=stage.verdict,
                duration_s=outcome.duration_s,
                summary=stage.summary,
                problems=tuple(stage.problems),
            ),
        ),
        requirements=conclusion.requirements(outcome),
    )
