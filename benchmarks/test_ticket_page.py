"""One ticket with its items and its history, as its page shows it, for every class of tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.fix_dataset import Benchmarked

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="ticket with items and history")]


def test_a_ticket_is_shown_with_its_items_and_history(
    benchmark_query: Callable[..., Benchmarked], tenant_class: str
) -> None:
    """By its identifier, the ticket with the longest history; a tenant without tickets has none to show."""
    shown = benchmark_query("ticket_page", tenant_class=tenant_class)

    assert shown.rows == (0 if tenant_class == "empty" else 1)
    assert not shown.failed
    assert not shown.plan.problems
