"""Calibrations are kept by environment, found again, and quoted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.calibrate.sample import ENVIRONMENT, calibration
from virtualq_core.measure.calibration import (
    Calibration,
    digest,
    from_json,
    keep,
    latest_calibration,
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

    assert latest_calibration(ENVIRONMENT | {"os": "another"}) == new
    assert newest_calibration() == elsewhere


def test_a_newer_one_takes_the_place_of_an_older() -> None:
    """One file for each query and environment, and no scraps beside it."""
    first = keep(calibration())
    second = keep(replace(calibration(), seed=2))

    assert first == second
    assert [path.name for path in first.parent.iterdir()] == [first.name]
    assert (latest_calibration(ENVIRONMENT) or calibration()).seed == 2


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

    assert latest_calibration(ENVIRONMENT) is None
    assert list(cache.rglob("*.json")) == [kept]


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (calibration(), "1 of 300 false alarms (at most 1.8 %), 3.1 % slower is found within 10 s in 95 % of trials"),
        (
            calibration(smallest_change=None),
            "1 of 300 false alarms (at most 1.8 %), nothing is found within 10 s in 95 % of trials",
        ),
    ],
)
def test_a_line_says_what_a_verdict_is_worth(made: Calibration, line: str) -> None:
    """Both errors: how often it cries wolf, and what it does not see."""
    assert made.line == line
