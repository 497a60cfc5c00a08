"""What the tests of comparisons share: stored plans, a policy, and results with plans that can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.measure.policy import ComparePolicy
from virtualq_core.measure.result import BudgetResult, PlanResult
from virtualq_core.report.results import Dataset, Results, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS = Path(__file__).parent.parent / "measure" / "plans"


@pytest.fixture
def policy() -> ComparePolicy:
    """A tenth of time, a fiftieth of blocks and log."""
    return ComparePolicy(
        largest_read_loss=0.1, largest_block_growth=0.02, largest_write_cost=0.25, largest_log_growth=0.02
    )


def document(name: str, blocks: int) -> dict[str, Any]:
    """A stored plan that touches so many blocks."""
    stored: dict[str, Any] = json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))[0]
    return {**stored, "Plan": {**stored["Plan"], "Shared Hit Blocks": blocks, "Shared Read Blocks": 0}}


@pytest.fixture
def saved() -> Callable[..., Results]:
    """Results of one query with one plan, two figures and one percentile."""

    def make(
        *,
        plan: str = "index_condition",
        blocks: int = 100,
        log_bytes: float = 1000.0,
        p99: tuple[float, float, float] = (4.9, 5.0, 5.1),
        cpu: str = "one",
        work_mem: str = "4MB",
        data: str = "a" * 64,
    ) -> Results:
        low, observed, high = p99
        common = {"name": "board", "verdict": "passed", "query": "list_queue"}
        return Results(
            virtualq_version="0.1.0",
            started_at="2026-03-01T09:14:07+00:00",
            command=(),
            duration_s=1.0,
            environment={"cpu": cpu, "cores": 2, "postgres_version": "18.6", "settings": {"work_mem": work_mem}},
            profile="smoke",
            seed=1,
            stages=(Stage(name="plans", verdict="passed", duration_s=1.0),),
            dataset=Dataset(hash=data, tickets=20_000),
            plans=(
                PlanResult(
                    query="list_queue",
                    verdict="passed",
                    parameters={"tenant_class": "big"},
                    plan=document(plan, blocks),
                ),
            ),
            budgets=(
                BudgetResult(**common, metric="max_wal_bytes", observed=log_bytes, limit=3000.0, unit="bytes"),  # type: ignore[arg-type]
                BudgetResult(
                    **common,  # type: ignore[arg-type]
                    metric="p99_ms",
                    observed=observed,
                    limit=100.0,
                    unit="ms",
                    interval=(low, high),
                ),
            ),
        )

    return make
