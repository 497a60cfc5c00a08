"""
What a sound machine means, worked out edge by edge: the slow way, and not the library's.

Only machines that the strict profile accepts are understood here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

_ANYWHERE = "*"


def edges_of(machine: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every edge as written, `(source, name, target)`; the implicit one first, and a list of sources one by one."""
    init = machine["init"] if isinstance(machine["init"], dict) else {"to": machine["init"]}
    yield init.get("from", "none"), init.get("name", "init"), init["to"]
    for edge in machine.get("transitions", []):
        sources = edge["from"] if isinstance(edge["from"], list) else [edge["from"]]
        for source in sources:
            yield source, edge["name"], edge["to"]


def spell_out(machine: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Every legal step, `{state: {transition: target}}`."""
    written = list(edges_of(machine))
    states = {state for source, _, target in written for state in (source, target)} | {*machine.get("states", [])}
    states.discard(_ANYWHERE)
    spelled: dict[str, dict[str, str]] = {state: {} for state in states}
    for state in states:
        for wanted in (_ANYWHERE, state):  # what is said of the state itself comes last, and counts
            for source, name, target in written:
                if source == wanted:
                    spelled[state][name] = state if target == _ANYWHERE else target
    return spelled


def start_of(machine: Mapping[str, Any]) -> str:
    """The state that a ticket starts in."""
    [(_, _, start), *_] = edges_of(machine)
    return start


def reached_from(spelled: Mapping[str, Mapping[str, str]], start: str) -> set[str]:
    """The states that some path leads to: the closure of the steps, squared until nothing is new."""
    reach = {state: {state, *steps.values()} for state, steps in spelled.items()}
    for _ in spelled:
        reach = {state: {far for near in seen for far in reach[near]} for state, seen in reach.items()}
    return reach[start]


def written_otherwise(machine: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """The same machine in other words: edges in another order, lists of sources taken apart or put together."""
    edges = [{"name": name, "from": source, "to": target} for source, name, target in list(edges_of(machine))[1:]]
    random.shuffle(edges)
    joined: list[dict[str, Any]] = []
    for edge in edges:
        alike = [other for other in joined if (other["name"], other["to"]) == (edge["name"], edge["to"])]
        if alike and random.random() < 1 / 2:
            sources = alike[0]["from"] if isinstance(alike[0]["from"], list) else [alike[0]["from"]]
            alike[0]["from"] = random.sample([*sources, edge["from"]], len(sources) + 1)
        else:
            joined.append(edge)
    return {**machine, "transitions": joined}


def draw_sound_machine(random: Random, states: str = "abcde", names: str = "pqrs") -> dict[str, Any]:
    """A machine of single letters that breaks no rule: specific edges, wildcards, self-edges, dead ends."""
    edges = {
        (random.choice([*states, _ANYWHERE]), name): random.choice([*states, _ANYWHERE])
        for name in random.choices(names, k=random.randint(0, 8))
    }
    machine: dict[str, Any] = {
        "init": random.choice(states),
        "transitions": [{"name": name, "from": source, "to": target} for (source, name), target in edges.items()],
    }
    if random.random() < 1 / 3:
        machine["init"] = {"to": machine["init"], "name": random.choice(("open", "init"))}
    if random.random() < 1 / 3:
        machine["states"] = list(states)
    return written_otherwise(machine, random)
