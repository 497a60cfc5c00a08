"""EXPLAIN checks: how PostgreSQL answers each operational query, and which index serves it. No stopwatch is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.measure.stage import measure_plans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget

pytestmark = pytest.mark.server
QUERIES = sorted(content.statement_folder("schema/queries"))


@pytest.mark.parametrize("query", QUERIES)
def test_the_plan_is_as_demanded(dataset: Database, budgets: Mapping[str, Budget], query: str) -> None:
    """For every class of tenant: the answer is true, the named index serves it, nothing forbidden is scanned."""
    plans = measure_plans(dataset, budgets, queries=[query])

    wrong = [f"{problem.what}\n{plan.text}" for plan in plans for problem in plan.problems]
    assert plans
    assert not wrong, "\n".join(wrong)
