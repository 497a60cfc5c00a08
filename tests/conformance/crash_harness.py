"""A process that crashes a private server time and again, for a test to cut short; says a line for each cycle."""

from __future__ import annotations

from itertools import cycle

from virtualq_core.conformance.crash.campaign import run_cycle
from virtualq_core.conformance.crash.fault import FAULTS
from virtualq_core.conformance.crash.replica import private_copy
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.provider import provide
from virtualq_core.subjects import ProceduralSubject


def main() -> None:
    """Until it is ended."""
    with provide() as server, fresh_database(server) as database:
        install(database)
        with private_copy(database) as copy:
            for fault in cycle(FAULTS.values()):
                print(fault.name, flush=True)  # noqa: T201 -- the test reads it
                run_cycle(copy, ProceduralSubject(), fault)


if __name__ == "__main__":
    main()
