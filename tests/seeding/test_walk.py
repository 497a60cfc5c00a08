"""Paths are true to the machines."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.seeding.facts import TYPE_FILES, compile_type
from virtualq_core.seeding.draw import Draw
from virtualq_core.seeding.walk import MAX_STEPS, NO_EDGE, Routes, arrive

MACHINES = {path.stem: json.loads(path.read_text(encoding="utf-8"))["fsm_schema"] for path in TYPE_FILES}
MACHINES["wildcards"] = {
    "init": {"name": "open", "from": "nowhere", "to": "a"},
    "transitions": [{"name": "go", "from": "a", "to": "b"}, {"name": "stop", "from": "*", "to": "c"}],
}
MACHINES["endless"] = {"init": "a", "transitions": [{"name": "go", "from": "a", "to": "b"},
                                                     {"name": "back", "from": "b", "to": "a"}]}  # fmt: skip
MACHINES["long"] = {
    "init": "s0", "transitions": [{"name": "next", "from": f"s{step}", "to": f"s{step + 1}"} for step in range(20)]
}  # fmt: skip
MACHINES["still"] = {"init": "a"}
# The state before the first is one that tickets come back to.
MACHINES["circle"] = {
    "init": {"name": "wake", "from": "asleep", "to": "awake"},
    "states": ["awake", "asleep", "gone"],
    "transitions": [
        {"name": "sleep", "from": "awake", "to": "asleep"},
        {"name": "leave", "from": "awake", "to": "gone"},
    ],
}


ROUTES = Routes(
    [
        compile_type({"type_code": name, "fsm_schema": machine}, number)
        for number, (name, machine) in enumerate(MACHINES.items(), start=1)
    ]
)
NAMES = list(MACHINES)


def spell(path: np.ndarray) -> list[tuple[str, str, str]]:
    """A path as (from, to, transition), read back from the fields that are loaded."""
    found = []
    for edge in path[path != NO_EDGE]:
        raw, words = ROUTES.edges[edge], []
        while raw:
            length = int.from_bytes(raw[:4], "big")
            words.append(raw[4 : 4 + length].decode())
            raw = raw[4 + length :]
        found.append(tuple(words))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_path_follows_the_machine(name: str) -> None:
    """Each step leaves the state that the one before has reached, along an edge of that name."""
    place = NAMES.index(name)
    one = ROUTES.types[place]
    for path in ROUTES.walk(Draw(1), np.full(500, place)):
        state = one.initial_state
        for source, target, transition in spell(path):
            assert source == state
            assert one.compiled[source][transition] == target
            state = target
        passed = [target for _, target, _ in spell(path)][:-1]
        assert not one.terminal.intersection(passed)


@pytest.mark.parametrize("name", ["appointment", "order", "support", "walk_in", "wildcards", "circle"])
def test_every_path_ends(name: str) -> None:
    """Where a terminal state can be reached, every walk reaches one within the steps that there are."""
    place = NAMES.index(name)
    assert ROUTES.closes(place)
    paths = ROUTES.walk(Draw(2), np.full(5000, place))
    lasts = [path[path != NO_EDGE][-1] for path in paths]
    assert ROUTES.terminal[ROUTES.target[lasts]].all()
    assert max(int((path != NO_EDGE).sum()) for path in paths) <= MAX_STEPS


@pytest.mark.parametrize("name", ["appointment", "order", "support", "walk_in"])
def test_every_edge_is_taken_sometimes(name: str) -> None:
    """No transition of a shipped machine is missing from the data."""
    place = NAMES.index(name)
    one = ROUTES.types[place]
    wanted = {
        (source, target, transition)
        for source, edges in one.compiled.items()
        if source != one.initial_from
        for transition, target in edges.items()
    }
    taken = {step for path in ROUTES.walk(Draw(3), np.full(5000, place)) for step in spell(path)}
    assert taken == wanted


def test_a_machine_without_an_end_walks_on() -> None:
    """It takes as many steps as there are, and its tickets cannot be closed."""
    place = NAMES.index("endless")
    paths = ROUTES.walk(Draw(4), np.full(10, place))
    assert (paths != NO_EDGE).all()
    assert not ROUTES.closes(place)


def test_a_machine_without_edges_stands_still() -> None:
    """Its only state is terminal: tickets are closed when they are made."""
    place = NAMES.index("still")
    assert (ROUTES.walk(Draw(5), np.full(10, place)) == NO_EDGE).all()
    assert ROUTES.terminal[ROUTES.initial[place]]


def test_types_in_one_walk_do_not_mix() -> None:
    """A ticket's path is the same type's from beginning to end."""
    places = np.arange(len(NAMES)).repeat(50)
    for place, path in zip(places, ROUTES.walk(Draw(6), places), strict=True):
        for source, target, transition in spell(path):
            assert ROUTES.types[place].compiled[source][transition] == target


def test_times_rise_along_a_path_and_expiry_waits() -> None:
    """Each step is later than the one before; an expiry is not earlier than the time to live allows."""
    rows = 1000
    start = np.arange(rows) * 1_000_000
    steps = ROUTES.steps(Draw(7), np.arange(rows) % len(NAMES))
    held = Draw(8).below(2, rows * MAX_STEPS).reshape(rows, MAX_STEPS) == 1
    due = start + 3_600_000_000
    when = arrive(start, steps, held, due)
    assert (np.diff(np.column_stack([start, when]), axis=1) > 0).all()
    assert (when >= due[:, None])[held].all()


def test_steps_are_log_normal_about_the_pace() -> None:
    """The median step of an order takes five minutes, and the longest in a thousand about an hour."""
    steps = ROUTES.steps(Draw(9), np.full(20_000, NAMES.index("order"))).ravel() / 60_000_000
    assert 4.9 < np.median(steps) < 5.1
    assert 45 < np.quantile(steps, 0.999) < 80
