"""
The compat profile: npm javascript-state-machine 3.1.0 under Node, driven by raw names (`fsm._fsm.fire(name, [])`).

What is not imitated, because no machine can mean it, is listed in docs/reference/machines.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtualq_core.machine.draft import ANYWHERE, Draft, is_falsy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INHERITED = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)
"""What every JavaScript object has: states so named are not listed, wildcard transitions so named never fire."""

_HANDLERS = ("onInvalidTransition", "onPendingTransition")
_MEMBERS = ("state", "onInvalidTransition")
_SEPARATOR = re.compile(r"[_-]")


def read(document: object) -> Draft:
    """Read a machine as npm does, noting what it throws at; the draft is a machine only if it has no problems."""
    reader = _Reader()
    reader.read(document if isinstance(document, dict) else {})
    return reader


def is_dead(name: str) -> bool:
    """Does a wildcard edge of this name never fire, because each state's map inherits something of that name?"""
    return name in INHERITED


class Hooks:
    """
    Methods that npm makes of transition names and calls, unasked, as event handlers of other transitions.

    A handler that fires a transition while one is under way throws, and the machine is stuck from then on.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._called = {*map(camelize, names), *_HANDLERS}

    def block(self, name: str, source: str, target: str) -> bool:
        """Does firing this edge call a method that throws?"""
        return not self._called.isdisjoint(_events(name, source, target))


def camelize(label: str) -> str:
    """The method name that npm makes of a label: `on-leave-a` and `on_leave_a` become `onLeaveA`."""
    first, *others = _SEPARATOR.split(label)
    if not others:
        return label if label[:1].lower() == label[:1] else label.lower()
    return first.lower() + "".join(word[:1].upper() + word[1:].lower() for word in others)


def _events(name: str, source: str, target: str) -> Iterator[str]:
    for prefix in ("onBefore", "onAfter", "on"):
        yield from (f"{prefix}Transition", _prepended(prefix, name))
    if source != target:
        yield from ("onLeaveState", "onEnterState")
        if source not in INHERITED:
            yield _prepended("onLeave", source)
        if target not in INHERITED:
            yield from (_prepended("onEnter", target), _prepended("on", target))


def _prepended(prefix: str, label: str) -> str:
    method = camelize(label)
    return prefix + method[:1].upper() + method[1:]


class _Reader(Draft):
    def read(self, document: dict[str, object]) -> None:
        if "init" in document:
            self._init(document["init"])
        else:
            self.mention(self.init_from, "init")
        transitions = document.get("transitions")
        if isinstance(transitions, str) and transitions:
            self.refuse("transitions-array", "transitions")
        elif isinstance(transitions, list):
            for index, transition in enumerate(transitions):
                self._transition(transition, f"transitions[{index}]")

    def _init(self, init: object) -> None:
        if isinstance(init, int | float):
            self.mention(self.init_from, "init")
            return
        target, path = init, "init"
        if isinstance(init, dict):
            self.init_name = self._transition_name(init.get("name", self.init_name), "init.name") or self.init_name
            self.init_from = self.state_name(init.get("from", self.init_from), "init.from") or self.init_from
            target, path = init.get("to"), "init.to"
        # npm lists the wildcard among the states where the start names it, so not `mention` here.
        self.places.setdefault(self.init_from, path)
        if is_falsy(target) or isinstance(init, list):
            self.refuse("init-missing", path)
            return
        self.init_to = self.state_name(target, path)
        if self.init_to is not None:
            self.places.setdefault(self.init_to, path)
            if self.init_from != ANYWHERE:  # npm empties the wildcard's map after it has put the initial edge there
                self.connect(self.init_name, self.init_from, self.init_to)

    def _transition(self, transition: object, path: str) -> None:
        if not isinstance(transition, dict):
            self.refuse("transition-object", path)
            return
        sources = transition.get("from")
        paths = [f"{path}.from"]
        if isinstance(sources, list):
            paths = [f"{path}.from[{index}]" for index in range(len(sources))]
        else:
            sources = [ANYWHERE if is_falsy(sources) else sources]
        if not sources:
            return
        target = transition.get("to")
        target = ANYWHERE if is_falsy(target) else self.state_name(target, f"{path}.to")
        name = self._transition_name(transition.get("name"), f"{path}.name")
        for value, place in zip(sources, paths, strict=True):
            source = self.state_name(value, place)
            if name is None or source is None or target is None:
                continue
            self.mention(source, place)
            self.mention(target, f"{path}.to")
            self.connect(name, source, target)

    def _transition_name(self, value: object, path: str) -> str | None:
        name = self.transition_name(value, path)
        if name is not None and (member := camelize(name)) in _MEMBERS:
            self.refuse("name-collides", path, name=name, member=member)
        return name
