"""Whose eyes: the application's for queries, and read-only ones where the harness may not write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.errors import EnvironmentFault
from virtualq_core.measure.comparison import compare_subjects
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.stage import Effort, measure_budgets, measure_plans
from virtualq_core.subjects import ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.budget import Budget

pytestmark = pytest.mark.server
FAULTS = content.beside(__file__, "fault.sql")


def everything(database: Database) -> tuple[object, ...]:
    """Counts and a checksum over the tickets."""
    with database.connect() as connection:
        row = connection.execute(FAULTS["count_everything"].sql).fetchone()
    assert row is not None
    return tuple(row)


def test_queries_are_measured_bound_by_row_security(observer: Observer) -> None:
    """Without a tenant the application sees nothing; the overseer sees all."""
    with observer.as_application() as connection:
        assert connection.execute(FAULTS["count_tickets"].sql).fetchone() == (0,)
    with observer.as_overseer() as connection:
        row = connection.execute(FAULTS["count_tickets"].sql).fetchone()
    assert row is not None
    assert row[0] > 0


def test_without_the_mark_nothing_can_be_written(dataset_copy: Database) -> None:
    """Every way to look is through read-only transactions, under a statement timeout."""
    guard.mark(dataset_copy, may_write=False)
    observer = Observer.of(dataset_copy, timeout_s=0.2)

    assert observer.is_read_only
    for connect in (observer.as_application, observer.as_overseer, observer.as_owner):
        with connect() as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(FAULTS["make_table"].sql)
    with observer.as_owner() as connection, pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute(FAULTS["sleep"].sql)


@pytest.mark.slow
def test_measuring_without_the_mark_leaves_the_database_as_it_was(
    dataset_copy: Database, budgets: Mapping[str, Budget]
) -> None:
    """Plans and budgets are judged on the data that is there; operations are skipped."""
    guard.mark(dataset_copy, may_write=False)
    before = everything(dataset_copy)

    plans = measure_plans(dataset_copy, budgets)
    report = measure_budgets(dataset_copy, budgets, effort=Effort(limit_s=0.5))

    assert {plan.verdict for plan in plans} == {"passed"}
    assert {one.verdict for one in report.budgets if one.name in {"create_ticket", "transition"}} == {"skipped"}
    assert any(one.verdict == "passed" and one.metric == "max_buffers" for one in report.budgets)
    assert everything(dataset_copy) == before


def test_comparing_subjects_is_refused_without_the_mark(dataset_copy: Database) -> None:
    """It writes tickets."""
    guard.mark(dataset_copy, may_write=False)

    with pytest.raises(EnvironmentFault, match="may not write"):
        compare_subjects(dataset_copy, [ProceduralSubject()])


def test_a_database_without_the_schema_has_nothing_to_measure(server: Server) -> None:
    """And says what to do."""
    with fresh_database(server, prefix="vq_test") as empty, pytest.raises(EnvironmentFault, match="measure") as refused:
        Observer.of(empty)

    assert "virtualq seed" in (refused.value.next_step or "")
