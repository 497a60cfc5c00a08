"""What the tests of trials share: effects made of stored plans."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.measure.plan import Plan
from virtualq_core.measure.policy import TrialPolicy
from virtualq_core.measure.twin import Ratio, ReadEffect

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS = Path(__file__).parent.parent / "measure" / "plans"


@pytest.fixture
def policy() -> TrialPolicy:
    """A fifth faster is a gain, a tenth slower a loss."""
    return TrialPolicy(
        smallest_read_gain=0.2,
        smallest_write_gain=0.03,
        smallest_space_gain=0.01,
        largest_read_loss=0.1,
        largest_write_cost=0.15,
        largest_space_growth=0.1,
    )


@pytest.fixture
def read_effect() -> Callable[..., ReadEffect]:
    """A read that touches so many blocks before and after, timed as the ratio says."""
    document: dict[str, Any] = json.loads((PLANS / "index_condition.json").read_text(encoding="utf-8"))[0]

    def touching(blocks: int) -> Plan:
        top = {**document["Plan"], "Shared Hit Blocks": blocks, "Shared Read Blocks": 0}
        return Plan.parse({**document, "Plan": top})

    def make(before: int, after: int, time: tuple[float, float, float] | None = None) -> ReadEffect:
        effect = ReadEffect(
            query="list_queue", tenant_class="big", rows=10, before=touching(before), after=touching(after)
        )
        if time is None:
            return effect
        low, value, high = time
        return replace(effect, time=Ratio(value=value, low=low, high=high), before_ms=1.0, after_ms=value)

    return make
