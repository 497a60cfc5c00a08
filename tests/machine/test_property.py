"""What every machine promises, held against a reading of its document that is not the library's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from virtualq_core.conformance.plain_machine import edges_of, reached_from, spell_out, start_of, written_otherwise
from virtualq_core.machine import Machine

if TYPE_CHECKING:
    from random import Random

examples = settings(max_examples=100, deadline=None)
STATES = ["a", "b", "c", "d", "none", "constructor", "__proto__", "a b"]
NAMES = ["go", "back", "stay", "init", "toString", "foo-bar"]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that the strict profile accepts: wildcards, lists of sources, each form of `init`, declared states."""
    usable = draw(st.lists(st.sampled_from(STATES), min_size=1, max_size=6, unique=True))
    before, name = draw(st.sampled_from(["none", "idle"])), draw(st.sampled_from(["init", "open"]))
    init = draw(st.sampled_from(usable))
    edges: dict[tuple[str, str], str] = draw(
        st.dictionaries(
            st.tuples(st.sampled_from([*usable, before, "*"]), st.sampled_from(NAMES)),
            st.sampled_from([*usable, "*"]),
            max_size=10,
        )
    )
    edges.pop((before, name), None)
    document: dict[str, Any] = {
        "init": {"to": init, "from": before, "name": name},
        "transitions": [{"name": each, "from": source, "to": target} for (source, each), target in edges.items()],
    }
    if (before, name) == ("none", "init") and draw(st.booleans()):
        document["init"] = init
    if draw(st.booleans()):
        document["states"] = draw(st.permutations(sorted({*usable, "unused"})))
    return written_otherwise(document, draw(st.randoms(use_true_random=False)))


@examples
@given(documents())
def test_every_edge_is_compiled_and_no_other(document: dict[str, Any]) -> None:
    """Each state has its own edges, and the wildcards of other names."""
    machine = Machine.parse(document)

    assert machine.compile() == spell_out(document)
    assert machine.initial == start_of(document)
    assert {(edge.source, edge.name, edge.target) for edge in machine.edges} == set(edges_of(document))


@examples
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_edges_means_nothing(document: dict[str, Any], random: Random) -> None:
    """Nor does a list of sources mean anything else than as many edges: the specific edge wins wherever it stands."""
    machine, other = Machine.parse(document), Machine.parse(written_otherwise(document, random))

    assert other.compile() == machine.compile()
    assert (other.initial, other.reachable) == (machine.initial, machine.reachable)
    assert set(other.terminal_states) == set(machine.terminal_states)


@examples
@given(documents())
def test_a_machine_spelled_out_is_the_same_machine(document: dict[str, Any]) -> None:
    """Compiling, writing the result as a machine and reading it again changes nothing."""
    machine = Machine.parse(document)
    first, *_ = edges_of(document)
    edges = [
        {"name": name, "from": state, "to": target}
        for state, steps in machine.compile().items()
        for name, target in steps.items()
        if (state, name, target) != first
    ]

    assert Machine.parse({**document, "transitions": edges}).compile() == machine.compile()


@examples
@given(documents())
def test_the_warnings_are_of_what_no_path_leads_to(document: dict[str, Any]) -> None:
    """A state is warned of exactly if it is out of reach; the state before the start is out of the question."""
    machine = Machine.parse(document)
    known = reached_from(spell_out(document), start_of(document))

    assert machine.reachable == known
    lost = set(machine.states) - known - {machine.init_from}
    warned = [each for each in machine.warnings if each.key in {"state-unreachable", "state-unused"}]
    assert {state for state in lost if any(f"'{state}'" in each.rule for each in warned)} == lost
    assert len([each for each in warned if each.key == "state-unreachable"]) <= len(lost) <= len(warned)


@examples
@given(documents(), st.lists(st.sampled_from(STATES)))
def test_orphans_are_what_the_edges_do_not_name(document: dict[str, Any], states: list[str]) -> None:
    """A ticket's state is an orphan exactly if the document names it nowhere."""
    assert set(Machine.parse(document).orphans(states)) == set(states) - spell_out(document).keys()
