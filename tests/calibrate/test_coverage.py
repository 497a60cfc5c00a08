"""Calibration on simulated machines: trials are held against what their own pairs show, and that is a test."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from tests.measure.machine import Machine, observe
from virtualq_core.calibrate.run import _Found, _trial
from virtualq_core.measure.calibration import Series
from virtualq_core.measure.paired import Gate, Judgement, Pair, block
from virtualq_core.measure.paired.block import run_blocks
from virtualq_core.measure.paired.gate import judge_blocks
from virtualq_core.measure.quantile import TAIL

SEED = 20251112
PLANTED = 1.3
SPREAD = 0.08
GATE = Gate(tolerance=0.3, limit_s=10.0, false_alarm=0.005, miss=0.01)


def tried(monkeypatch: pytest.MonkeyPatch, *, narrowed: float = 1.0) -> Series:
    """
    A hundred trials of a slowdown that is another one on each machine, each of which then runs on.

    The gate's limits can be `narrowed` about its estimate, as those of a broken one are.
    """
    draw = random.Random(SEED)
    trials = []
    for number in range(100):
        machine, truth = Machine(SEED + number), PLANTED + draw.gauss(0, SPREAD)
        monkeypatch.setattr(block, "time", machine)
        pair = Pair(
            lambda _, machine=machine: machine.request("baseline", 1.0),  # type: ignore[misc]
            lambda _, machine=machine, truth=truth: machine.request("candidate", truth),  # type: ignore[misc]
        )
        judgement = judge_blocks(run_blocks(pair, limit_s=GATE.limit_s, draw=draw), GATE)
        ends = _narrowed(judgement, narrowed)
        after = observe(pair, limit_s=GATE.limit_s, error=TAIL, draw=draw)
        trials.append(_trial(_Found(replace(judgement, interval=ends), after=after)))
    return Series(
        kind="planted",
        planted=PLANTED,
        tolerance=GATE.tolerance,
        limit_s=GATE.limit_s,
        false_alarm=GATE.false_alarm,
        miss=GATE.miss,
        tried=tuple(trials),
    )


def _narrowed(judgement: Judgement, by: float) -> tuple[float | None, float | None]:
    low, high = (None if end is None else judgement.ratio * (end / judgement.ratio) ** by for end in judgement.interval)
    return low, high


def test_a_sound_gate_keeps_its_promises_though_truths_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean and the spread of what was planted come out, too."""
    found = tried(monkeypatch)

    assert not found.is_broken, f"seed {SEED}"
    four_errors = 4 * SPREAD / math.sqrt(len(found.tried))
    assert found.mean == pytest.approx(PLANTED, abs=four_errors), f"seed {SEED}"
    low, high = found.known
    assert (high or math.inf) - (low or 0) < 1.5 * four_errors, f"seed {SEED}"
    assert found.spread == pytest.approx(SPREAD, rel=0.3), f"seed {SEED}"


def test_intervals_that_are_too_narrow_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of their width holds the truth for certain less often than is promised."""
    assert tried(monkeypatch, narrowed=0.1).is_broken, f"seed {SEED}"
