"""Queues as deep as budgets ask for: filled up where the harness may write and an earlier run has emptied them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.measure.catalogue import deepest_queues
from virtualq_core.measure.ground import Ground
from virtualq_core.subjects import ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.observer import Observer

_SQL = content.beside(__file__, "depth.sql")


def fill_queues(observer: Observer, budgets: Iterable[Budget]) -> int:
    """
    Give the deepest queue the open tickets that it lacks of what the budgets ask for; return how many were created.

    None where a queue is deep enough, where there is no queue, or where the harness may not write.
    """
    wanted = max((budget.tickets_in_queue or 0 for budget in budgets), default=0)
    if observer.is_read_only or not wanted:
        return 0
    with observer.as_overseer() as connection:
        places = deepest_queues(connection, wanted)
        if not places or places[0].queue_id is None or places[0].tickets >= wanted:
            return 0
        tenant_id, queue_id, lacking = places[0].tenant_id, places[0].queue_id, wanted - places[0].tickets
        asked = {"tenant_id": tenant_id, "queue_id": queue_id}
        row = connection.cursor(row_factory=dict_row).execute(_SQL["describe_queue"].sql, asked).fetchone()
    if row is None:
        return 0
    ground = Ground(tenant_id, queue_id, row["type_definition_id"], (), row["custom_data"])
    with ProceduralSubject().open(observer.database.dsn, role=observer.application) as session:
        for _ in range(lacking):
            ground.create(session)
    observer.renew_statistics()
    return lacking
