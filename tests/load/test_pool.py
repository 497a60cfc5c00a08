"""Pools in the clients' own process lend what they should, to as many as they should, and nothing is left in it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from virtualq_core import content
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.traffic.demand import Extent
from virtualq_core.conformance.traffic.source import CannotConnect, PoolExhausted
from virtualq_core.conformance.traffic.target import choose_target
from virtualq_core.errors import UsageError
from virtualq_core.load import run_load
from virtualq_core.load.isolation import TenantLeak, Unbound, prove_bound
from virtualq_core.load.pool import Passage, PsycopgPool, SqlalchemyPool, open_pool
from virtualq_core.load.scenario import Pool
from virtualq_core.load.way import Way, prove
from virtualq_core.subjects import (
    OrmSubject,
    ProceduralSubject,
    find_subject,
    require_poolable,
    visible_connection,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.load import Scenario
    from virtualq_core.subjects import Subject, SubjectSession
    from virtualq_core.subjects.procedural import ProceduralSession

Stage = Any  # of conftest.py, which cannot be imported by name
HERE = Path(__file__).parent
SQL = content.beside(__file__, "pool.sql")
IN_PROCESS = ["psycopg", "sqlalchemy"]


class Derived(ProceduralSubject):
    """Opens sessions of its own kind, and forgets to make them for a pool."""

    def open(self, dsn: str, *, role: str | None = None) -> ProceduralSession:
        """Whatever it is."""
        raise NotImplementedError


@contextlib.contextmanager
def opened(stage: Stage, mode: str, *, size: int = 2, subject: str = "procedural", **options: Any) -> Iterator[Source]:
    """A pool on the stage's database."""
    pool = open_pool(Pool(mode=mode, size=size, timeout_ms=300), find_subject(subject), stage.database.dsn, **options)
    assert pool is not None
    with contextlib.closing(pool):
        yield pool


def who(session: SubjectSession) -> tuple[str, int]:
    """The role and the server's process of a session."""
    connection = visible_connection(session)
    with connection.transaction():
        row = connection.execute(SQL["who_am_i"].sql).fetchone()
    assert row is not None
    return row[0], row[1]


def test_shipped_subjects_work_on_a_pools_connections() -> None:
    """Both of them."""
    assert [require_poolable(subject).name for subject in (ProceduralSubject(), OrmSubject())] == ["procedural", "orm"]


class Closed:
    """Keeps its connections to itself."""

    name = "closed"

    def open(self, dsn: str, *, role: str | None = None) -> ProceduralSession:
        """Whatever it is."""
        raise NotImplementedError


@pytest.mark.parametrize("implementation", [Derived(), Closed()], ids=["derived", "closed"])
def test_a_subject_that_opens_its_own_connections_is_refused(implementation: Subject) -> None:
    """Also one that would inherit how another subject's sessions are made: the pool would lend the wrong ones."""
    with pytest.raises(UsageError, match=r"cannot work on the connections of a pool[\s\S]*on\(connection\)"):
        open_pool(Pool(mode="psycopg"), implementation, "host=nowhere.invalid")


def test_there_is_no_pool_where_clients_connect_by_themselves() -> None:
    """Neither without one, nor in PgBouncer's transaction mode; in its session mode each operation connects."""
    pools = {mode: open_pool(Pool(mode=mode), ProceduralSubject(), "") for mode in ("direct", "pgbouncer-transaction")}
    assert pools == {"direct": None, "pgbouncer-transaction": None}
    assert isinstance(open_pool(Pool(mode="pgbouncer-session"), ProceduralSubject(), ""), Passage)


@pytest.mark.server
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_what_is_lent_is_the_applications_and_comes_back(stage: Stage, mode: str, implementation: str) -> None:
    """In the autocommit mode that the subject needs; two at once are two connections, one after the other is one."""
    with opened(stage, mode, subject=implementation) as pool:
        one, other = pool.take(), pool.take()
        (role, pid), (_, other_pid) = who(one), who(other)
        assert role == "virtualq_app"
        assert pid != other_pid
        assert visible_connection(one).autocommit is (implementation == "procedural")
        pool.give_back(one, is_usable=True)
        again = pool.take()
        assert again is one
        for session in (again, other):
            pool.give_back(session, is_usable=True)


@pytest.mark.server
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_an_exhausted_pool_says_so_after_its_timeout(stage: Stage, mode: str) -> None:
    """With how many there are and how long it waited, and then lends again what came back."""
    with opened(stage, mode, size=1) as pool:
        session = pool.take()
        with pytest.raises(
            PoolExhausted, match=r"pool-exhausted: .* observed all 1 lent for 0.3 s; expected .*\n.*next"
        ):
            pool.take()
        pool.give_back(session, is_usable=True)
        assert pool.take() is session
        pool.give_back(session, is_usable=True)


@pytest.mark.server
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_waiting_client_gets_what_another_gives_back(stage: Stage, mode: str) -> None:
    """Before its timeout; in threads."""
    got: list[SubjectSession] = []
    with opened(stage, mode, size=1) as pool:
        session = pool.take()
        waiting = threading.Thread(target=lambda: got.append(pool.take()))
        waiting.start()
        pool.give_back(session, is_usable=True)
        waiting.join(10)
        assert got == [session]
        pool.give_back(session, is_usable=True)


@pytest.mark.server
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_broken_session_is_replaced(stage: Stage, mode: str, implementation: str) -> None:
    """Its server process was ended; the next borrower of the only place gets another one."""
    with opened(stage, mode, size=1, subject=implementation) as pool:
        session = pool.take()
        _, pid = who(session)
        with stage.database.connect() as owner:
            owner.execute(SQL["end_backend"].sql, {"pid": pid})
        with pytest.raises(psycopg.OperationalError):
            who(session)
        pool.give_back(session, is_usable=False)
        fresh = pool.take()
        assert who(fresh)[1] != pid
        pool.give_back(fresh, is_usable=True)


@pytest.mark.server
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_session_that_its_borrower_does_not_trust_is_replaced(stage: Stage, mode: str) -> None:
    """Though its connection seems to be well: who knows what is still to come on it."""
    with opened(stage, mode, size=1) as pool:
        session = pool.take()
        _, pid = who(session)
        pool.give_back(session, is_usable=False)
        assert visible_connection(session).closed
        fresh = pool.take()
        assert who(fresh)[1] != pid
        pool.give_back(fresh, is_usable=True)


@pytest.mark.server
@pytest.mark.parametrize(("processes", "lent"), [(1, 5), (2, 2), (8, 1)])
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_the_size_is_shared_by_the_processes(stage: Stage, mode: str, processes: int, lent: int) -> None:
    """Together they have no more than the size, but each has one at least."""
    with opened(stage, mode, size=5, processes=processes) as pool:
        held = [pool.take() for _ in range(lent)]
        with pytest.raises(PoolExhausted):
            pool.take()
        for session in held:
            pool.give_back(session, is_usable=True)


@pytest.mark.parametrize("kind", [PsycopgPool, SqlalchemyPool])
def test_a_server_that_is_not_there_is_no_exhausted_pool(
    kind: type[PsycopgPool | SqlalchemyPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be opened, and the error says why."""
    monkeypatch.setattr("virtualq_core.load.pool._OPEN_S", 0.3)
    with pytest.raises(CannotConnect, match="no-connection"):
        kind(ProceduralSubject(), "host=127.0.0.1 port=1 user=nobody connect_timeout=2", 1, 0.1)


@pytest.mark.server
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_closed_pool_lends_nothing(stage: Stage, mode: str) -> None:
    """What is given back to it is closed, and closing twice is fine."""
    with opened(stage, mode) as pool:
        session = pool.take()
        pool.close()
        with pytest.raises(CannotConnect):
            pool.take()
        pool.give_back(session, is_usable=True)
        assert visible_connection(session).closed


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_greenlets_wait_for_a_pool_without_holding_each_other_up(
    stage: Stage, child_environment: dict[str, str], mode: str
) -> None:
    """Six of them by three connections: three sleep on the server at once, the others wait for these, and no fourth."""
    done = subprocess.run(
        [sys.executable, str(HERE / "pool_overlap.py"), mode, "6", "3"],
        env={**child_environment, "VIRTUALQ_TEST_DSN": stage.database.dsn},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "pool-exhausted"]


@pytest.mark.server
@pytest.mark.parametrize("implementation", ["procedural", "orm"])
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_the_next_borrower_finds_nothing_of_the_last_one(stage: Stage, mode: str, implementation: str) -> None:
    """No tenant and no rows, after what was done and after what was refused, for two tenants."""
    target = choose_target(stage.database, Extent(), seed=1)
    way = Way(Pool(mode=mode), stage.database.dsn)
    assert prove(way, find_subject(implementation), target).proofs == 4


@pytest.mark.server
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_tenant_of_the_session_is_caught(stage: Stage, mode: str) -> None:
    """The control: a subject that sets it for the session leaves it behind in the pool."""
    target = choose_target(stage.database, Extent(), seed=1)
    way = Way(Pool(mode=mode), stage.database.dsn)
    with pytest.raises(TenantLeak, match=r"tenant-leak: .* observed tenant \d+, rows in sight"):
        prove(way, find_subject(str(HERE / "clinging.py")), target)


@pytest.mark.server
def test_connections_of_the_owner_are_refused(stage: Stage) -> None:
    """The control: whoever forgets the role lends a superuser's sessions."""
    with (
        contextlib.closing(PsycopgPool(ProceduralSubject(), stage.database.dsn, 1, 1.0)) as pool,
        pytest.raises(Unbound, match=r"pool-unbound: .* is a superuser, or bypasses row security"),
    ):
        prove_bound(pool)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("mode", IN_PROCESS)
def test_a_load_by_a_pool_is_true_and_tells_how_long_clients_waited(stage: Stage, rush: Scenario, mode: str) -> None:
    """Eight clients by two connections: nearly everybody waits, and the server has no more than two."""
    little = Thresholds(min_operations=20, min_contended=1, min_races=1)
    scenario = replace(rush, duration_s=1.0, thresholds=little, pool=Pool(mode=mode, size=2))
    found = run_load(stage.database, scenario)
    assert found.verdict == "passed", found.problems()
    assert found.figures.pool_wait.samples == sum(found.figures.operations.values())
    assert found.pooling is not None
    assert (found.pooling.mode, found.pooling.size, found.pooling.proofs, found.pooling.wait) == (mode, 2, 4, None)


@pytest.mark.server
@pytest.mark.slow
def test_a_load_does_not_begin_by_a_pool_that_leaks(stage: Stage, rush: Scenario) -> None:
    """The error comes before any client."""
    scenario = replace(rush, pool=Pool(mode="psycopg", size=2))
    with pytest.raises(TenantLeak):
        run_load(stage.database, scenario, subject=str(HERE / "clinging.py"))
