"""Both profiles against the record of what npm javascript-state-machine 3.1.0 does (`vectors.py` writes it)."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from virtualq_core.errors import InvalidMachine, OrphanedState
from virtualq_core.machine import Machine, Profile

HERE = Path(__file__).parent
ROWS = tomllib.loads((HERE / "table.toml").read_text(encoding="utf-8"))["row"]
CASES = [(row, document) for row in ROWS for document in row["documents"]]


@cache
def record() -> dict[str, dict[str, Any]]:
    """What npm was seen to do, by document."""
    lines = (HERE / "vectors.jsonl").read_text(encoding="utf-8").splitlines()
    return {vector["document"]: vector["npm"] for vector in map(json.loads, lines)}


def legal(machine: Machine, states: dict[str, Any]) -> dict[str, dict[str, str] | None]:
    """The legal steps from each state, None where the machine lacks the state."""
    found: dict[str, dict[str, str] | None] = {}
    for state in states:
        try:
            found[state] = dict(machine.transitions_from(state))
        except OrphanedState:
            found[state] = None
    return found


@pytest.mark.parametrize(("document", "npm"), record().items(), ids=str)
def test_compat_does_what_npm_does(document: str, npm: dict[str, Any]) -> None:
    """The compat profile refuses what npm throws at; else start, states, names and every legal step are npm's."""
    if npm.get("refused"):
        with pytest.raises(InvalidMachine):
            Machine.parse(document, Profile.COMPAT)
        return
    npm = {**npm, "legal": {state: steps for state, steps in npm["legal"].items() if state != "*"}}

    machine = Machine.parse(document, Profile.COMPAT)

    observed = {"state": machine.initial, "states": list(machine.states), "names": list(machine.names)}
    assert observed | {"legal": legal(machine, npm["legal"])} == npm


@pytest.mark.parametrize(("row", "document"), CASES, ids=[document for _, document in CASES])
def test_strict_accepts_or_refuses_as_the_table_says(row: dict[str, Any], document: str) -> None:
    """Each construct is accepted, or refused by the rule that the table names first."""
    if row["strict"] not in {"accept", "works"}:
        with pytest.raises(InvalidMachine) as refused:
            Machine.parse(document)
        assert refused.value.problems[0].key == row["strict"]
        return

    machine = Machine.parse(document)

    if "warns" in row:
        assert [warning.key for warning in machine.warnings] == row["warns"]


@pytest.mark.parametrize(
    ("row", "document"), [(row, document) for row, document in CASES if row["strict"] == "accept"], ids=str
)
def test_strict_means_what_npm_means_by_what_both_accept(row: dict[str, Any], document: str) -> None:
    """A construct that is accepted reads the same in both profiles; only the list of states may lack some in npm."""
    npm = record()[document]

    machine = Machine.parse(document)

    assert machine.initial == npm["state"]
    assert legal(machine, npm["legal"]) == npm["legal"]
    if not row.get("unlisted"):
        assert list(machine.states) == npm["states"]


@pytest.mark.parametrize(
    "document",
    [document for document, npm in record().items() if not npm.get("refused")],
)
def test_strict_never_reads_another_machine_than_compat(document: str) -> None:
    """What both accept has the same edges and start, though compat may have fewer legal steps."""
    try:
        strict = Machine.parse(document)
    except InvalidMachine:
        return
    compat = Machine.parse(document, Profile.COMPAT)

    assert (strict.initial, strict.edges) == (compat.initial, compat.edges)
    for state, steps in compat.compile().items():
        assert steps.items() <= strict.compile()[state].items()


@pytest.mark.parametrize("name", ["toString", "constructor", "__proto__", "valueOf"])
def test_names_that_javascript_inherits_are_data(name: str) -> None:
    """In the strict profile any name simply works, as a wildcard transition and as a state."""
    machine = Machine.parse({"init": "A", "transitions": [{"name": name, "from": "*", "to": name}]})

    assert machine.fire("A", name) == name
    assert machine.fire("none", name) == name
    assert name in machine.states


@pytest.mark.parametrize("name", ["state", "onLeaveA", "on-leave-a", "onEnterA", "init"])
def test_names_that_npm_generates_members_of_are_data(name: str) -> None:
    """In the strict profile a transition's name is never a method's."""
    machine = Machine.parse({"init": "A", "transitions": [{"name": name, "from": "A", "to": "B"}]})

    assert machine.fire("A", name) == "B"
