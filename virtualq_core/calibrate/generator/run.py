"""All that is tried of the generator of loads, on one server."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from virtualq_core.calibrate.generator.agreement import Comparison, hold_against_pgbench
from virtualq_core.calibrate.generator.stall import Stall, try_stall
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.database.install import install

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Server

LEAST_RATE = 0.7
"""Of pgbench's rate in a closed loop."""
MOST_APART = 0.1
"""Between what both tell about a latency, of pgbench's."""


@dataclass(frozen=True)
class GeneratorTrust:
    """What was found, when, and where."""

    taken_at: str
    duration_s: float
    environment: dict[str, Any]
    comparison: Comparison
    stall: Stall

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def try_generator(
    server: Server,
    *,
    blocks: int = 8,
    block_s: float = 6.0,
    seed: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> GeneratorTrust:
    """
    Try it in a fresh database; about a quarter of an hour by default.

    Raises:
        EnvironmentFault: pgbench is missing.
    """
    began = time.perf_counter()
    with fresh_database(server, prefix="vq_generator") as database:
        install(database)
        comparison = hold_against_pgbench(database, blocks=blocks, block_s=block_s, seed=seed, tell=tell)
        tell("a stall of the server")
        stall = try_stall(database, seed=seed)
        with database.connect() as connection:
            environment = fingerprint(connection, server)
    return GeneratorTrust(
        datetime.now(UTC).isoformat(timespec="seconds"),
        round(time.perf_counter() - began, 1),
        environment,
        comparison,
        stall,
    )
