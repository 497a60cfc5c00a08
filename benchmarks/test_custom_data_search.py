"""Search in custom data: the newest tickets that contain a rare fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.fix_dataset import Benchmarked

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="custom-data search")]


def test_a_rare_fragment_is_found_by_containment(
    benchmark_query: Callable[..., Benchmarked], tenant_class: str
) -> None:
    """The GIN index serves the search for every class of tenant, row security notwithstanding."""
    found = benchmark_query("custom_data_search", tenant_class=tenant_class)

    assert not found.failed
    assert not found.plan.problems
