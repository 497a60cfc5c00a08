"""Scenarios say what they mean, or are refused with the nearest thing that could have been meant."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.operation import Kind
from virtualq_core.load.arrival import ScenarioFault
from virtualq_core.load.scenario import (
    Fault,
    find_scenario,
    override,
    scenario_from,
    scenario_names,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_can_be_read(name: str) -> None:
    """And carries its file's name."""
    assert find_scenario(name).name == name


def test_every_kind_of_operation_is_a_task_of_the_locustfile() -> None:
    """So that no weight of a mix is without effect."""
    text = (content.folder("loadtests") / "transitions.py").read_text(encoding="utf-8")
    assert set(re.findall(r'share\("(\w+)"\)', text)) == {kind.word for kind in Kind}


def test_what_is_given_replaces_what_the_scenario_says() -> None:
    """And nothing else; a rate makes an open loop of it."""
    scenario = find_scenario("check")
    changed = override(scenario, clients=3, rate_per_s=70.0, latency_ms=40.0, pool_mode="psycopg", pool_size=2)
    assert (changed.clients, changed.arrival.rate_per_s, changed.arrival.is_open) == (3, 70.0, True)
    assert (changed.limit.latency_ms, changed.limit.max_late_share) == (40.0, scenario.limit.max_late_share)
    assert (changed.pool.mode, changed.pool.size) == ("psycopg", 2)
    assert override(scenario) == scenario


@pytest.mark.parametrize("name", ["check", "hot_tenant", "lunch_rush"])
def test_a_scenario_survives_its_way_to_another_process(name: str) -> None:
    """It goes there as JSON, with its faults."""
    scenario = replace(find_scenario(name), faults=(Fault(kind="stall", at_s=1, for_s=2),))
    assert scenario_from(json.loads(json.dumps(asdict(scenario))), "plan.json") == scenario


def test_one_s_own_scenario_is_found_by_its_path(tmp_path: Path) -> None:
    """The defaults fill what it leaves out."""
    path = tmp_path / "mine.toml"
    path.write_text("clients = 3\n[mix]\nread = 1\n", encoding="utf-8")
    scenario = find_scenario(str(path))
    assert (scenario.name, scenario.clients, scenario.mix.read, scenario.mix.transition) == ("mine", 3, 1, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("client = 3\n[mix]\nread = 1", r"unknown key 'client'[\s\S]*did you mean 'clients'"),
        ("[mix]\ntransitions = 1", r"\[mix\]: unknown key 'transitions'[\s\S]*did you mean 'transition'"),
        ("clients = 3", "'mix' is missing"),
        ("[mix]\nread = 0", "the mix of 'mine' is empty"),
        ("clients = 0\n[mix]\nread = 1", "a load has clients; observed 0"),
        ("duration_s = 0\n[mix]\nread = 1", "a load takes time"),
        ("[mix]\nread = -1", "'read' does not fit; observed -1; expected a whole number, not negative"),
        ("[mix]\nread = true", "'read' does not fit; observed True"),
        ("[mix]\nread = 1.5", "'read' does not fit"),
        ("mix = 3", "'mix' is a table"),
        ("[contention]\nhot_share = 1.5\n[mix]\nread = 1", "'hot_share' of 'mine' is no share; observed 1.5"),
        ("[mix\nread = 1", "mine.toml is not TOML"),
        ("[arrival]\nrate_per_s = 5\nshape = 'wave'\n[mix]\nread = 1", "shape 'wave'"),
        ("think_time_ms = 5\n[arrival]\nrate_per_s = 5\n[mix]\nread = 1", "both a rate and a time to think"),
        ("duration_s = 3\nwarm_up_s = 3\n[mix]\nread = 1", "ends before it is warm"),
        ("[limit]\nmax_late_share = 2\n[mix]\nread = 1", "'max_late_share' of 'mine' is no share"),
        ("[pool]\nmode = 'puddle'\n[mix]\nread = 1", "no pool is called 'puddle'; expected direct"),
        ("[faults]\nkind = 'stall'\n[mix]\nread = 1", r"'faults' are tables[\s\S]*\[\[faults\]\]"),
        ("[mix]\nread = 1\n[[faults]]\nkind = 'flood'", "no fault is called 'flood'; expected stall"),
        ("[mix]\nread = 1\n[[faults]]\nat_s = 1", "'kind' is missing"),
        ("duration_s = 5\n[mix]\nread = 1\n[[faults]]\nkind = 'stall'\nat_s = 5", "'stall' comes after the end"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """One error in one line, with the key, what was observed and what was expected."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioFault, match=said):
        find_scenario(str(path))


def test_an_unknown_scenario_is_refused_with_the_nearest_name() -> None:
    """And with all that there are."""
    with pytest.raises(ScenarioFault, match=r"no scenario 'chekc'; expected check[\s\S]*did you mean 'check'"):
        find_scenario("chekc")
