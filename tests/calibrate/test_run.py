"""A calibration on a small database, in seconds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from virtualq_core.calibrate import Effort, calibrate
from virtualq_core.calibrate.plant import Work, measure_work, planted_pair
from virtualq_core.calibrate.run import choose_case
from virtualq_core.errors import UsageError
from virtualq_core.measure.calibration import from_json, to_json
from virtualq_core.measure.paired import estimate

if TYPE_CHECKING:
    from virtualq_core.database.server import Database
    from virtualq_core.measure.observer import Observer


def test_the_time_for_a_slowdown_grows_as_its_square() -> None:
    """An error falls with the root of the time; half the slowdown takes about four times as long to see."""
    first, second = Effort(planted=(1.10, 1.05), seconds=10).gates

    assert (first.tolerance, first.limit_s) == (0.10, 10.0)
    assert (second.tolerance, second.limit_s) == (0.05, 38.2)


@pytest.mark.parametrize(
    "effort", [{"planted": (1.1, 1.0)}, {"planted": ()}, {"trials": 0}, {"planted_trials": 0}, {"planted": (0.9,)}]
)
def test_a_calibration_without_sense_is_refused(effort: dict[str, object]) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError):
        Effort(**effort)  # type: ignore[arg-type]


def test_rows_are_planted_in_proportion() -> None:
    """A tenth of what triples the query makes it a fifth slower, known as surely in proportion."""
    work = Work(rows=1000, ratio=3.0, interval=(2.9, 3.2))

    assert work.rows_for(1.2) == 100
    assert work.known(1.2) == pytest.approx((1.19, 1.22))


@pytest.mark.server
@pytest.mark.slow
def test_planted_work_slows_the_query_by_as_much_as_was_asked(observer: Observer) -> None:
    """Within half of it, on whatever machine the test is run: both were measured in the same minute."""
    case = choose_case(observer, "list_queue")
    with observer.as_application() as connection:
        work = measure_work(connection, case, limit_s=2, seed=1)
        pair = planted_pair(connection, case, work.rows_for(2.0))
        found = estimate([pair], limit_s=2, error=0.005, seed=2)

    low, high = found.interval
    assert low < 2.5
    assert high > 1.5


@pytest.mark.server
@pytest.mark.slow
def test_a_calibration_counts_its_trials(dataset: Database) -> None:
    """Every trial ends with a verdict, a great slowdown is found, and all of it goes through JSON."""
    told = []
    effort = Effort(trials=3, planted_trials=2, planted=(2.5,), seconds=1.5)

    found = calibrate(dataset, query="count_queue_by_state", effort=effort, tell=lambda done, _: told.append(done))

    same, planted = found.series
    assert (same.trials, same.planted, same.known) == (3, 1.0, None)
    assert (planted.trials, planted.planted, planted.tolerance) == (2, 2.5, 1.5)
    assert planted.not_slower == 0
    assert found.reaches[0].stretches == 500
    assert told == [0, 1, 2, 3, 4, 5]
    assert from_json(json.loads(json.dumps(to_json(found)))).series == found.series


@pytest.mark.server
@pytest.mark.slow
def test_a_query_is_asked_as_its_budget_asks_it(observer: Observer) -> None:
    """The queue that lists a thousand; without a budget, the biggest tenant."""
    assert choose_case(observer, "list_queue").tickets_in_queue == 1000
    assert choose_case(observer, "list_queue_in_state").tenant_class == "big"
