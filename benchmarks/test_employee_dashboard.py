"""The employee dashboard: what somebody has in hand, asked after every action."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.fix_dataset import Benchmarked

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="employee dashboard")]


def test_the_busiest_employees_tickets_are_listed(
    benchmark_query: Callable[..., Benchmarked], tenant_class: str
) -> None:
    """Whatever the tenant's size, the dashboard keeps its budget and reads no table from end to end."""
    listed = benchmark_query("employee_dashboard", tenant_class=tenant_class)

    assert not listed.failed
    assert not listed.plan.problems
