"""What stretches of a recording foretell, against a machine whose noise is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from virtualq_core.calibrate.reach import Stretches, smallest_found
from virtualq_core.measure.paired import Block, Gate
from virtualq_core.measure.paired.block import Round
from virtualq_core.measure.paired.gate import Look

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 20251112
BLOCK_S = 0.05
NOISE = 0.1


def recording(trials: int, blocks: int) -> list[list[Block]]:
    """Normal noise of a tenth a block, which is one round, and 50 ms a block."""
    return recorded(np.random.default_rng(SEED).normal(0, NOISE, (trials, blocks)))


def recorded(ratios: NDArray[np.float64]) -> list[list[Block]]:
    """Trials with these log-ratios, each a round and a block."""
    return [
        [Block(round_.log_ratio, round_.end_s, (round_,)) for round_ in rounds]
        for rounds in ([Round(float(one), BLOCK_S * (at + 1)) for at, one in enumerate(trial)] for trial in ratios)
    ]


def test_the_smallest_change_is_what_the_noise_allows() -> None:
    """Of 200 blocks the standard error is a fourteenth of the noise; 2.8 of them for the alarm, 1.6 for the power."""
    reach = Stretches.of(recording(20, 80), Gate(limit_s=10.0), stretches=300, seed=SEED).reach()

    standard_error = NOISE / math.sqrt(200)
    assert reach.smallest_change == pytest.approx(math.expm1((2.81 + 1.64) * standard_error), rel=0.12)
    low, high = reach.interval
    assert (low or 0) <= (reach.smallest_change or 0) <= (high or math.inf)
    assert (reach.stretches, reach.independent, reach.limit_s) == (300, 8, 10.0)


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


def test_stretches_that_saw_one_storm_count_as_one() -> None:
    """The worst all begin in a tenth of the recording: then its length counts, and leaves the upper end open."""
    storm = np.where(np.arange(20) < 2, 10, 1)[:, None]
    stormy = recorded(np.random.default_rng(SEED).normal(0, NOISE, (20, 80)) * storm)
    gate = Gate(limit_s=4.0)

    calm = Stretches.of(recording(20, 80), gate, stretches=300, seed=SEED).reach()
    worse = Stretches.of(stormy, gate, stretches=300, seed=SEED).reach()

    assert None not in calm.interval
    assert (worse.independent, worse.interval[1]) == (20, None)


def test_the_interval_holds_what_longer_recordings_find() -> None:
    """Where the weather differs from piece to piece, which stretches that overlap share, it is wide enough for that."""
    gate = Gate(limit_s=1.0)
    draw = np.random.default_rng(SEED)

    def stormy(pieces: int) -> list[list[Block]]:
        storm = np.exp(draw.normal(0, 0.5, (pieces, 1)))
        return recorded(draw.normal(0, NOISE, (pieces, 20)) * storm)

    truth = Stretches.of(stormy(800), gate, stretches=1_000, seed=SEED).reach().smallest_change
    assert truth is not None
    held = 0
    for trial in range(20):
        low, high = Stretches.of(stormy(25), gate, stretches=80, seed=trial).reach().interval
        held += (low or 0) <= truth <= (high or math.inf)

    assert held >= 16, f"seed {SEED}"


def test_stretches_are_gathered_as_their_own_gate_gathers() -> None:
    """Forty seconds make blocks of forty milliseconds, though the recording's are of five."""
    quick = np.random.default_rng(SEED).normal(0, NOISE, 4_000)
    rounds = [Round(float(one), 0.005 * (at + 1)) for at, one in enumerate(quick)]
    blocks = [Block(one.log_ratio, one.end_s, (one,)) for one in rounds]

    stretches = Stretches.of([blocks], Gate(limit_s=40.0), stretches=1, seed=SEED)

    assert 850 < stretches.looks[0][-1].blocks <= 1_000


def test_a_change_that_differs_from_trial_to_trial_is_found_less_surely() -> None:
    """Where nearly all would be found, some are now too small; where half would, about half still are."""
    stretches = Stretches.of(recording(20, 80), Gate(tolerance=0.05, limit_s=10.0), stretches=300, seed=SEED)

    assert stretches.called_slower(1.06) > 290
    assert 150 < stretches.called_slower(1.06, spread=0.03) < 290
