"""Is the adapter broken, or does the implementation behind it fail? A handful of exchanges tells, before the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from virtualq_core.conformance.world import World
from virtualq_core.errors import VirtualQError
from virtualq_core.subjects.adapter import AdapterBroken, AdapterFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.subjects import AdapterSubject, SubjectSession


def try_out(subject: AdapterSubject, database: Database) -> None:
    """
    Play a few of the exchanges that an adapter claims to know, in a tenant that is gone afterwards.

    Hello, open, a creation, a transition, one that the machine does not allow, a history, close. An answer may be wrong
    as long as it is one: the suite judges what it says.

    Raises:
        AdapterBroken: it breaks the protocol, cannot connect, or says that it failed itself.
    """
    claimed = subject.hello.operations
    world = World(database)
    try:
        tenant = world.open_tenant("Trial")
        with world.application(tenant) as application:
            ticket_id = application.create()
        exchanges: dict[str, list[Callable[[SubjectSession], object]]] = {
            "create_ticket": [lambda session: session.create_ticket(tenant.id, tenant.queue_id, tenant.type_id)],
            "transition": [
                lambda session: session.transition(tenant.id, ticket_id, "start"),
                lambda session: session.transition(tenant.id, ticket_id, "pickup"),
            ],
            "history": [lambda session: session.history(tenant.id, ticket_id)],
        }
        with _opened(subject, database) as session:
            for operation, calls in exchanges.items():
                for call in calls if operation in claimed else ():
                    _play(subject, operation, session, call)
    finally:
        world.close()


def _play(
    subject: AdapterSubject, operation: str, session: SubjectSession, call: Callable[[SubjectSession], object]
) -> None:
    try:
        call(session)
    except AdapterBroken:
        raise
    except AdapterFailed as error:
        raise AdapterBroken(
            f"'{subject.command}' failed itself at its first {operation}",
            observed=error.what,
            expected="ok, refused, failed or unknown",
            next_step="an answer 'error' says that the adapter is at fault, not the implementation",
        ) from error
    except (VirtualQError, psycopg.Error):
        pass  # a wrong answer in the right form


def _opened(subject: AdapterSubject, database: Database) -> SubjectSession:
    try:
        return subject.open(database.dsn)
    except AdapterBroken:
        raise
    except (VirtualQError, psycopg.Error) as error:
        raise AdapterBroken(
            f"'{subject.command}' does not connect",
            observed=getattr(error, "what", error),
            expected=f"a connection to the database '{database.name}' on the server that it is given",
            next_step="open gives the server in parts and as libpq's connection string; see docs/reference/adapter.md",
        ) from error
