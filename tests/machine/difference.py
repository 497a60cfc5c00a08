"""Where this package's machines and npm's differ, and which of these differences are meant (`differences.toml`)."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtualq_core.errors import InvalidMachine, OrphanedState
from virtualq_core.machine import ANYWHERE, Machine, Profile
from virtualq_core.machine.compat import INHERITED, camelize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONFIGURATION = frozenset({"data", "methods", "plugins", "observeUnchangedState"})
_EDGE = frozenset({"name", "from", "to"})
_OWN_METHODS = frozenset({"onInvalidTransition", "onPendingTransition"})
_PREFIXES = ("onBefore", "onAfter", "onEnter", "onLeave", "on")
# What a JavaScript function has, and what the function `Object` has.
_MEMBERS = INHERITED | {
    *("apply", "arguments", "bind", "call", "caller", "length", "name", "prototype", "assign", "create"),
    *("defineProperties", "defineProperty", "entries", "freeze", "fromEntries", "getOwnPropertyDescriptor"),
    *("getOwnPropertyDescriptors", "getOwnPropertyNames", "getOwnPropertySymbols", "getPrototypeOf", "groupBy"),
    *("hasOwn", "is", "isExtensible", "isFrozen", "isSealed", "keys", "preventExtensions", "seal"),
    *("setPrototypeOf", "values"),
}


@dataclass(frozen=True)
class Difference:
    """One difference that is meant: what npm does, why it is not done here, and documents that show it."""

    key: str
    profile: str
    says: str
    why: str
    documents: tuple[str, ...]


@cache
def differences() -> dict[str, Difference]:
    """All of them, by key."""
    entries = tomllib.loads(Path(__file__).with_name("differences.toml").read_text(encoding="utf-8"))["difference"]
    return {entry["key"]: Difference(**{**entry, "documents": tuple(entry["documents"])}) for entry in entries}


def disagreement(document: str, npm: dict[str, Any]) -> tuple[str, ...]:
    """
    The profiles that read a document otherwise than npm was observed to.

    Compat takes and refuses the same documents, with the same start, states and names, and the same legal steps in
    each state. Strict refuses more; what it accepts starts in the same state and has the same legal steps.
    """
    seen = None
    if not npm.get("refused"):
        seen = {**npm, "legal": {state: steps for state, steps in npm["legal"].items() if state != ANYWHERE}}
    found = []
    if _reading(document, Profile.COMPAT, seen) != seen:
        found.append("compat")
    strict = _reading(document, Profile.STRICT, seen)
    if strict is not None and (seen is None or (strict["state"], strict["legal"]) != (seen["state"], seen["legal"])):
        found.append("strict")
    return tuple(found)


def excuses(document: str, profile: str) -> list[str]:
    """The differences that are meant and that a document may show in a profile."""
    value = json.loads(document)
    if not isinstance(value, dict):
        return []
    names = _Names(value)
    return [
        key
        for key, difference in differences().items()
        if difference.profile in {"compat", profile} and _APPLIES[key](names)
    ]


def _reading(document: str, profile: Profile, npm: dict[str, Any] | None) -> dict[str, Any] | None:
    try:
        machine = Machine.parse(document, profile)
    except InvalidMachine:
        return None
    legal: dict[str, Any] = {}
    for state in machine.states if npm is None else npm["legal"]:
        try:
            legal[state] = dict(machine.transitions_from(state))
        except OrphanedState:
            legal[state] = None
    return {"state": machine.initial, "states": list(machine.states), "names": list(machine.names), "legal": legal}


class _Names:
    """What a document names, as what."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        transitions = document.get("transitions")
        self.edges = [edge for edge in transitions if isinstance(edge, dict)] if isinstance(transitions, list) else []
        init = document.get("init")
        self.init = init if isinstance(init, dict) else {"to": init}
        self.sources = [*self._texts("from"), self.init.get("from", "none")]
        self.states = [*self.sources, *self._texts("to"), self.init.get("to")]
        self.names = [edge.get("name") for edge in self.edges] + [self.init.get("name", "init")]
        self.methods = {camelize(name) for name in self.names if isinstance(name, str) and name.strip("-_")}

    def _texts(self, key: str) -> Iterator[Any]:
        for edge in self.edges:
            value = edge.get(key)
            yield from value if key == "from" and isinstance(value, list) else [value]

    def events(self) -> Iterator[str]:
        """What npm calls the events of states and transitions."""
        yield from ("onBeforeTransition", "onAfterTransition", "onTransition", "onLeaveState", "onEnterState")
        for label in (*self.states, *self.names):
            if isinstance(label, str) and label.strip("-_"):
                method = camelize(label)
                yield from (prefix + method[:1].upper() + method[1:] for prefix in _PREFIXES)


def _spelling(value: object) -> str:
    """What JavaScript makes of a value where it wants a text."""
    if isinstance(value, list):
        return ",".join("" if item is None else _spelling(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return value if isinstance(value, str) else json.dumps(value)


def _has_spelling(names: _Names) -> bool:
    texts = {state for state in names.states if isinstance(state, str)} | {"*", "none"}
    return any(_spelling(value) in texts for value in names.states if value is not None and not isinstance(value, str))


_APPLIES: dict[str, Callable[[_Names], bool]] = {
    "no-text": _has_spelling,
    "array-like": lambda names: (
        isinstance(transitions := names.document.get("transitions"), dict) and "length" in transitions
    ),
    "proto-state": lambda names: "__proto__" in names.sources,
    "proto-name": lambda names: "__proto__" in names.names and not _EDGE.isdisjoint(map(_spelling, names.names)),
    "fired-by-others": lambda names: "onInvalidTransition" in names.methods,
    "inherited-orphan": lambda names: any(
        edge.get("from") == [] and edge.get("to") in INHERITED
        for edge in names.edges
        if isinstance(edge.get("to"), str)
    ),
    "inherited-members": lambda names: (
        not INHERITED.isdisjoint(map(_spelling, names.states)) and not _MEMBERS.isdisjoint(map(_spelling, names.names))
    ),
    "configuration": lambda names: not _CONFIGURATION.isdisjoint(names.document),
    "member-name": lambda names: "state" in names.methods,
    "handler-name": lambda names: not (names.methods | _OWN_METHODS).isdisjoint(names.events()),
    "inherited-wildcard": lambda names: any(
        _spelling(edge.get("name")) in INHERITED and ANYWHERE in (edge.get("from"), *_listed(edge.get("from")))
        for edge in names.edges
    ),
}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
