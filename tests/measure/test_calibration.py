"""Calibrations are kept by environment, found again, and quoted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.calibrate.sample import ENVIRONMENT, calibration, series, trial
from virtualq_core.measure.calibration import (
    Calibration,
    Series,
    digest,
    fitting_calibration,
    from_json,
    keep,
    newest_calibration,
    to_json,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_what_is_kept_comes_back_equal() -> None:
    """Through JSON, with its tuples."""
    made = calibration()

    assert from_json(json.loads(json.dumps(to_json(made)))) == made


def test_the_newest_of_the_same_environment_is_found() -> None:
    """Of several queries; another server's does not count, nor do facts that leave times as they are."""
    old = calibration()
    new = replace(old, query="find_ticket", taken_at="2026-03-02T00:00:00+00:00")
    elsewhere = replace(
        old, environment=ENVIRONMENT | {"postgres_version": "15.18"}, taken_at="2026-04-01T00:00:00+00:00"
    )
    for one in (new, old, elsewhere):
        keep(one)

    assert fitting_calibration(ENVIRONMENT | {"os": "another"}) == new
    assert newest_calibration() == elsewhere


def test_a_newer_one_takes_the_place_of_an_older() -> None:
    """One file for each query and environment, and no scraps beside it."""
    first = keep(calibration())
    second = keep(replace(calibration(), seed=2))

    assert first == second
    assert [path.name for path in first.parent.iterdir()] == [first.name]
    assert (fitting_calibration(ENVIRONMENT) or calibration()).seed == 2


@pytest.mark.parametrize(
    "change",
    [{"cores": 4}, {"cpu": "another"}, {"postgres_version": "17.2"}, {"settings": {"jit": "on"}}, {"is_remote": True}],
)
def test_what_changes_times_changes_the_environment(change: dict[str, Any]) -> None:
    """Machine, server, settings, and whether a network lies between."""
    assert digest(ENVIRONMENT | change) != digest(ENVIRONMENT)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "virtualq-calibration-0"}', '{"format": 1, "series": 1}'])
def test_a_file_of_another_version_is_passed_over(cache: Path, text: str) -> None:
    """A calibration is made anew sooner than a check fails over an old one."""
    kept = keep(calibration())
    kept.write_text(text, encoding="utf-8")

    assert fitting_calibration(ENVIRONMENT) is None
    assert list(cache.rglob("*.json")) == [kept]


def test_the_calibration_that_fits_is_chosen() -> None:
    """By the query, then by the size of the data, then by its date; each is kept beside the others."""
    small = calibration()
    large = replace(small, tickets=1_000_000, taken_at="2026-02-01T00:00:00+00:00")
    other = replace(small, query="find_ticket", taken_at="2026-05-01T00:00:00+00:00")
    for one in (small, large, other):
        keep(one)

    assert fitting_calibration(ENVIRONMENT, tickets=30_000, queries=["list_queue"]) == small
    assert fitting_calibration(ENVIRONMENT, tickets=700_000, queries=["list_queue"]) == large
    assert fitting_calibration(ENVIRONMENT, tickets=20_000) == other
    assert fitting_calibration(ENVIRONMENT, tickets=20_000, queries=["list_queue", "find_ticket"]) == other


WHICH = "list_queue, 20,000 tickets, 2026-03-01"
ALARMS = "1 of 300 false alarms (at most 1.8 %), "


@pytest.mark.parametrize(
    ("made", "tolerance", "line"),
    [
        (
            calibration(),
            0.1,
            "10 % slower found within 10 s, 95 % sure (3.1 % with that as the tolerance)",
        ),
        (
            calibration(),
            0.02,
            "2 % slower not found within 10 s, 95 % sure (3.1 % with that as the tolerance)",
        ),
        (calibration(smallest_change=None), 0.1, "10 % slower not found within 10 s, 95 % sure"),
    ],
)
def test_a_line_says_what_a_verdict_is_worth(made: Calibration, tolerance: float, line: str) -> None:
    """Both errors at the tolerance in force: how often it cries wolf, and what it does not see; and where from."""
    assert made.line(tolerance) == f"{ALARMS}{line}; {WHICH}"


def held(*tried: tuple[float, float], verdict: str = "slower", tolerance: float = 0.1) -> Series:
    """Planted trials, each with what the gate found and what the pair then showed."""
    trials = tuple(trial(verdict, ratio, after=after) for ratio, after in tried)  # type: ignore[arg-type]
    return replace(series(1.1, 1, 0), tried=trials, tolerance=tolerance)


def test_an_interval_is_held_against_what_the_pair_then_showed() -> None:
    """Each trial's against its own, on whatever side the truths lie of what was meant."""
    found = held((1.08, 1.08), (1.12, 1.125), (1.08, 1.11), (1.15, 1.11))

    assert (found.below, found.above) == (1, 1)


def test_an_interval_without_a_change_is_held_against_one() -> None:
    """There the truth is known exactly."""
    found = replace(series(1.0, 0, 3), tried=(trial("slower", 1.02), trial("not slower", 0.98), trial("not slower", 1)))

    assert (found.below, found.above) == (1, 1)


def test_the_spread_is_what_both_comparisons_of_a_trial_share() -> None:
    """Noise of each of them does not count, in whatever direction it goes."""
    noise = [(-0.01, 0.01), (0.01, 0.01), (0.01, -0.01), (-0.01, -0.01)]
    truths = [1.08, 1.12]
    noisy = held(*((truth + one, truth + other) for truth in truths for one, other in noise))
    alike = held(*((1.1 + one, 1.1 + other) for one, other in noise))

    assert noisy.spread == pytest.approx(0.0214, abs=0.002)
    assert alike.spread == pytest.approx(0, abs=1e-3)
    assert noisy.mean == pytest.approx(1.1, abs=0.001)
    low, high = noisy.known
    assert low is not None
    assert high is not None
    assert low < 1.1 < high


GOOD = [(1.1, 1.1)]


@pytest.mark.parametrize(
    ("made", "is_broken"),
    [
        (series(1.0, 1, 299), False),
        (series(1.0, 10, 290), True),
        (held(*GOOD * 60), False),
        (held(*GOOD * 50, *[(1.07, 1.1)] * 10), True),
        (held(*GOOD * 50, *[(1.13, 1.1)] * 10), True),
        (held(*GOOD * 58, (1.13, 1.1), (1.07, 1.1)), False),
        (held(*GOOD * 60, verdict="inconclusive"), False),
        (held(*GOOD * 60, verdict="not slower"), True),
        (held(*[(1.08, 1.08)] * 60, verdict="not slower"), False),
    ],
)
def test_a_promise_is_broken_where_that_is_certain(made: Series, *, is_broken: bool) -> None:
    """False alarms, intervals below or above the truth, and what is slower by the tolerance called not slower."""
    assert made.is_broken is is_broken
