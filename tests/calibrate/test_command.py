"""`virtualq calibrate`, as a process of its own and by its exit codes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.calibrate.sample import calibration, trial
from virtualq_core.cli import calibrate as command
from virtualq_core.cli.calibrate import app
from virtualq_core.database import provider
from virtualq_core.measure.calibration import keep

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Database
    from virtualq_core.measure.paired import GateVerdict

BOUND_S = 120


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("VIRTUALQ_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.server
@pytest.mark.slow
def test_it_runs_keeps_and_shows(dataset: Database, cache: Path) -> None:
    """The figures go to stdout and into the cache folder, whose newest can be shown again as a page."""
    few = ("--trials", "3", "--planted-trials", "3", "--planted", "5", "--seconds", "1.5")
    words = [sys.executable, "-m", "virtualq_core.cli", "calibrate"]
    made = subprocess.run(
        [*words, *few, "--query", "count_queue_by_state", "--database-url", dataset.dsn],
        capture_output=True,
        text=True,
        check=False,
        timeout=BOUND_S,
    )

    assert made.returncode in {0, 3}, made.stderr
    [kept] = cache.rglob("*.json")
    assert "-count_queue_by_state-" in kept.name
    assert str(kept) in made.stderr
    assert "400 % slower, found within 1.5 s" in made.stdout
    assert "planted in truth: " in made.stdout
    shown = CliRunner().invoke(app, ["--last", "--markdown"])
    assert shown.stdout.startswith("# Trust")


@pytest.mark.parametrize(("alarms", "found", "code"), [(0, 60, 0), (3, 57, 0), (10, 60, 1), (0, 56, 3), (10, 20, 1)])
def test_the_exit_code_says_whether_the_gate_keeps_its_promise(alarms: int, found: int, code: int) -> None:
    """Failed where it cries wolf for certain, inconclusive where the machine is too noisy for its time."""
    keep(calibration(alarms=alarms, found=found))

    shown = CliRunner().invoke(app, ["--last"], standalone_mode=False)

    assert shown.return_value == code


@pytest.mark.parametrize(("ratio", "verdict"), [(1.07, "slower"), (1.13, "slower"), (1.1, "not slower")])
def test_the_exit_code_says_that_slowdowns_are_missed_and_intervals_do_not_hold(
    ratio: float, verdict: GateVerdict
) -> None:
    """Whatever is found: of what is slower by the tolerance, not one in a hundred may be called not slower."""
    made = calibration(found=60)
    planted = replace(made.planted[0], tried=(trial(verdict, ratio, after=1.1),) * 60)
    keep(replace(made, series=(made.same, planted)))

    shown = CliRunner().invoke(app, ["--last"], standalone_mode=False)

    assert shown.return_value == 1


def test_what_cannot_be_kept_is_shown(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trials of a quarter of an hour are not lost to a folder that cannot be written."""
    (cache / "calibrations").write_text("a file, where a folder should be", encoding="utf-8")
    monkeypatch.setattr(command, "_run", lambda *_: calibration())
    monkeypatch.setattr(provider, "provide", lambda **_: nullcontext())

    shown = CliRunner().invoke(app, [], standalone_mode=False)

    assert "1 of 300" in shown.stdout
    assert "not kept" in shown.stderr
    assert shown.return_value == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--last"], "no calibration is kept here"),
        (["--planted", "much"], "'much' are no ratios"),
        (["--planted", "0.9"], "more than 1"),
        (["--planted", "nan"], "more than 1"),
        (["--planted", "1.1,inf"], "more than 1"),
        (["--planted", "1.1,1.00001"], "too long"),
        (["--query", "list_queu"], "no query named 'list_queu'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_server_is_started(arguments: list[str], said: str) -> None:
    """As a usage error."""
    refused = CliRunner().invoke(app, arguments, standalone_mode=False)

    assert said in str(refused.exception)
