"""What the tests of measuring share: stored plans, budgets made in a line, and a seeded database to plant faults in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.measure.budget import Budget
from virtualq_core.measure.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS = Path(__file__).with_name("plans")


@pytest.fixture
def stored() -> Callable[[str], Plan]:
    """A plan that PostgreSQL 18.6 (15.18 where the name says so) once gave for seeded data."""
    return lambda name: Plan.parse(json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8")))


@pytest.fixture
def promise() -> Callable[..., Budget]:
    """A budget on the queue's listing with the given limits."""

    def make(*, limits: dict[str, Any], **settings: Any) -> Budget:
        return Budget(**{"name": "board", "query": "list_queue", "limits": limits} | settings)

    return make
