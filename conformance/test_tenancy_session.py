"""Tenancy, one session after another: what a pooled connection carries on, and what is seen in nobody's name."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import ConnectionPool

from virtualq_core import content
from virtualq_core.conformance.matrix import row
from virtualq_core.conformance.matrix.call import TENANT, call, cases, own
from virtualq_core.conformance.matrix.probe import Probe
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as, enter_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.conformance.matrix.scene import Scene, Side
    from virtualq_core.conformance.matrix.tally import Tally
    from virtualq_core.conformance.world import World
    from virtualq_core.database.server import Database

    Connection = psycopg.Connection[Any]

SQL = content.beside(__file__, "tenancy_session.sql")
NO_NUMBER = "no number"
STRAY = (None, "", "0", NO_NUMBER, str(2**30))
"""What the setting may hold that is no tenant's id; the first stands for never having been set."""
ROUNDS = 2


@pytest.fixture
def pool(database_under_test: Database) -> Iterator[ConnectionPool[Connection]]:
    """A pool of one connection, which each borrower gets in turn."""
    conninfo = dsn_as(database_under_test.dsn, APPLICATION_ROLE)
    with ConnectionPool(conninfo, min_size=1, max_size=1, timeout=20, open=True) as opened:
        yield opened


def look_around(
    probe: Probe, side: Side | None, scene: Scene, tally: Tally, when: str, *, may_be_refused: bool = False
) -> None:
    """Every table and view shows this tenant's rows alone, and in nobody's name none."""
    for relation in scene.catalogue.relations.values():
        if "select" in relation.granted and relation.owner is not None:
            look = scene.look(probe, relation, side)
            is_shown = look.rows or side is None or not relation.is_table
            is_own = not look.foreign and not look.telling and (may_be_refused or not look.answer.error)
            tally.hold(is_shown and is_own, f"{relation.name} {when}", look.brief)


def commit(connection: Connection) -> None:
    """End as one should."""
    connection.commit()


def fail(connection: Connection) -> None:
    """End in an error of the server's."""
    with suppress(psycopg.errors.DivisionByZero):
        connection.execute(SQL["fail"].sql)


def forget(connection: Connection) -> None:
    """Leave the transaction open, for the pool to end it."""
    connection.execute(SQL["read_setting"].sql)


def undo_a_part(connection: Connection) -> None:
    """Undo a part of the transaction, and then the whole."""
    with connection.transaction(force_rollback=True):
        connection.execute(SQL["read_setting"].sql)
    connection.rollback()


@pytest.mark.requirement("TEN-006", "TEN-021")
@pytest.mark.parametrize("end", [commit, fail, forget, undo_a_part])
def test_a_borrower_leaves_no_tenant_behind(
    pool: ConnectionPool[Connection], scene: Scene, tally: Tally, end: Callable[[Connection], None]
) -> None:
    """Tenant after tenant sees its own rows over one connection, and who names none sees nothing, however each ends."""
    processes = set()
    for side in [scene.ours, scene.theirs, None] * ROUNDS:
        connection = pool.getconn()
        processes.add(connection.info.backend_pid)
        if side is not None:
            connection.execute(enter_statement(side.id))
        look_around(Probe(connection, None), side, scene, tally, f"after one that would {end.__name__}")
        end(connection)
        pool.putconn(connection)
    tally.hold(len(processes) == 1, "one connection for all", f"{len(processes)}")
    tally.conclude("each borrower's own rows, and none without a tenant")


@pytest.mark.requirement("TEN-006", "TEN-021")
def test_no_function_leaves_its_tenant_behind(pool: ConnectionPool[Connection], scene: Scene, tally: Tally) -> None:
    """Each is called and committed in a tenant's name; who borrows the connection next, in nobody's, sees nothing."""
    side = scene.open_side("Pooled")
    called = [each for each in scene.functions if any(a.name == TENANT for a in each.arguments)]
    for function in called:
        scene.renew(side)
        said = ""
        with suppress(psycopg.Error), pool.connection() as connection:
            said = "refused"
            connection.execute(call(function, own(function, scene, side)))
            said = ""
        tally.hold(not said, f"{function.signature} in the tenant's own name", said)
        with pool.connection() as connection:
            look_around(Probe(connection, None), None, scene, tally, f"after {function.name}")
    tally.conclude("no row without a tenant")


@pytest.mark.requirement("TEN-001", "TEN-022")
@pytest.mark.parametrize("value", STRAY)
def test_without_a_tenant_nothing_is_shown_or_written(
    world: World, scene: Scene, tally: Tally, value: str | None
) -> None:
    """Nor by a function that is told the ids of a tenant's rows; no row is accepted, changed or deleted."""
    before = scene.digest(scene.theirs)
    with world.application(scene.ours.tenant) as app:
        nobody = Probe(app.connection, None)
        with nobody.trial():
            if value is not None:
                app.connection.execute(sql.SQL(SQL["name_tenant"].sql).format(value=sql.Literal(value)))
            look_around(nobody, None, scene, tally, "in nobody's name", may_be_refused=value == NO_NUMBER)
            for relation in scene.catalogue.relations.values():
                for what, statement in row.writes(relation, None):
                    answer = nobody.ask(statement)
                    tally.hold(not answer.changed, what, answer)
                granted = relation.granted_columns("insert")
                if granted and relation.owner is not None and relation.name not in scene.unfurnished:
                    owned = {relation.name: {relation.owner: scene.theirs.id}}
                    answer = nobody.ask(row.insert(relation, row.new_row(relation, scene.theirs.rows | owned, granted)))
                    tally.hold(answer.error, f"insert into {relation.name}", answer)
            for function in scene.functions:
                if not any(each.name == TENANT for each in function.arguments):
                    for case in cases(function, scene):
                        answer = nobody.ask(
                            call(function, case.theirs), witness=lambda: scene.digest(scene.theirs, nobody)
                        )
                        tally.hold(answer.error or answer.seen == before, case.what, answer)
    tally.conclude("nothing shown, and nothing written")
