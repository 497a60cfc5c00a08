"""What a machine holds: arithmetic on costs that saved results tell."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.report.sample import passed
from tests.scale.sample import SOUND, sweep
from virtualq_core.cli import app
from virtualq_core.errors import ExitCode, UsageError
from virtualq_core.report.document import write
from virtualq_core.scale.advice import render
from virtualq_core.scale.capacity import UTILISATION, Demand, Machine, limits
from virtualq_core.scale.costs import Costs, read_costs
from virtualq_core.scale.page import write_pages

if TYPE_CHECKING:
    from pathlib import Path

COSTS = Costs(
    cores=2,
    memory_bytes=8 * 2**30,
    transitions_per_s=1000.0,
    core_s=0.001,
    log_bytes=2000.0,
    alone_s=0.0005,
    steps=4.0,
    ticket_bytes=1000.0,
    step_bytes=250.0,
    index_bytes=600.0,
    key_bytes=150.0,
    tickets_per_tenant=50_000.0,
)
MACHINE = Machine(cores=8, memory_bytes=60 * 10**9, disk_bytes=10**12)
DEMAND = Demand(tickets_per_day=100_000, peak=5)


def limit(name: str, machine: Machine = MACHINE, costs: Costs = COSTS, demand: Demand = DEMAND):  # type: ignore[no-untyped-def] # noqa: ANN201
    """The limit of that name."""
    [found] = [one for one in limits(machine, costs, demand) if one.name == name]
    return found


def test_each_limit_is_the_arithmetic_that_it_says() -> None:
    """By hand, from the costs above."""
    assert limit("cores").holds == pytest.approx(8 * UTILISATION / 0.001)
    assert limit("one ticket").holds == pytest.approx(2000)
    assert limit("disk").holds == pytest.approx(0.7e12 / 2000)
    assert limit("disk").reached_days == pytest.approx(0.7e12 / 2000 / 100_000)
    assert limit("memory").holds == pytest.approx(45e9 / 600)
    assert limit("operation ids").holds == pytest.approx(45e9 / 150)
    assert limit("freezing").holds == pytest.approx(200e6 / 400_000)
    assert limit("log").holds == pytest.approx(100_000 * 4 * 5 / 86_400 * 2000)


@pytest.mark.parametrize(
    ("change", "name"),
    [({"cores": 16}, "cores"), ({"disk_bytes": 2 * 10**12}, "disk"), ({"memory_bytes": 120 * 10**9}, "memory")],
)
def test_twice_the_machine_holds_twice_as_much(change: dict[str, int], name: str) -> None:
    """Of that which it has twice of; nothing else changes."""
    before = {one.name: one.holds for one in limits(MACHINE, COSTS, DEMAND)}
    after = {one.name: one.holds for one in limits(dataclasses.replace(MACHINE, **change), COSTS, DEMAND)}
    grown = {one for one in before if after[one] != pytest.approx(before[one])}
    assert grown == ({"memory", "operation ids"} if name == "memory" else {name})
    assert after[name] == pytest.approx(2 * before[name])


def test_what_is_exceeded_comes_first() -> None:
    """Then what is reached first; what time has no part in comes last."""
    asked = Demand(tickets_per_day=30_000_000, peak=5)
    found = limits(MACHINE, COSTS, asked)
    assert found[0].name == "cores"
    assert found[0].is_exceeded
    days = [one.reached_days for one in found[1:]]
    known = [one for one in days if one is not None]
    assert known == sorted(known)
    assert days == [*known, *[None] * (len(days) - len(known))]


def test_every_line_fits_a_terminal() -> None:
    """And every limit says where it comes from and what helps."""
    text = render(MACHINE, COSTS, DEMAND, limits(MACHINE, COSTS, DEMAND), is_markdown=False)
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("  because ") == text.count("  helps ") == 8
    table = render(MACHINE, COSTS, DEMAND, limits(MACHINE, COSTS, DEMAND), is_markdown=True)
    assert table.count("\n| ") == 9


def test_the_command_reads_what_check_and_growth_saved(tmp_path: Path) -> None:
    """And exits 1 where the demand is beyond the machine."""
    write(passed(), tmp_path / "results.json")
    write_pages(sweep(**SOUND), tmp_path)
    saved = ["--results", str(tmp_path / "results.json"), "--growth", str(tmp_path / "growth.json")]
    sized = ["--cores", "8", "--memory-gib", "32", "--disk-gib", "500"]
    told = CliRunner().invoke(app, ["capacity", *saved, *sized, "--json"])
    assert told.exit_code == ExitCode.PASSED, told.output
    document = json.loads(told.stdout)
    assert document["machine"] == {"cores": 8, "memory_bytes": 32 * 2**30, "disk_bytes": 500 * 2**30}
    assert document["costs"]["steps"] == pytest.approx(4)
    assert {one["name"] for one in document["limits"]} >= {"cores", "disk", "log"}
    asked = CliRunner().invoke(app, ["capacity", *saved, *sized, "--tickets-per-day", "1e9"])
    assert asked.exit_code == ExitCode.FAILED
    assert "exceeded" in asked.stdout


def test_results_without_a_load_are_refused() -> None:
    """They do not say what a transition costs."""
    results = dataclasses.replace(passed(), load=None)
    with pytest.raises(UsageError, match="what a transition costs"):
        read_costs(results, sweep(**SOUND))
