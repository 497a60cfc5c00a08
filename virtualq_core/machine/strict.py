"""The strict profile: what a ticket type accepts."""

from __future__ import annotations

from typing import Any

from virtualq_core.machine.draft import ANYWHERE, Draft, is_falsy

MAX_STATE_LENGTH = 32
"""A ticket's state is a `varchar(32)`."""


def read(document: object) -> Draft:
    """Read a machine, noting every broken rule; the draft is a machine only if it has no problems."""
    reader = _Reader()
    if isinstance(document, dict):
        reader.read(document)
    else:
        reader.refuse("document", "")
    return reader


class _Reader(Draft):
    def read(self, document: dict[str, Any]) -> None:
        self._init(document.get("init"))
        transitions = document.get("transitions", [])
        if isinstance(transitions, list):
            for index, transition in enumerate(transitions):
                self._transition(transition, f"transitions[{index}]")
        else:
            self.refuse("transitions-array", "transitions")
        if "states" in document:
            self._states(document["states"])

    def _init(self, init: object) -> None:
        if isinstance(init, dict):
            name, source = init.get("name", self.init_name), init.get("from", self.init_from)
            self.init_name = self.transition_name(name, "init.name") or self.init_name
            self.init_from = self.state_name(source, "init.from") or self.init_from
            target, path = init.get("to"), "init.to"
        else:
            target, path = init, "init"
        self.mention(self.init_from, "init.from" if isinstance(init, dict) and "from" in init else "init")
        if is_falsy(target) or isinstance(init, int | float | list):
            self.refuse("init-missing", path)
            return
        self.init_to = self.state_name(target, path)
        if self.init_to is not None:
            self.mention(self.init_to, path)
            self.connect(self.init_name, self.init_from, self.init_to)

    def _transition(self, transition: object, path: str) -> None:
        if not isinstance(transition, dict):
            self.refuse("transition-object", path)
            return
        name = self.transition_name(transition.get("name"), f"{path}.name")
        sources = self._sources(transition.get("from"), f"{path}.from")
        target = self._target(transition.get("to"), f"{path}.to")
        for source, place in sources:
            self.mention(source, place)
            if target is not None:
                self.mention(target, f"{path}.to")
            if name is None or target is None:
                continue
            if (source, name) in self.edges:
                self.refuse("edge-twice", path, name=name, state=source)
            else:
                self.connect(name, source, target)

    def _sources(self, value: object, path: str) -> list[tuple[str, str]]:
        """The sources that are named well, each with its path."""
        if is_falsy(value):
            self.refuse("from-implicit", path)
            return []
        if not isinstance(value, list):
            value, paths = [value], [path]
        elif value:
            paths = [f"{path}[{index}]" for index in range(len(value))]
        else:
            self.refuse("from-empty", path)
            return []
        named = [(self._state(item, place), place) for item, place in zip(value, paths, strict=True)]
        return [(name, place) for name, place in named if name is not None]

    def _target(self, value: object, path: str) -> str | None:
        if is_falsy(value):
            self.refuse("to-implicit", path)
            return None
        return self._state(value, path)

    def _state(self, value: object, path: str) -> str | None:
        return ANYWHERE if value == ANYWHERE else self.state_name(value, path)

    def state_name(self, value: object, path: str) -> str | None:
        """A state's name, or None where it breaks a rule."""
        if value == ANYWHERE:
            self.refuse("state-wildcard", path)
            return None
        name = super().state_name(value, path)
        if name is not None and len(name) > MAX_STATE_LENGTH:
            self.refuse("state-too-long", path, name=name)
            return None
        return name

    def _states(self, states: object) -> None:
        if not isinstance(states, list):
            self.refuse("states-array", "states")
            return
        declared: dict[str, str] = {}
        for index, value in enumerate(states):
            path = f"states[{index}]"
            name = self.state_name(value, path)
            if name in declared:
                self.refuse("state-twice", path, name=name)
            elif name is not None:
                declared[name] = path
        for state, path in self.places.items():
            if state != self.init_from and state not in declared:
                self.refuse("state-undeclared", path, name=state)
        for state, path in declared.items():
            if state not in self.places:
                self.warn("state-unused", path, name=state)
                self.mention(state, path)
