"""What stretches of a recording foretell, against a machine whose noise is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from virtualq_core.calibrate.reach import Stretches, smallest_found
from virtualq_core.measure.paired import Block, Gate
from virtualq_core.measure.paired.gate import Look

SEED = 20251112
BLOCK_S = 0.05
NOISE = 0.1


def recording(trials: int, blocks: int) -> list[list[Block]]:
    """Normal noise of a tenth a block, and 50 ms a block."""
    draw = np.random.default_rng(SEED)
    return [
        [Block(float(draw.normal(0, NOISE)), BLOCK_S * (number + 1)) for number in range(blocks)] for _ in range(trials)
    ]


def test_the_smallest_change_is_what_the_noise_allows() -> None:
    """Of 200 blocks the standard error is a fourteenth of the noise; 2.8 of them for the alarm, 1.6 for the power."""
    reach = Stretches.of(recording(20, 80), Gate(limit_s=10.0), stretches=300, seed=SEED).reach()

    standard_error = NOISE / math.sqrt(200)
    assert reach.smallest_change == pytest.approx(math.expm1((2.81 + 1.64) * standard_error), rel=0.12)
    low, high = reach.interval
    assert (low or 0) <= (reach.smallest_change or 0) <= (high or math.inf)
    assert (reach.stretches, reach.limit_s) == (300, 10.0)


def test_stretches_raise_as_few_false_alarms_as_the_gate_promises() -> None:
    """Their coins are tossed anew."""
    gate = Gate(limit_s=5.0, false_alarm=0.05)

    stretches = Stretches.of(recording(10, 50), gate, stretches=300, seed=SEED)

    assert stretches.called_slower(1.0) <= 300 * 0.05 + 3 * math.sqrt(300 * 0.05 * 0.95)
    assert stretches.called_slower(1.1) > 250


def test_a_recording_that_is_too_short_is_gone_round_again() -> None:
    """The gate's time is filled."""
    stretches = Stretches.of(recording(1, 30), Gate(limit_s=4.0), stretches=3, seed=SEED)

    assert all(seen[-1].end_s == pytest.approx(4.0, abs=1.5 * BLOCK_S) for seen in stretches.looks)


def look(low: float, high: float) -> Look:
    """A look with these limits."""
    return Look((low + high) / 2, low, high, 50, 1.0)


@pytest.mark.parametrize(
    ("seen", "smallest"),
    [
        ([look(-0.2, 0.3), look(-0.05, 0.04)], math.expm1(0.05)),
        ([look(-0.05, 0.3), look(-0.2, 0.04)], math.expm1(0.05)),
        ([look(-0.2, 0.3), look(-0.05, -0.01)], math.expm1(0.2)),
        ([look(0.01, 0.3)], 0.0),
        ([look(-0.3, -0.1)], math.inf),
        ([look(-math.inf, math.inf)], math.inf),
    ],
)
def test_a_change_is_found_by_the_best_look_before_it_is_missed(seen: list[Look], smallest: float) -> None:
    """A lower limit so far below no change needs a change as great; an upper one below it misses any."""
    assert smallest_found(seen) == pytest.approx(smallest)


def test_nothing_found_is_said() -> None:
    """With too few blocks there is no smallest change."""
    reach = Stretches.of(recording(1, 5), Gate(limit_s=0.2), stretches=10, seed=SEED).reach()

    assert (reach.smallest_change, reach.interval) == (None, (None, None))
