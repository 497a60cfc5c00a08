"""A process that obtains a dataset which is to be kept, and waits in a phase or before the copy gets its name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tests.seeding.facts import SMALL
from virtualq_core.database.remote import server as remote_server
from virtualq_core.seeding import kept

if TYPE_CHECKING:
    from virtualq_core.database.server import Server


def wait(phase: str) -> None:
    """Say where the process is, and wait for a line."""
    print(f"at {phase}", flush=True)  # noqa: T201 -- the tests read it
    sys.stdin.readline()


def main(dsn: str, stop_at: str) -> None:
    """Obtain the dataset on a server of the harness's own, and stop on the way."""
    kept.LEAST_TICKETS = 1
    waited = False
    named = kept._named  # noqa: SLF001 -- the moment before a copy is given its name

    def tell(phase: str, _done: int, _total: int) -> None:
        nonlocal waited
        if phase == stop_at and not waited:
            waited = True
            wait(phase)

    def name(statement: str, **names: str) -> Any:  # noqa: ANN401 -- psycopg's own
        if statement == stop_at == "rename":
            wait(statement)
        return named(statement, **names)

    kept._named = name  # noqa: SLF001 -- the same
    with kept.seeded_copy(own(dsn), kept.Recipe(SMALL), progress=tell):
        print("done", flush=True)  # noqa: T201 -- the same


def own(dsn: str) -> Server:
    """The server that the tests run, seen as the harness's own."""
    import dataclasses  # noqa: PLC0415

    return dataclasses.replace(remote_server(dsn), kind="embedded", is_own=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
