"""A sampler sees what the server does, and disturbs nothing where it cannot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import IsolationLevel

from tests.load.sample import wait_until
from virtualq_core import content
from virtualq_core.load import sampling
from virtualq_core.load.sampling import Sampler

if TYPE_CHECKING:
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server
Stage = Any  # of conftest.py, which cannot be imported by name

SQL = content.beside(__file__, "stage.sql")
PATIENCE_S = 20.0
SOON_S = 0.02


def test_a_client_that_waits_for_a_lock_is_seen_waiting(stage: Stage) -> None:
    """By the type and the name of what it waits for; the one that holds the lock is somebody else's."""
    database: Database = stage.database
    with (
        ThreadPoolExecutor(1) as pool,
        database.connect(application_name="load") as client,
        Sampler(database, "load", every_s=SOON_S) as sampler,
    ):
        with database.connect(autocommit=False) as holder:
            holder.execute(SQL["lock_tickets"].sql)
            waiting = pool.submit(client.execute, SQL["read_a_ticket"].sql)
            wait_until(lambda: sampler.readings[-1].waits == {"Lock:relation": 1}, "the client waits")
            wait_until(lambda: (sampler.readings[-1].counters or (0,))[0] == 1, "the lock is waited for")
        waiting.result(PATIENCE_S)
        wait_until(lambda: sampler.readings[-1].waits == {"idle": 1}, "the client is idle")
    assert not sampler.missing.keys() - {"server_share", "statements"}


def test_what_the_server_counts_is_read(stage: Stage) -> None:
    """Updates, dead rows and log of what happens between the first look and the last."""
    database: Database = stage.database
    with Sampler(database, "load") as sampler, database.connect(application_name="load") as client:
        client.execute(SQL["touch_tickets"].sql)
        touched = client.execute(SQL["read_a_ticket"].sql).fetchone()
    wait_until(lambda: not count_backends(database, "load"), "the client is gone")
    sampler.finish()
    first, last = sampler.readings[0], sampler.readings[-1]
    assert touched is not None
    assert first.counters is not None
    assert last.counters is not None
    assert last.counters.updates - first.counters.updates == touched[0] > 0
    assert last.counters.dead_tuples > first.counters.dead_tuples
    assert (last.wal_bytes or 0) > (first.wal_bytes or 0) > 0
    assert last.checkpoints is not None


@pytest.mark.requires("own_server", "pg_stat_statements")
def test_statements_are_those_of_the_time_between(stage: Stage) -> None:
    """Of this database, and without the sampler's own questions."""
    database: Database = stage.database
    with Sampler(database, "load") as sampler, database.connect(application_name="load") as client:
        client.execute(SQL["touch_tickets"].sql)
    sampler.finish()
    assert sampler.statements is not None
    before, after = sampler.statements
    new = {text: calls for key, (text, calls, *_) in after.items() if key not in before}
    assert {text.split(" set ")[0]: calls for text, calls in new.items()} == {"update virtualq.Ticket": 1}


def test_an_old_snapshot_is_seen(stage: Stage) -> None:
    """Its age in seconds, as long as it is held."""
    database: Database = stage.database
    with Sampler(database, "load", every_s=SOON_S) as sampler:
        with database.connect(autocommit=False) as holder:
            holder.isolation_level = IsolationLevel.REPEATABLE_READ
            holder.execute(SQL["read_a_ticket"].sql)
            wait_until(lambda: (sampler.readings[-1].snapshot_s or 0) > 5 * SOON_S, "the snapshot is old")
        wait_until(lambda: sampler.readings[-1].snapshot_s == 0, "the snapshot is gone")


def test_a_server_that_is_not_there_is_missing_and_no_error(server: Server) -> None:
    """The load's own trouble will be told by the load."""
    nowhere = server.maintenance.through("host=127.0.0.1 port=1 dbname=nowhere user=nobody")
    with Sampler(nowhere, "load", every_s=SOON_S) as sampler:
        wait_until(lambda: len(sampler.readings) > 2, "there are readings")
    sampler.finish()
    assert {"server", "statements"} <= set(sampler.missing)
    assert sampler.readings[-1].waits is None
    assert sampler.readings[-1].usage is not None


def test_what_is_refused_is_named_and_the_rest_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question that the server does not answer costs no other."""
    asked = content.beside(sampling.__file__, "sampling.sql")
    monkeypatch.setattr(sampling, "_SQL", {**asked, "read_wal": SQL["ask_what_is_refused"]})
    with Sampler(stage.database, "load") as sampler:
        pass
    sampler.finish()
    assert "no_such_function" in sampler.missing["wal"]
    assert sampler.readings[-1].wal_bytes is None
    assert sampler.readings[-1].counters is not None


def test_memory_is_bounded(stage: Stage) -> None:
    """Where there would be too many readings, it looks half as often."""
    with Sampler(stage.database, "load", every_s=0.001, most=16) as sampler:
        wait_until(lambda: sampler._every_s >= 0.004, "it has slowed down twice")  # noqa: SLF001
    assert len(sampler.readings) <= 16


def count_backends(database: Database, name: str) -> int:
    """How many backends serve clients of that name."""
    with database.connect() as connection:
        row = connection.execute(SQL["count_database_backends"].sql, {"name": name}).fetchone()
    return int(row[0]) if row else 0
