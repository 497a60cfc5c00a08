"""A machine while it is being read: the edges so far, where each state was first named, and what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from virtualq_core.machine.rule import problem

if TYPE_CHECKING:
    from virtualq_core.errors import Problem

ANYWHERE: Final = "*"
"""As a source: every state, the one before the start included. As a target: the state itself."""
INIT_NAME: Final = "init"
INIT_FROM: Final = "none"

_BARE = re.compile(r"[_-]*")


class Edge(NamedTuple):
    """One edge as written; `source` and `target` may be `*`."""

    name: str
    source: str
    target: str


class Draft:
    """What a profile's reader has found so far."""

    def __init__(self) -> None:
        self.init_name: str = INIT_NAME
        self.init_from: str = INIT_FROM
        self.init_to: str | None = None
        self.places: dict[str, str] = {}
        """Every state, in the order of appearance, with the path of its first mention."""
        self.edges: dict[tuple[str, str], str] = {}
        """Target by source and name, in the order of appearance; a later edge replaces an earlier one."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, key: str, path: str, **names: str) -> None:
        """Note a broken rule and go on, so that all of them are found in one reading."""
        self.problems.append(problem(key, path, **names))

    def warn(self, key: str, path: str, **names: str) -> None:
        """Note something that is allowed and probably not meant."""
        self.warnings.append(problem(key, path, **names))

    def mention(self, state: str, path: str) -> None:
        """A state is one from its first mention on; the wildcard is none."""
        if state != ANYWHERE:
            self.places.setdefault(state, path)

    def connect(self, name: str, source: str, target: str) -> None:
        """Add an edge, in the place of an earlier one with the same name and source."""
        self.edges[source, name] = target

    def transition_name(self, value: object, path: str) -> str | None:
        """A transition's name, or None where it breaks a rule."""
        if not isinstance(value, str) or not value:
            self.refuse("transition-name", path)
            return None
        return self._named(value, path)

    def state_name(self, value: object, path: str) -> str | None:
        """A state's name, or None where it breaks a rule that both profiles know."""
        if not isinstance(value, str) or not value:
            self.refuse("state-name", path)
            return None
        return self._named(value, path)

    def _named(self, value: str, path: str) -> str | None:
        if _BARE.fullmatch(value):
            self.refuse("name-bare", path)
            return None
        return value


def is_falsy(value: object) -> bool:
    """JavaScript's idea of no value: missing, null, false, zero and the empty text, but neither `[]` nor `{}`."""
    return not value and not isinstance(value, list | dict)
