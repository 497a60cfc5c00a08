"""Machines drawn at random, sound and unsound, so that two readers of the format can be held to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

_NAMES = ("go", "back", "stay", "init", "toString", "__proto__", "foo-bar", "Go", "*", "_", "")
_STATES = ("a", "b", "c", "none", "A", "constructor", "é" * 32, "x" * 33, "*", "-", "")
_JUNK: tuple[Any, ...] = (None, True, False, 0, -0.0, 1, 1.5, {}, [], ["a"], [["a"]], {"to": "a"}, "")
_FEW = 3


def draw_machine(random: Random) -> dict[str, Any]:
    """A document that may be a machine: about two in five are sound, the others mostly break one rule."""
    machine: dict[str, Any] = {}
    if _percent(random, 98):
        machine["init"] = _init(random)
    if _percent(random, 97):
        edges = [_edge(random) for _ in range(random.randint(0, 5))]
        machine["transitions"] = _or_junk(random, 1, edges)
    if _percent(random, 40):
        states = [state for state in _STATES[:5] if _percent(random, 85)]
        if _percent(random, 10):
            states.append(random.choice(_STATES))
        machine["states"] = _or_junk(random, 2, states)
    return machine


def _init(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    if _percent(random, 60):
        return _state(random)
    init: dict[str, Any] = {}
    if _percent(random, 97):
        init["to"] = _state(random)
    if _percent(random, 30):
        init["name"] = _or_junk(random, 10, random.choice(_NAMES))
    if _percent(random, 30):
        init["from"] = _or_junk(random, 10, random.choice(_STATES))
    return init


def _edge(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    name = random.choice(_NAMES[:8] if _percent(random, 95) else _NAMES)
    edge = {"name": name, "from": _sources(random), "to": _state(random) if _percent(random, 85) else "*"}
    if _percent(random, 2):
        del edge[random.choice(list(edge))]
    return _or_junk(random, 1, edge)


def _sources(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    if _percent(random, 60):
        return _state(random)
    if _percent(random, 25):
        return "*"
    fewest = 0 if _percent(random, 10) else 1
    return [_state(random) for _ in range(random.randint(fewest, _FEW))]


def _state(random: Random) -> Any:  # noqa: ANN401 -- any JSON
    return _or_junk(random, 1, random.choice(_STATES[:_FEW] if _percent(random, 94) else _STATES))


def _or_junk(random: Random, percent: int, value: Any) -> Any:  # noqa: ANN401 -- any JSON
    return random.choice(_JUNK) if _percent(random, percent) else value


def _percent(random: Random, chance: int) -> bool:
    """True in so many of a hundred cases."""
    return random.randrange(100) < chance
