"""Plans for any parameters where tenants are many: the average one is small, and the largest is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.catalogue import draw
from virtualq_core.measure.explain import explain_modes
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.place import seeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

TICKETS, TENANTS = 40_000, 400


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Database]:
    """Four hundred tenants, of whom one has two tickets in five."""
    with seeded(server, tickets=TICKETS, tenants=TENANTS) as made:
        yield made


def worst_ratio(database: Database) -> float:
    """Of the queue's list and who is next, blocks of the plan that is taken in the long run over the tenant's own."""
    modes = [
        explain_modes(observer, case)
        for observer in [Observer.of(database)]
        for case in draw(observer, queries=["list_queue", "next_to_claim"])
    ]
    return max(one.generic.buffers / max(one.custom.buffers, 1) if one.is_flipped else 1.0 for one in modes)


def test_no_tenant_is_taken_for_a_small_one(database: Database) -> None:
    """The plan that everybody gets starts from the queue; without what the schema says it would read a tenant's key."""
    assert worst_ratio(database) < 3
    with database.connect() as connection:
        connection.execute("alter table virtualq.ticket alter column tenant_id reset (n_distinct)")
        connection.execute("analyze virtualq.ticket")
    assert worst_ratio(database) > 6
