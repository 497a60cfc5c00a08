"""Pools compared: where the knee is, what is left out, and what a comparison on a server amounts to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.check import conclusion
from virtualq_core.check.ledger import OpenStage
from virtualq_core.cli.pool import run_pools, table
from virtualq_core.database.bouncer import Program
from virtualq_core.errors import EnvironmentFault
from virtualq_core.load import find_scenario, saturation, way
from virtualq_core.load.knee import find_knee, rate_of
from virtualq_core.load.saturation import PoolComparison, PoolKind, PoolPoint, compare_pools
from virtualq_core.measure.result import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

Stage = Any  # of conftest.py, which cannot be imported by name
HERE = Path(__file__).parent
STEADY = (1.0, 1.01, 0.99, 1.005, 0.995, 1.002, 0.998)


def rates(mean: float, wobble: Sequence[float] = STEADY) -> list[float]:
    """Rates of blocks about a mean."""
    return [mean * factor for factor in wobble]


def test_the_knee_is_the_smallest_size_as_good_as_the_best() -> None:
    """To five per cent; here for certain."""
    knee = find_knee({1: rates(900), 2: rates(1700), 4: rates(2900, STEADY[::-1]), 8: rates(3000), 16: rates(2950)})
    assert (knee.size, knee.low, knee.high, knee.best) == (4, 4, 4, 8)


def test_a_slow_moment_of_the_machine_moves_no_knee() -> None:
    """It falls on all sizes of its block, which are held against each other."""
    slow = (1.0, 0.3, 1.0, 0.5, 1.0, 0.8, 1.0)
    sizes = {1: 900, 2: 1700, 4: 2960, 8: 3000}
    knee = find_knee({size: [mean * factor for factor in slow] for size, mean in sizes.items()})
    assert (knee.size, knee.low, knee.high) == (4, 4, 4)


def test_a_knee_that_noise_hides_is_an_interval() -> None:
    """From the smallest size that may be it to the smallest that is good enough for certain."""
    noisy = (0.8, 1.2, 0.7, 1.3, 0.9, 1.1, 1.0)
    knee = find_knee({2: rates(2650, noisy), 4: rates(2900, noisy[::-1]), 8: rates(3000), 16: rates(2990)})
    assert knee.low == 2
    assert knee.low <= knee.size <= knee.high == 8


def test_a_size_that_got_nothing_done_is_no_knee() -> None:
    """A rate of 0 has no logarithm, and is as bad as it gets."""
    assert find_knee({1: rates(0), 2: rates(100)}).size == 2


def test_an_interval_needs_six_blocks() -> None:
    """With five the ends of 95 % are nowhere."""
    assert rate_of(rates(100)[:5])[1] is None
    centre, ends = rate_of(rates(100)[:6])
    assert ends is not None
    assert ends[0] < centre < ends[1]


def comparison() -> PoolComparison:
    """One of everything, with numbers as wide as they get."""
    points = tuple(
        PoolPoint(
            size=size,
            rate_per_s=12_345.6 * size / 32,
            interval=(12_000.0 * size / 32, 12_999.0 * size / 32),
            p50_ms=123.456,
            p99_ms=1234.567,
            pool_wait_p99_ms=1234.567,
            bouncer_wait_ms=12.34,
            bouncer_most_waiting=31,
            samples=1000,
            exhausted=1,
            failed=0,
            busy_share=0.9,
        )
        for size in (1, 32)
    )
    kinds = (
        PoolKind(name="direct", verdict="skipped", detail="not asked"),
        PoolKind(
            name="pgbouncer-transaction",
            verdict="passed",
            detail="PgBouncer 1.18.0",
            knee=32,
            knee_interval=(1, 32),
            points=points,
        ),
    )
    problem = Problem(code="tenant-leak", what="psycopg: it leaks", observed="tenant 1", next_step="set local")
    return PoolComparison(
        scenario="pools", subject="procedural", clients=32, blocks=6, turn_s=1.0, kinds=kinds, problems=(problem,)
    )


def test_the_table_fits_eighty_columns() -> None:
    """With the knee marked, what was skipped named, and PgBouncer's own waits."""
    lines = list(table(comparison()))
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    text = "\n".join(lines)
    for part in (
        "32*",
        "tenant-leak",
        "direct: skipped, not asked",
        "knee at 32, between 1 and 32",
        "1: 12.3, 32: 12.3",
    ):
        assert part in text


def test_the_results_of_a_check_carry_it() -> None:
    """Also where nothing could be compared: then each kind is skipped, with the reason."""
    assert conclusion.pools(comparison()).kinds[1].points[1].size == 32
    empty = conclusion.unpooled("procedural", EnvironmentFault("too few connections", observed="3 free"))
    assert {(kind.verdict, kind.detail) for kind in empty.kinds} == {("skipped", "too few connections: 3 free")}


def test_a_check_fails_by_a_pool_that_leaks_and_tells_the_knees() -> None:
    """In the stage of the load, beside its own line."""
    stage = OpenStage("load", summary="100 transitions/s")
    conclusion.conclude_pools(stage, comparison())
    assert (stage.verdict, [problem.code for problem in stage.problems]) == ("failed", ["tenant-leak"])
    assert stage.summary == "100 transitions/s; pools' knees for 32 clients: pgbouncer-transaction 32"
    sound = OpenStage("load", summary="…")
    conclusion.conclude_pools(sound, replace(comparison(), problems=()))
    assert sound.verdict == "passed"


@pytest.mark.server
@pytest.mark.slow
def test_kinds_and_sizes_take_turns_and_leave_a_true_history(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind that is there is measured in each size, PgBouncer is skipped by name where it is missing."""
    monkeypatch.setattr(saturation, "find_program", lambda: None)
    code = run_pools(
        stage.database,
        find_scenario("pools"),
        subject="procedural",
        clients=2,
        duration_s=0.15,
        seed=1,
        as_json=True,
    )
    assert code == 0
    told = json.loads(capsys.readouterr().out)["pools"]
    kinds = {kind["name"]: kind for kind in told["kinds"]}
    assert [point["size"] for point in kinds["direct"]["points"]] == [2]
    for name in ("psycopg", "sqlalchemy"):
        points = kinds[name]["points"]
        assert [point["size"] for point in points] == [1, 2]
        assert all(point["samples"] > 0 and point["failed"] == 0 and point["rate_per_s"] > 0 for point in points)
        assert all(point["pool_wait_p99_ms"] > 0 and 0 < point["busy_share"] < 2 for point in points)
        assert kinds[name]["knee"] in {1, 2}
        assert kinds[name]["proofs"] == 4
    for name in ("pgbouncer-session", "pgbouncer-transaction"):
        assert (kinds[name]["verdict"], kinds[name]["detail"]) == ("skipped", "missing: PgBouncer")


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.requires("pgbouncer")
def test_pgbouncer_takes_its_turns_too(stage: Stage) -> None:
    """In both modes; it tells how long clients waited in it."""
    found = compare_pools(stage.database, clients=4, sizes=(1, 2), turn_s=0.2, blocks=2)
    assert found.verdict == "passed", found.problems
    kinds = {kind.name: kind for kind in found.kinds}
    for name in ("pgbouncer-session", "pgbouncer-transaction"):
        kind = kinds[name]
        assert [point.size for point in kind.points] == [1, 2]
        assert all(point.samples > 0 and point.failed == 0 and point.exhausted == 0 for point in kind.points)
        assert all(point.bouncer_wait_ms is not None and point.bouncer_wait_ms > 0 for point in kind.points)
        assert kind.detail.startswith("PgBouncer ")


@pytest.mark.server
@pytest.mark.slow
def test_a_pool_that_leaks_fails_the_comparison(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not even measured; what has no pool still is."""
    monkeypatch.setattr(saturation, "find_program", lambda: None)
    subject = str(HERE / "clinging.py")
    found = compare_pools(stage.database, subject=subject, clients=2, sizes=(1,), turn_s=0.15, blocks=1)
    assert found.verdict == "failed"
    assert {problem.code for problem in found.problems} == {"tenant-leak"}
    verdicts = {kind.name: kind.verdict for kind in found.kinds}
    assert (verdicts["direct"], verdicts["psycopg"], verdicts["sqlalchemy"]) == ("passed", "failed", "failed")


@pytest.mark.server
@pytest.mark.slow
def test_a_role_that_may_make_no_login_skips_pgbouncer_with_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are measured all the same."""

    def refused(*_: object) -> None:
        raise EnvironmentFault("the role lacks a right", observed="permission denied to create role")

    monkeypatch.setattr(saturation, "find_program", lambda: Program(Path("pgbouncer"), "1.24.1"))
    monkeypatch.setattr(way, "run_login", refused)
    found = compare_pools(stage.database, clients=2, sizes=(1,), turn_s=0.15, blocks=1)
    kinds = {kind.name: kind for kind in found.kinds}
    for name in ("pgbouncer-session", "pgbouncer-transaction"):
        assert kinds[name].verdict == "skipped"
        assert kinds[name].detail == "the role lacks a right: permission denied to create role"
    assert kinds["psycopg"].points[0].samples > 0
