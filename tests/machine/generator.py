"""Machines drawn at random for the comparison with npm: most are sound, some are strange, few are nonsense."""

from __future__ import annotations

import json
from random import Random
from typing import Any

PLAIN_STATES = ("A", "B", "C", "none", "a b", "Ready", "ready", "in_progress", "ü", "x" * 33)
STRANGE_STATES = ("*", "transition", "state", "invalidTransition", "constructor", "toString", "__proto__", "5", "true")
PLAIN_NAMES = ("go", "back", "stop", "init", "Go", "foo-bar", "foo_bar", "fooBar", "éa")
STRANGE_NAMES = (
    *("toString", "__proto__", "constructor", "hasOwnProperty", "*", "onLeaveA", "on-enter-b", "onBeforeGo", "onGo"),
    *("onTransition", "onEnterState", "onAfter-back", "can", "is", "observe", "_fsm", "onPendingTransition", "onA"),
    *("name", "length", "call", "keys", "to", "onInvalidTransition", "state", "5"),
)
JUNK: tuple[Any, ...] = (
    None,
    "",
    0,
    False,
    [],
    {},
    1,
    True,
    -1.5,
    5,
    ["A"],
    [None],
    [""],
    {"to": "A"},
    "_",
    "-_",
    "*",
    ["*"],
)
EXTRA: tuple[tuple[str, Any], ...] = (
    ("label", "A"),
    ("states", ["A", "B"]),
    ("data", {"colour": "red"}),
    ("data", {"onEnterState": 1}),
    ("methods", {"greet": "hello"}),
    ("plugins", []),
    ("observeUnchangedState", True),
    ("length", 1),
)
_FEW = 3
_MANY = 6


class Generator:
    """Draws documents; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._strange = 0.0

    def document(self) -> str:
        """One more document, as JSON text."""
        # Most documents are plain but for a thing or two, so that what is odd in them stands alone.
        self._strange = self._random.choice((0.0, 0.02, 0.05, 0.3))
        return json.dumps(self._junk(0.005, self._machine()))

    def _machine(self) -> dict[str, Any]:
        transitions: Any = self._transitions()
        if self._chance(self._strange / 10):
            transitions = {"length": len(transitions), **{str(place): each for place, each in enumerate(transitions)}}
        machine = {"init": self._junk(0.03, self._init()), "transitions": self._junk(0.01, transitions)}
        if self._chance(0.04):
            del machine[self._random.choice(list(machine))]
        if self._chance(self._strange):
            name, value = self._random.choice(EXTRA)
            machine[name] = value
        return machine

    def _init(self) -> Any:  # noqa: ANN401 -- any JSON
        if self._chance(0.6):
            return self._state()
        init = {"to": self._junk(0.05, self._state())}
        if self._chance(0.5):
            init["name"] = self._junk(0.05, self._name())
        if self._chance(0.5):
            init["from"] = self._junk(0.05, self._state())
        if self._chance(self._strange):
            init[self._random.choice(("active", "note"))] = self._random.choice(JUNK)
        return init

    def _transitions(self) -> list[Any]:
        return [self._junk(0.01, self._edge()) for _ in range(self._random.randint(0, _MANY))]

    def _edge(self) -> dict[str, Any]:
        sources: Any = self._state()
        if self._chance(0.2):
            sources = "*"
        elif self._chance(0.3):
            sources = [self._junk(0.02, self._state()) for _ in range(self._random.randint(0, _FEW))]
        target = "*" if self._chance(0.1) else self._state()
        edge = {
            "name": self._junk(0.02, self._name()),
            "from": self._junk(0.04, sources),
            "to": self._junk(0.04, target),
        }
        if self._chance(0.04):
            del edge[self._random.choice(list(edge))]
        if self._chance(self._strange):
            edge["colour"] = "red"
        return edge

    def _state(self) -> str:
        return self._random.choice(STRANGE_STATES if self._chance(self._strange) else PLAIN_STATES)

    def _name(self) -> str:
        return self._random.choice(STRANGE_NAMES if self._chance(self._strange) else PLAIN_NAMES)

    def _junk(self, share: float, value: Any) -> Any:  # noqa: ANN401 -- any JSON
        return self._random.choice(JUNK) if self._chance(share) else value

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
