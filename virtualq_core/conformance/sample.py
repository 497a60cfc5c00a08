"""Machines drawn at random, sound and unsound, so that two readers of the format can be held to each other."""

from __future__ import annotations

from random import Random
from typing import Any

_NAMES = ("go", "back", "stay", "init", "toString", "__proto__", "foo-bar", "Go", "*", "_", "")
_STATES = ("a", "b", "c", "none", "A", "constructor", "é" * 32, "x" * 33, "*", "-", "")
_JUNK: tuple[Any, ...] = (None, True, False, 0, -0.0, 1, 1.5, {}, [], ["a"], [["a"]], {"to": "a"}, "")
_FEW = 3


def draw_machine(random: Random) -> dict[str, Any]:
    """A document that may be a machine: about two in five are sound, the others mostly break one rule."""
    machine: dict[str, Any] = {}
    if random.random() < 0.98:
        machine["init"] = _init(random)
    if random.random() < 0.97:
        edges = [_edge(random) for _ in range(random.randint(0, 5))]
        machine["transitions"] = _or_junk(random, 0.01, edges)
    if random.random() < 0.4:
        states = [state for state in _STATES[:5] if random.random() < 0.85]
        if random.random() < 0.1:
            states.append(random.choice(_STATES))
        machine["states"] = _or_junk(random, 0.02, states)
    return machine


def _init(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    if random.random() < 0.6:
        return _state(random)
    init: dict[str, Any] = {}
    if random.random() < 0.97:
        init["to"] = _state(random)
    if random.random() < 0.3:
        init["name"] = _or_junk(random, 0.1, random.choice(_NAMES))
    if random.random() < 0.3:
        init["from"] = _or_junk(random, 0.1, random.choice(_STATES))
    return init


def _edge(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    name = random.choice(_NAMES[:8] if random.random() < 0.95 else _NAMES)
    edge = {"name": name, "from": _sources(random), "to": _state(random) if random.random() < 0.85 else "*"}
    if random.random() < 0.02:
        del edge[random.choice(list(edge))]
    return _or_junk(random, 0.01, edge)


def _sources(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    kind = random.random()
    if kind < 0.6:
        return _state(random)
    if kind < 0.7:
        return "*"
    return [_state(random) for _ in range(random.randint(kind > 0.73, _FEW))]


def _state(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    return _or_junk(random, 0.01, random.choice(_STATES[:_FEW] if random.random() < 0.94 else _STATES))


def _or_junk(random: Random, chance: float, value: Any) -> Any:  # noqa: ANN401 -- any JSON
    return random.choice(_JUNK) if random.random() < chance else value
