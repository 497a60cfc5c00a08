"""A calibration on a small database, in seconds."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.calibrate import Effort, calibrate, copies
from virtualq_core.calibrate.plant import Work, planted_pair
from virtualq_core.calibrate.run import choose_case
from virtualq_core.compare import run as compared
from virtualq_core.errors import UsageError
from virtualq_core.measure.calibration import from_json, to_json
from virtualq_core.measure.paired import Estimate, estimate

if TYPE_CHECKING:
    from virtualq_core.database.server import Database
    from virtualq_core.measure.observer import Observer

SQL = content.beside(__file__, "run.sql")


def test_the_time_for_a_slowdown_grows_as_its_square() -> None:
    """An error falls with the root of the time; half the slowdown takes about four times as long to see."""
    first, second = Effort(planted=(1.10, 1.05), seconds=10).gates

    assert (first.tolerance, first.limit_s) == (0.10, 10.0)
    assert (second.tolerance, second.limit_s) == (0.05, 38.2)


@pytest.mark.parametrize(
    "effort",
    [
        {"planted": (1.1, 1.0)},
        {"planted": ()},
        {"trials": 0},
        {"planted_trials": 0},
        {"planted": (0.9,)},
        {"planted": (math.nan,)},
        {"planted": (1.1, math.inf)},
        {"planted": (1.1, 1.0001)},
        {"seconds": math.inf},
        {"seconds": 0.0},
    ],
)
def test_a_calibration_without_sense_is_refused(effort: dict[str, object]) -> None:
    """Before anything is started; a trial of hours is none either."""
    with pytest.raises(UsageError):
        Effort(**effort)  # type: ignore[arg-type]


def found(share: float, *, sure: float = 0.001) -> Estimate:
    """A slowdown, and how surely it is known."""
    return Estimate(math.log1p(share), math.log1p(share) - sure, math.log1p(share) + sure, 0.025)


def test_rows_are_planted_by_a_line_with_an_end() -> None:
    """What counting costs however few the rows are is not multiplied with them."""
    work = Work.of([(1000, found(0.052)), (2000, found(0.102)), (3000, found(0.152))], roughly=6e-5)

    assert work.overhead == pytest.approx(0.002)
    low, high = work.overhead_interval
    assert (low or 0) < 0.002 < (high or 0) < 0.006
    assert work.per_row == pytest.approx(0.05 / 1000)
    assert work.rows_for(1.102) == 2000


def test_what_is_known_more_surely_weighs_more() -> None:
    """A wild point of a stormy moment is passed by."""
    wild = found(0.3, sure=0.1)

    work = Work.of([(1000, found(0.05)), (2000, found(0.10)), (3000, found(0.15)), (4000, wild)], roughly=6e-5)

    assert work.rows_for(1.1) == pytest.approx(2000, rel=0.01)


@pytest.mark.parametrize("shares", [(0.10, 0.08), (0.10, 0.11), (-0.1, 0.4)])
def test_noise_alone_is_no_line(shares: tuple[float, float]) -> None:
    """Where more rows seem to cost less, or next to nothing, what a great effect told roughly is taken."""
    work = Work.of([(1000, found(shares[0])), (2000, found(shares[1]))], roughly=5e-5)

    assert (work.overhead, work.rows_for(1.1)) == (0.0, 2000)


def test_two_copies_are_promised_what_compare_promises() -> None:
    """The trials would prove something else otherwise."""
    assert (copies.FALSE_ALARM, copies.MISS) == (compared.FALSE_ALARM, compared.MISS)


@pytest.mark.server
@pytest.mark.slow
def test_planted_work_is_one_statement_with_one_plan(observer: Observer) -> None:
    """However many rows it counts; it slows the query, by more for more rows, on whatever machine the test is run."""
    case = choose_case(observer, "list_queue")
    with observer.as_application() as connection:
        for rows in (100, 30_000, 100_000):
            pair = planted_pair(connection, case, rows)
        statements = connection.execute(SQL["list_planted_statements"].sql).fetchall()
        slowdown = estimate(pair, limit_s=1, error=0.001, seed=2)

    assert len(statements) == 1
    assert slowdown.interval[0] > 1.2


@pytest.mark.server
@pytest.mark.slow
def test_a_calibration_counts_its_trials(dataset: Database) -> None:
    """
    Every trial ends with a verdict, a great slowdown is found, and all of it goes through JSON.

    What was planted is four times the query's own time: no machine is so noisy that intervals say less than double.
    """
    told = []
    effort = Effort(trials=4, planted_trials=4, planted=(5.0,), seconds=1.5, copies=2)

    made = calibrate(dataset, query="count_queue_by_state", effort=effort, tell=lambda done, _: told.append(done))

    same, planted, *_, pairs = made.series
    assert (same.kind, same.trials, same.planted, same.known) == ("same", 4, 1.0, (None, None))
    assert (planted.kind, planted.trials, planted.tolerance) == ("planted", 4, 4.0)
    assert (pairs.kind, pairs.trials) == ("copies", 2)
    assert planted.slower > 0
    assert planted.missed == 0
    assert 2.5 < planted.mean < 10
    assert all(one.interval[0] is None or one.interval[0] > 1 for one in planted.tried if one.verdict == "slower")
    assert planted.below + planted.above <= 1
    assert made.reaches[0].stretches == 500
    assert told == sorted(told)
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


@pytest.mark.server
@pytest.mark.slow
def test_a_query_is_asked_as_its_budget_asks_it(observer: Observer) -> None:
    """The queue that lists a thousand; without a budget, the biggest tenant."""
    assert choose_case(observer, "list_queue").tickets_in_queue == 1000
    assert choose_case(observer, "list_queue_in_state").tenant_class == "big"
