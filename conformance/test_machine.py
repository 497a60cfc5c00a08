"""Machines: what `fsm_schema` means, and what it may not say."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.plain_machine import (
    draw_sound_machine,
    edges_of,
    spell_out,
    start_of,
    written_otherwise,
)
from virtualq_core.conformance.sample import draw_machine
from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine
from virtualq_core.machine.rule import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Application
    from virtualq_core.machine.rule import Example

SQL = content.beside(__file__, "machine.sql")
SEED = 20
DRAWN = 400
COMPILED = 60
RECORD = content.folder("conformance") / "npm_machines.jsonl"


def unsound() -> Iterator[Example]:
    """The published examples that break a rule of the strict profile and survive in a jsonb value."""
    for rule in rules().values():
        if "strict" in rule.profiles:
            yield from (example for example in rule.examples if example.jsonb)


def compiled(draft: Application, machine: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The map that the database makes of a machine when its type is written."""
    row = draft.run(SQL["find_machine"], type_id=draft.define(machine))[0]
    found: dict[str, dict[str, str]] = row.fsm_compiled
    return found


@pytest.mark.requirement("FSM-001")
def test_an_unsound_machine_is_not_written(draft: Application, expect: Expectation) -> None:
    """Every published example of a broken rule is refused when the type is defined."""
    for number, example in enumerate(unsound()):
        with expect.refused("23514", "machine_is_valid"):
            parameters = {"type_code": f"unsound-{number}", "fsm_schema": Jsonb(json.loads(example.document))}
            draft.run(SQL["define_type"], **parameters)


@pytest.mark.requirement("FSM-001")
def test_a_type_without_a_machine_is_not_written(draft: Application, expect: Expectation) -> None:
    """A type whose machine is missing could not say what its tickets may do."""
    with expect.refused("23514"):
        draft.run(SQL["define_type"], type_code="none", fsm_schema=None)


@pytest.mark.requirement("FSM-002")
def test_the_refusal_names_the_place_and_the_rule(draft: Application, expect: Expectation) -> None:
    """The message has the path of the construct in the document and the broken rule in words."""
    said = 0
    for example in unsound():
        with expect.refused("23514", "machine_is_valid") as refusal:
            draft.define(json.loads(example.document))
        told = refusal.text.splitlines()[0]
        expect.equal(told, f"invalid-machine: {example.path}: {example.said}")
        said += 1
    expect.holds(said > 30, f"{said} examples", "the published examples")


@pytest.mark.requirement("FSM-003")
def test_a_machine_is_not_made_unsound_later(draft: Application, expect: Expectation) -> None:
    """Neither an UPDATE nor a publication replaces a sound machine by an unsound one."""
    type_id = draft.define({"init": "a"})
    broken = {"init": "a", "transitions": [{"name": "go", "from": [], "to": "a"}]}

    with expect.refused("23514", "machine_is_valid"):
        draft.change(SQL["rewrite_machine"], type_id=type_id, fsm_schema=Jsonb(broken))
    with expect.refused("23514", "machine_is_valid"):
        draft.publish(type_id, broken)
    expect.equal(draft.run(SQL["find_machine"], type_id=type_id)[0].fsm_schema, {"init": "a"})


@pytest.mark.requirement("FSM-004")
def test_the_wildcard_leads_from_every_state(draft: Application, expect: Expectation) -> None:
    """Also from a state that is only ever a target, and from the state before the start."""
    machine = compiled(
        draft,
        {
            "init": "a",
            "transitions": [{"name": "go", "from": "a", "to": "b"}, {"name": "stop", "from": "*", "to": "z"}],
        },
    )

    expect.equal({state: edges.get("stop") for state, edges in machine.items()}, dict.fromkeys(["none", *"abz"], "z"))


@pytest.mark.requirement("FSM-004")
@pytest.mark.parametrize("order", [1, -1], ids=["specific-first", "wildcard-first"])
def test_a_specific_edge_beats_the_wildcard(draft: Application, expect: Expectation, order: int) -> None:
    """Whichever of the two is written first."""
    edges = [{"name": "go", "from": "a", "to": "b"}, {"name": "go", "from": "*", "to": "c"}]

    machine = compiled(draft, {"init": "a", "transitions": edges[::order]})
    expect.equal((machine["a"]["go"], machine["b"]["go"]), ("b", "c"))


@pytest.mark.requirement("FSM-005")
def test_a_list_of_sources_is_an_edge_from_each(draft: Application, expect: Expectation) -> None:
    """Every element counts, not the first one alone; a wildcard among them is the wildcard."""
    machine = compiled(
        draft,
        {
            "init": "a",
            "transitions": [
                {"name": "go", "from": ["a", "b", "c"], "to": "d"},
                {"name": "end", "from": ["*"], "to": "d"},
            ],
        },
    )

    expect.equal([machine[state].get("go") for state in "abcd"], ["d", "d", "d", None])
    expect.equal([machine[state].get("end") for state in "abcd"], ["d", "d", "d", "d"])


@pytest.mark.requirement("FSM-006")
@pytest.mark.parametrize(
    ("init", "start"),
    [
        ("a", {"none": {"init": "a"}}),
        ({"to": "a"}, {"none": {"init": "a"}}),
        ({"to": "a", "name": "open"}, {"none": {"open": "a"}}),
        ({"to": "a", "from": "nowhere"}, {"nowhere": {"init": "a"}}),
        ({"to": "a", "name": "open", "from": "nowhere"}, {"nowhere": {"open": "a"}}),
    ],
    ids=["state", "to", "name", "from", "all"],
)
def test_the_forms_of_init(draft: Application, expect: Expectation, init: Any, start: dict[str, Any]) -> None:  # noqa: ANN401
    """A state, or an object that may rename the transition and the state before the start; both are in the history."""
    type_id = draft.define({"init": init, "transitions": [{"name": "go", "from": "a", "to": "b"}]})
    first = draft.history(draft.create(type_definition_id=type_id))[0]

    machine = draft.run(SQL["find_machine"], type_id=type_id)[0]
    expect.equal(machine.fsm_compiled, {**start, "a": {"go": "b"}, "b": {}})
    expect.equal(machine.initial_state, "a")
    expect.equal({first.from_state: {first.transition_name: first.to_state}}, start)


@pytest.mark.requirement("FSM-007")
def test_names_are_data(draft: Application, expect: Expectation) -> None:
    """Words that mean something to a programming language, and names that differ in case or hyphen, simply work."""
    states = ["constructor", "__proto__", "toString", "Ready", "ready", "a b", "ü", "none of it"]
    names = ["state", "onEnterA", "constructor", "foo-bar", "foo_bar", "fooBar", "init", "go on"]
    edges = [
        {"name": name, "from": source, "to": target}
        for name, source, target in zip(names, states, [*states[1:], states[0]], strict=True)
    ]
    type_id = draft.define({"init": states[0], "transitions": edges})

    ticket_id = draft.create(*names, type_definition_id=type_id)
    expect.equal([step.to_state for step in draft.history(ticket_id)], [*states, states[0]])


@pytest.mark.requirement("FSM-008")
def test_staying_is_a_transition(draft: Application, expect: Expectation) -> None:
    """An edge to its own source, and one to '*', lead back to where they began, and open no way out."""
    type_id = draft.define(
        {
            "init": "a",
            "transitions": [
                {"name": "note", "from": "a", "to": "a"},
                {"name": "touch", "from": "*", "to": "*"},
                {"name": "go", "from": "a", "to": "b"},
            ],
        }
    )

    machine = draft.run(SQL["find_machine"], type_id=type_id)[0]
    expect.equal(machine.fsm_compiled["a"], {"note": "a", "touch": "a", "go": "b"})
    expect.equal(machine.fsm_compiled["b"], {"touch": "b"})
    expect.equal(machine.terminal_states, ["b"])


@pytest.mark.requirement("FSM-009")
def test_unknown_keys_are_kept(draft: Application, expect: Expectation) -> None:
    """What means nothing to a machine, such as a drawing's coordinates, comes back as it was written."""
    machine = {"init": "a", "title": "A", "transitions": [{"name": "go", "from": "a", "to": "a", "colour": "red"}]}

    type_id = draft.define(machine)
    expect.equal(draft.run(SQL["find_machine"], type_id=type_id)[0].fsm_schema, machine)


@pytest.mark.requirement("FSM-010")
def test_the_database_reads_machines_as_the_library_does(
    draft: Application, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """Drawn machines, sound and unsound, are taken or refused alike, and compile to the same map."""
    random = Random(SEED)
    sound = 0
    for number in range(DRAWN):
        machine = draw_machine(random)
        theirs, ours = by_database(draft, machine), by_library(machine)
        sound += ours is not None
        expect.holds(
            theirs == ours,
            f"the database makes {theirs} of {json.dumps(machine)} (seed {SEED}, number {number})",
            f"{ours}, as the library does",
        )
    expect.holds(DRAWN // 4 < sound < DRAWN * 3 // 4, f"{sound} sound of {DRAWN} drawn", "enough of both kinds")
    evidence(f"{DRAWN} drawn machines, {sound} of them sound")


@pytest.mark.requirement("FSM-011")
def test_every_edge_is_compiled_and_no_other(draft: Application, expect: Expectation) -> None:
    """The map of a drawn machine is the one that is worked out edge by edge, and its dead ends are terminal."""
    random = Random(SEED)
    for _ in range(COMPILED):
        machine = draw_sound_machine(random)
        spelled = spell_out(machine)
        ends = {state for state, steps in spelled.items() if set(steps.values()) <= {state}} - {"none"}
        expect.equal((machine, by_database(draft, machine)), (machine, (spelled, start_of(machine), ends)))


@pytest.mark.requirement("FSM-012")
def test_the_order_of_edges_means_nothing(draft: Application, expect: Expectation) -> None:
    """Written in another order, with lists of sources taken apart or put together, a machine is the same."""
    random = Random(SEED)
    for _ in range(COMPILED):
        machine = draw_sound_machine(random)
        other = written_otherwise(machine, random)
        expect.equal((other, by_database(draft, other)), (other, by_database(draft, machine)))


@pytest.mark.requirement("FSM-013")
def test_a_machine_spelled_out_is_the_same_machine(draft: Application, expect: Expectation) -> None:
    """What is compiled, written as a machine without wildcards, compiles to itself."""
    random = Random(SEED)
    for _ in range(COMPILED):
        machine = draw_sound_machine(random)
        first, *_ = edges_of(machine)
        edges = [
            {"name": name, "from": state, "to": target}
            for state, steps in compiled(draft, machine).items()
            for name, target in steps.items()
            if (state, name, target) != first
        ]
        plain = {**machine, "transitions": edges}
        expect.equal((plain, by_database(draft, plain)), (plain, by_database(draft, machine)))


@pytest.mark.requirement("FSM-014")
def test_a_machine_starts_and_moves_as_npm_has_it(
    draft: Application, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """As javascript-state-machine 3.1.0 was seen to, state by state: what is legal there, and where it leads."""
    records = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]
    for record in records:
        machine, npm = json.loads(record["document"]), record["npm"]
        found = by_database(draft, machine)
        legal = found and {state: found[0].get(state) for state in npm["legal"]}
        expect.equal((machine, found and found[1], legal), (machine, npm["state"], npm["legal"]))
    evidence(f"{len(records)} machines that npm was watched with")


def by_database(draft: Application, machine: dict[str, Any]) -> tuple[dict[str, dict[str, str]], str, set[str]] | None:
    """What the database compiles, or None where it refuses."""
    try:
        row = draft.run(SQL["find_machine"], type_id=draft.define(machine))[0]
    except psycopg.errors.CheckViolation:
        return None
    return row.fsm_compiled, row.initial_state, set(row.terminal_states)


def by_library(machine: dict[str, Any]) -> tuple[object, ...] | None:
    """What the library compiles, or None where it refuses."""
    try:
        read = Machine.parse(machine)
    except InvalidMachine:
        return None
    return read.compile(), read.initial, set(read.terminal_states)
