"""The cases that the npm package's own tests cover, in this package's terms."""

from __future__ import annotations

import pytest

from virtualq_core.errors import IllegalTransition
from virtualq_core.machine import Machine, Profile

COMPAT = Profile.COMPAT
BOTH = pytest.mark.parametrize("profile", list(Profile))


def walk(machine: Machine, *names: str) -> list[str]:
    """The states that a ticket passes, the initial one first."""
    states = [machine.initial]
    for name in names:
        states.append(machine.fire(states[-1], name))
    return states


def edge(name: str, source: object = None, target: object = None) -> dict[str, object]:
    """A transition; what is None is left out."""
    entry = {"name": name, "from": source, "to": target}
    return {key: value for key, value in entry.items() if value is not None}


@BOTH
def test_a_simple_chain_is_walked_to_its_end(profile: Profile) -> None:
    """Each step leads to the next state, and only that step is legal."""
    machine = Machine.parse(
        {"init": "A", "transitions": [edge("step1", "A", "B"), edge("step2", "B", "C"), edge("step3", "C", "D")]},
        profile,
    )

    assert walk(machine, "step1", "step2", "step3") == ["A", "B", "C", "D"]
    assert machine.states == ("none", "A", "B", "C", "D")


@BOTH
def test_one_name_leads_elsewhere_from_each_source(profile: Profile) -> None:
    """A name is a transition's only together with its source."""
    machine = Machine.parse(
        {
            "init": "hungry",
            "transitions": [
                edge("eat", "hungry", "satisfied"),
                edge("eat", "satisfied", "full"),
                edge("eat", "full", "sick"),
                edge("rest", "*", "hungry"),
            ],
        },
        profile,
    )

    assert walk(machine, "eat", "eat", "eat", "rest") == ["hungry", "satisfied", "full", "sick", "hungry"]
    assert not machine.can("sick", "eat")


def test_a_list_of_sources_is_an_edge_from_each() -> None:
    """A machine without `init` starts in `none`; states and names come in the order of their appearance."""
    machine = Machine.parse(
        {
            "transitions": [
                edge("start", "none", "green"),
                edge("warn", ["green", "red"], "yellow"),
                edge("panic", ["green", "yellow"], "red"),
                edge("clear", ["red", "yellow"], "green"),
            ]
        },
        COMPAT,
    )

    assert machine.states == ("none", "green", "yellow", "red")
    assert machine.names == ("start", "warn", "panic", "clear")
    assert walk(machine, "start", "warn", "panic", "clear") == ["none", "green", "yellow", "red", "green"]
    assert {state: list(machine.transitions_from(state)) for state in machine.states} == {
        "none": ["start"],
        "green": ["warn", "panic"],
        "yellow": ["panic", "clear"],
        "red": ["warn", "clear"],
    }


@BOTH
def test_a_self_transition_is_one(profile: Profile) -> None:
    """It is legal and leads back to its state."""
    machine = Machine.parse({"init": "A", "transitions": [edge("again", "A", "A")]}, profile)

    assert machine.fire("A", "again") == "A"
    assert machine.names_between("A", "A") == ("again",)


STOPPABLE = [
    edge("prepare", "stopped", "ready"),
    edge("start", "ready", "running"),
    edge("resume", "paused", "running"),
    edge("pause", "running", "paused"),
]


@pytest.mark.parametrize("source", ["*", None], ids=["wildcard", "missing"])
def test_a_wildcard_source_is_every_state(source: str | None) -> None:
    """`stop` is legal everywhere and comes after the state's own transitions; a missing source means the same."""
    machine = Machine.parse({"init": "stopped", "transitions": [*STOPPABLE, edge("stop", source, "stopped")]}, COMPAT)

    assert (
        walk(machine, "prepare", "stop", "prepare", "start", "stop", "prepare", "start", "pause", "stop", "stop")[-1]
        == "stopped"
    )
    assert list(machine.transitions_from("stopped")) == ["prepare", "stop"]
    assert list(machine.transitions_from("ready")) == ["start", "stop"]
    assert list(machine.transitions_from("running")) == ["pause", "stop"]
    assert list(machine.transitions_from("none")) == ["init", "stop"]


def test_a_wildcard_reaches_states_that_are_only_ever_targets() -> None:
    """`mystery` is left by the wildcard, although no edge names it as a source."""
    machine = Machine.parse({"transitions": [edge("step", "none", "mystery"), edge("other", "*", "complete")]}, COMPAT)

    assert machine.can("none", "step")
    assert machine.can("none", "other")
    assert not machine.can("mystery", "step")
    assert machine.fire("mystery", "other") == "complete"


@pytest.mark.parametrize("target", ["*", None], ids=["wildcard", "missing"])
def test_a_wildcard_target_stays(target: str | None) -> None:
    """A no-op is legal from its sources only, and leads nowhere; a missing target means the same."""
    machine = Machine.parse(
        {
            "init": "A",
            "transitions": [
                edge("stayA", "A", target),
                edge("stayB", "B", target),
                edge("noop", "*", target),
                edge("both", ["A", "B"], target),
                edge("step", "A", "B"),
            ],
        },
        COMPAT,
    )

    assert walk(machine, "stayA", "noop", "both", "step", "stayB", "noop", "both") == [
        "A",
        "A",
        "A",
        "A",
        "B",
        "B",
        "B",
        "B",
    ]
    assert not machine.can("A", "stayB")
    assert not machine.can("B", "stayA")


@pytest.mark.parametrize("target", ["*", None], ids=["wildcard", "missing"])
def test_two_wildcards_stay_anywhere(target: str | None) -> None:
    """From every state to itself, the state before the start included."""
    machine = Machine.parse({"transitions": [edge("step", "*", target)]}, COMPAT)

    assert walk(machine, "step", "step") == ["none", "none", "none"]


@pytest.mark.parametrize(
    ("init", "name", "source"),
    [
        ("A", "init", "none"),
        ({"to": "A"}, "init", "none"),
        ({"name": "boot", "to": "A"}, "boot", "none"),
        ({"name": "boot", "from": "booting", "to": "A"}, "boot", "booting"),
    ],
)
@BOTH
def test_the_four_forms_of_init(init: object, name: str, source: str, profile: Profile) -> None:
    """The start can be named, and so can the state before it."""
    machine = Machine.parse({"init": init, "transitions": [edge("step1", "A", "B"), edge("step2", "B", "C")]}, profile)

    assert (machine.initial, machine.init_name, machine.init_from) == ("A", name, source)
    assert machine.states == (source, "A", "B", "C")
    assert machine.names == (name, "step1", "step2")
    assert list(machine.transitions_from("A")) == ["step1"]
    assert machine.compile()[source] == {name: "A"}


def test_an_empty_machine_stays_before_the_start() -> None:
    """It has one state and no transition."""
    machine = Machine.parse({}, COMPAT)

    assert (machine.initial, machine.states, machine.names, machine.compile()) == ("none", ("none",), (), {"none": {}})


@pytest.mark.parametrize("name", ["step2", "unknown"])
@BOTH
def test_an_illegal_transition_says_what_and_where(name: str, profile: Profile) -> None:
    """The error carries the transition and the state, and lists what would be legal."""
    machine = Machine.parse(
        {"init": "X", "transitions": [edge("step1", "X", "A"), edge("step2", "A", "B")]}, profile, name="order"
    )

    with pytest.raises(IllegalTransition) as refused:
        machine.fire("X", name)

    assert (refused.value.transition, refused.value.state) == (name, "X")
    assert refused.value.expected == "step1"
    assert "'order'" in str(refused.value)
    assert not machine.can("X", name)


@BOTH
def test_can_knows_every_name_and_no_unknown_one(profile: Profile) -> None:
    """An unknown name is illegal, not an error."""
    machine = Machine.parse(
        {
            "init": "green",
            "transitions": [
                edge("warn", "green", "yellow"),
                edge("panic", "yellow", "red"),
                edge("calm", "red", "yellow"),
            ],
        },
        profile,
    )

    can = {
        state: [name for name in ("warn", "panic", "calm", "jibber") if machine.can(state, name)]
        for state in machine.states
    }
    assert can == {"none": [], "green": ["warn"], "yellow": ["panic"], "red": ["calm"]}


@BOTH
def test_a_terminal_state_has_no_transitions(profile: Profile) -> None:
    """Nothing is legal there, and the machine lists it as terminal."""
    machine = Machine.parse({"init": "green", "transitions": [edge("finish", "green", "done")]}, profile)

    assert machine.transitions_from("done") == {}
    assert machine.terminal_states == ("done",)
