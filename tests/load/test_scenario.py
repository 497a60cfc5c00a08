"""Scenarios say what they mean, or are refused with the nearest thing that could have been meant."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from virtualq_core.load.scenario import ScenarioFault, find_scenario, scenario_from, scenario_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_can_be_read(name: str) -> None:
    """And carries its file's name."""
    assert find_scenario(name).name == name


def test_a_scenario_survives_its_way_to_another_process() -> None:
    """It goes there as JSON."""
    scenario = find_scenario("check")
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
