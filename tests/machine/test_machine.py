"""What a machine promises, by examples and by properties."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtualq_core.errors import IllegalTransition, InvalidMachine, OrphanedState
from virtualq_core.machine import ANYWHERE, Machine, Profile

examples = settings(max_examples=50, deadline=None)
NAMES = st.sampled_from(["go", "back", "init", "toString", "__proto__", "foo-bar"]) | st.text(min_size=1, max_size=8)
STATES = st.sampled_from(["A", "B", "C", "D", "none", "constructor"]) | st.text(min_size=1, max_size=32)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that the strict profile accepts."""
    usable = draw(st.lists(STATES.filter(is_name), min_size=1, max_size=6, unique=True))
    names = draw(st.lists(NAMES.filter(is_name), min_size=1, max_size=5, unique=True))
    edges = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(names), st.sampled_from([*usable, "*"])), st.sampled_from([*usable, "*"])
        )
    )
    edges.pop(("init", "none"), None)
    transitions = [{"name": name, "from": source, "to": target} for (name, source), target in edges.items()]
    return {"init": draw(st.sampled_from(usable)), "transitions": transitions}


def is_name(text: str) -> bool:
    """May a transition or state be called so?"""
    return text != ANYWHERE and bool(text.strip("-_")) and "\0" not in text


def test_the_documented_example_compiles_to_its_map(documented: dict[str, Any]) -> None:
    """The compiled form has every state, the one before the start included."""
    machine = Machine.parse(documented)

    assert machine.compile() == {
        "none": {"init": "received"},
        "received": {"start": "in_progress"},
        "in_progress": {"complete": "ready"},
        "ready": {"pickup": "completed"},
        "completed": {},
    }
    assert machine.initial == "received"
    assert machine.terminal_states == ("completed",)
    assert machine.warnings == ()


@examples
@given(documents())
def test_compile_and_fire_agree(document: dict[str, Any]) -> None:
    """A step is in the compiled map if and only if `can` allows it and `fire` takes it there."""
    machine = Machine.parse(document)
    compiled = machine.compile()

    assert tuple(compiled) == machine.states
    for state, name in product(machine.states, [*machine.names, "no such name"]):
        assert machine.can(state, name) == (name in compiled[state])
        if machine.can(state, name):
            target = machine.fire(state, name)
            assert target == compiled[state][name]
            assert target in compiled
            assert name in machine.names_between(state, target)
        else:
            with pytest.raises(IllegalTransition):
                machine.fire(state, name)


@examples
@given(documents())
def test_a_specific_edge_wins_over_the_wildcard(document: dict[str, Any]) -> None:
    """Every state takes its own edge, and the wildcard's only where it has none of that name."""
    machine = Machine.parse(document)
    written = {(edge.name, edge.source): edge.target for edge in machine.edges}

    for state, name in product(machine.states, machine.names):
        target = written.get((name, state), written.get((name, ANYWHERE)))
        expected = state if target == ANYWHERE else target
        assert machine.transitions_from(state).get(name) == expected


@examples
@given(documents())
def test_reachable_is_what_walking_finds(document: dict[str, Any]) -> None:
    """A state is reachable if a walk of as many steps as there are states can end in it."""
    machine = Machine.parse(document)
    found = {machine.initial}
    for _ in machine.states:
        found |= {target for state in found for target in machine.transitions_from(state).values()}

    assert machine.reachable == found
    warned = [warning for warning in machine.warnings if warning.key == "state-unreachable"]
    assert len(warned) == len(set(machine.states) - found - {machine.init_from})


@examples
@given(documents())
def test_terminal_states_cannot_be_left(document: dict[str, Any]) -> None:
    """A ticket in a terminal state stays in it whatever happens; from every other state there is a way out."""
    machine = Machine.parse(document)

    for state in machine.states:
        can_leave = any(machine.fire(state, name) != state for name in machine.transitions_from(state))
        assert (state in machine.terminal_states) == (not can_leave and state != machine.init_from)


@examples
@given(documents(), st.lists(STATES))
def test_orphans_are_the_states_that_the_machine_lacks(document: dict[str, Any], states: list[str]) -> None:
    """An orphan is reported once, and every question about it is an orphan error, wildcards or not."""
    machine = Machine.parse(document)

    orphans = machine.orphans(states)

    assert set(orphans) == set(states) - set(machine.states)
    assert len(orphans) == len(set(orphans))
    for state in orphans:
        for ask in (machine.can, machine.fire):
            with pytest.raises(OrphanedState, match="orphaned-state"):
                ask(state, machine.names[0])


@examples
@given(documents())
def test_a_machine_survives_the_round_trip(document: dict[str, Any]) -> None:
    """The same document read again, pickled, or written by its own `document`, is an equal machine."""
    machine = Machine.parse(document, name="order")

    for other in (
        Machine.parse(json.dumps(document, indent=2)),
        Machine.parse(machine.document),
        pickle.loads(pickle.dumps(machine)),  # noqa: S301 - our own bytes
        copy.deepcopy(machine),
    ):
        assert other == machine
        assert hash(other) == hash(machine)
        assert other.compile() == machine.compile()


@examples
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["init", "transitions", "name", "from", "to", "states"]), x)
        ),
    )
)
def test_whatever_is_not_a_machine_is_refused_as_one(document: Any) -> None:  # noqa: ANN401 - any JSON
    """No document makes the reader fail otherwise than by naming a problem, in either profile."""
    for profile in Profile:
        with contextlib.suppress(InvalidMachine):
            machine = Machine.parse(document, profile)
            assert machine.initial in machine.compile()


def test_machines_differ_by_what_they_mean(documented: dict[str, Any]) -> None:
    """A label makes no other machine; an edge, the start or the profile does."""
    machine = Machine.parse(documented)

    assert Machine.parse({**documented, "label": "Order"}) == machine
    assert Machine.parse({**documented, "init": "ready"}) != machine
    assert Machine.parse({**documented, "transitions": []}) != machine
    assert Machine.parse(documented, Profile.COMPAT) != machine


def test_unknown_keys_are_kept(documented: dict[str, Any]) -> None:
    """What means nothing to the machine is still in its document."""
    document = {**documented, "label": "Order", "transitions": [{**documented["transitions"][0], "color": "red"}]}

    assert Machine.parse(document).document == document


def test_nothing_that_a_caller_does_changes_a_machine(documented: dict[str, Any]) -> None:
    """Changing the document, the compiled map or the answer of a question leaves the machine as it was."""
    machine = Machine.parse(documented)
    before = machine.compile()

    documented["transitions"][0]["to"] = "ready"
    machine.compile()["none"].clear()
    machine.document["transitions"].clear()
    with pytest.raises(TypeError):
        machine.transitions_from("received")["start"] = "ready"  # type: ignore[index]
    with pytest.raises(AttributeError):
        machine.initial = "ready"  # type: ignore[misc]

    assert machine.compile() == before


def test_the_same_text_is_parsed_once(documented: dict[str, Any]) -> None:
    """A second reading of a text finds the machine of the first."""
    text = json.dumps(documented)

    assert Machine.parse(text) is Machine.parse(text)


def test_a_renamed_state_before_the_start_is_no_stranger(documented: dict[str, Any]) -> None:
    """It need not be declared, and replaces `none`."""
    machine = Machine.parse({**documented, "init": {"from": "idle", "to": "received"}})

    assert machine.states[0] == "idle"
    assert machine.orphans(["none", "idle"]) == ("none",)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_long_state_is_never_stored(profile: Profile) -> None:
    """32 characters, not bytes, are the most; the compat profile reads more, but says before storing."""
    longest = Machine.parse({"init": "é" * 32}, profile)
    longest.require_storable()

    with pytest.raises(InvalidMachine, match="longer than 32 characters"):
        Machine.parse({"init": "é" * 33}, profile).require_storable()


def test_the_wildcard_covers_the_state_before_the_start() -> None:
    """As in npm: `*` is every state, `none` included."""
    machine = Machine.parse({"init": "A", "transitions": [{"name": "drop", "from": "*", "to": "Z"}]})

    assert machine.compile() == {"none": {"init": "A", "drop": "Z"}, "A": {"drop": "Z"}, "Z": {"drop": "Z"}}
    assert machine.terminal_states == ("Z",)
