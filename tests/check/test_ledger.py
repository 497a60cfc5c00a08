"""A stage that fails, breaks or cannot run is told by name, and never stops the others."""

from __future__ import annotations

import logging

import psycopg
import pytest

from virtualq_core.check.ledger import CannotRun, Ledger, Silence
from virtualq_core.errors import EnvironmentFault
from virtualq_core.measure.result import Problem


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger that nobody listens to."""
    return Ledger(Silence())


def test_a_stage_passes_by_default(ledger: Ledger) -> None:
    """A body that ends without complaint has passed."""
    with ledger.stage("plans") as stage:
        stage.summary = "as demanded"

    assert [(each.name, each.verdict, each.summary) for each in ledger.stages] == [("plans", "passed", "as demanded")]


def test_a_problem_fails_its_stage(ledger: Ledger) -> None:
    """A problem of the database under test makes the stage failed, not error."""
    with ledger.stage("plans") as stage:
        stage.fail(Problem(code="plan", what="no index"))

    assert ledger.verdict("plans") == "failed"


def test_an_error_of_ours_is_told_in_its_four_parts(ledger: Ledger) -> None:
    """A VirtualQError ends the stage as error, and its parts are the problem's."""
    with ledger.stage("environment"):
        raise EnvironmentFault("no disk", observed="1 MiB", expected="1 GiB", next_step="make room")

    [stage] = ledger.stages
    assert stage.verdict == "error"
    assert stage.problems == (
        Problem(code="environment", what="no disk", observed="1 MiB", expected="1 GiB", next_step="make room"),
    )


def test_a_servers_error_is_told_without_a_traceback(ledger: Ledger) -> None:
    """What the server refuses ends the stage as error, with its SQLSTATE."""
    with ledger.stage("seed"):
        raise psycopg.errors.DiskFull("no space left on device")

    [stage] = ledger.stages
    assert (stage.verdict, stage.problems[0].observed) == ("error", "SQLSTATE 53100")


def test_a_defect_does_not_stop_later_stages(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen exception ends its own stage as error, is logged with its traceback, and the next stage runs."""
    with caplog.at_level(logging.ERROR), ledger.stage("plans"):
        raise ZeroDivisionError("ours")
    with ledger.stage("budgets"):
        pass

    assert [each.verdict for each in ledger.stages] == ["error", "passed"]
    assert "ZeroDivisionError" in caplog.text


def test_a_stage_without_ground_is_skipped_by_name(ledger: Ledger) -> None:
    """A stage whose ground is missing says so and is skipped."""
    with ledger.stage("load"):
        raise CannotRun("there are no data")

    [stage] = ledger.stages
    assert (stage.verdict, stage.summary) == ("skipped", "there are no data")


def test_ctrl_c_is_not_swallowed(ledger: Ledger) -> None:
    """An interruption ends the check and is not mistaken for a stage's failure."""
    with pytest.raises(KeyboardInterrupt), ledger.stage("load"):
        raise KeyboardInterrupt
