"""A harness process for the tests to kill: says on stdout how far it is, and ends when its stdin is closed."""

from __future__ import annotations

import sys
from pathlib import Path

from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.provider import private_server, provide


def say(*words: object) -> None:
    """One line, at once."""
    print(*words, flush=True)  # noqa: T201 -- the tests read it


def main(task: str, *arguments: str) -> None:
    """Do the task: `hold` a server, or a `private` one, `clone` a database and hold it, `install` from a folder."""
    say("begun")
    if task == "private":
        with private_server() as server:
            say("ready", server.data_dir)
            sys.stdin.read()
        return
    programs = Path(arguments[0]) if arguments and arguments[0] else None
    with provide(postgres_bin=programs) as server:
        say("ready", server.dsn)
        if task == "hold":
            sys.stdin.read()
            return
        with fresh_database(server) as database:
            say("database", database.name)
            if task == "install":
                install(database, source=Path(arguments[1]))
                say("installed")
            sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
