"""A sweep of real databases, small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.scale import sweep as module
from virtualq_core.scale.page import markdown
from virtualq_core.scale.reading import QUEUE_DEPTH, remedies
from virtualq_core.scale.sweep import sweep

if TYPE_CHECKING:
    from virtualq_core.database.server import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_three_sizes_are_read_and_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query and operation at every size; a queue's questions of one as deep as ever; remedies are rolled back."""
    monkeypatch.setattr(module, "sizes_up_to", lambda tickets: [tickets // 4, tickets // 2, tickets])
    found = sweep(server, tickets=24_000, tenants=8)
    assert [size.tickets for size in found.sizes] == [6_000, 12_000, 24_000]
    assert {"list_queue", "list_employee_tickets", "transition", "claim_next_ticket", "create_ticket"} <= {
        one.name for one in found.questions
    }
    by_name = {one.name: one for one in found.questions}
    assert all(reading.rows == QUEUE_DEPTH for _, reading in by_name["list_queue"].readings)
    for name in remedies():
        [*_, (_, largest)] = by_name[name].readings
        assert largest.remedied is not None
        assert largest.remedied < largest.blocks
    names = {relation.name for relation in found.sizes[-1].relations}
    assert {"ticket", "idx_ticket_queue_state_created", "ticketstatehistory_pkey"} <= names
    assert not any("tenant_open" in name for name in names)
    assert "list_overdue_tickets" in markdown(found)
