"""What the guarantees cost: the same moves with less and less behind them, in blocks of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.guarantee.run import measure_guarantees

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.benchmark(group="cost of guarantees, in alternation")]
LIMIT_S = 15.0


def test_what_the_guarantees_cost(dataset_copy: Database, benchmark: Callable[..., object]) -> None:
    """Each ratio with its interval and its target; one call for many tickets costs no more than many calls."""
    found = benchmark.pedantic(  # type: ignore[attr-defined]
        measure_guarantees, args=(dataset_copy,), kwargs={"limit_s": LIMIT_S}, rounds=1
    )

    benchmark.extra_info |= {  # type: ignore[attr-defined]
        f"{one.name}_over_{one.reference}": {
            "ratio": one.ratio,
            "interval": one.interval,
            "target": one.target,
            "verdict": one.verdict,
            "blocks": one.blocks,
        }
        for one in found
    }
    measured = {(one.name, one.reference): one for one in found if one.verdict != "skipped"}
    for pair in (("procedural", "orm"), ("bulk", "loop")):
        assert measured[pair].interval[1] > 1
