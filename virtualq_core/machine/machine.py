"""A state machine: what a ticket may do from where."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from virtualq_core import json_text
from virtualq_core.errors import IllegalTransition, InvalidMachine, OrphanedState, Problem
from virtualq_core.machine import compat, draw, strict
from virtualq_core.machine.draft import ANYWHERE, Draft, Edge
from virtualq_core.machine.profile import Profile
from virtualq_core.machine.rule import problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 256 * 1024
"""How long a machine's document may be, as compact JSON."""

_REFERENCE = "docs/reference/machines.md lists the rules"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """
    An immutable state machine, made by `Machine.parse`.

    Two machines are equal if they read the same in the same profile: same start, states and edges, in the same order.
    Their names, warnings and keys that mean nothing to a machine may differ.
    """

    profile: Profile
    initial: str
    """The state in which a ticket starts."""
    init_name: str
    """The name of the implicit transition that starts it: `init`, unless the document renames it."""
    init_from: str
    """The state before the start: `none`, unless the document renames it. Always one of the states."""
    states: tuple[str, ...]
    """Every state in the order of its first appearance; in the compat profile, those that npm lists."""
    edges: tuple[Edge, ...]
    """Every edge as written, the implicit one first; a list of sources is as many edges; `*` stays `*`."""
    name: str = field(default="", compare=False)
    """What errors call this machine."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What is allowed and probably not meant."""
    source: str = field(default="", compare=False, repr=False)
    """The document as compact JSON text."""
    _table: Mapping[str, Mapping[str, str]] = field(compare=False, repr=False)

    @staticmethod
    def parse(document: Mapping[str, Any] | str, profile: Profile = Profile.STRICT, *, name: str = "") -> Machine:
        """
        The machine that a document means: a JSON text, or the value read from one.

        The same text again costs a look-up.

        Raises:
            InvalidMachine: a rule of the profile is broken; `path` and `rule` are the first one's, `problems` has all.
        """
        try:
            text = document if isinstance(document, str) else json_text.write(_plain(document))
        except json_text.JsonFault as fault:
            raise _refusal([problem("json", fault.path, fault=fault.rule)]) from None
        machine = _parse(text, Profile(profile))
        return replace(machine, name=name) if name else machine

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The document as it was given, keys that mean nothing to a machine included; a fresh copy."""
        return json.loads(self.source)

    @property
    def names(self) -> tuple[str, ...]:
        """Every transition's name, in the order of its first appearance."""
        return tuple(dict.fromkeys(edge.name for edge in self.edges))

    def transitions_from(self, state: str) -> Mapping[str, str]:
        """
        Target by transition name, wildcards applied; a specific edge wins over a wildcard of the same name.

        Raises:
            OrphanedState: the machine has no such state, and then a wildcard does not help either.
        """
        try:
            return self._table[state]
        except KeyError:
            raise OrphanedState(
                f"the state '{state}' is not in {self._called}", expected=f"one of {', '.join(self._table)}"
            ) from None

    def can(self, state: str, name: str) -> bool:
        """Is there such an edge from this state? Raises OrphanedState as `transitions_from` does."""
        return name in self.transitions_from(state)

    def fire(self, state: str, name: str) -> str:
        """
        The state that a transition leads to, which may be the same.

        Raises:
            IllegalTransition: there is no such edge from this state.
            OrphanedState: the machine has no such state.
        """
        allowed = self.transitions_from(state)
        if name in allowed:
            return allowed[name]
        error = IllegalTransition(
            f"'{name}' is not a transition from '{state}' in {self._called}",
            observed=f"'{name}'",
            expected=", ".join(allowed) or "none, the state is final",
        )
        error.transition, error.state = name, state
        raise error

    def names_between(self, source: str, target: str) -> tuple[str, ...]:
        """The transitions that lead from one state to another. Raises OrphanedState as `transitions_from` does."""
        return tuple(name for name, to in self.transitions_from(source).items() if to == target)

    def compile(self) -> dict[str, dict[str, str]]:
        """
        Every legal step, wildcards spelled out: `{state: {transition: target}}`; a fresh copy.

        The state before the start is included: `{"none": {"init": "received"}, "received": …}`.
        """
        return {state: dict(edges) for state, edges in self._table.items()}

    @cached_property
    def reachable(self) -> frozenset[str]:
        """Every state that a ticket can come to from the initial one, which is included."""
        return _reachable(self._table, self.initial)

    @cached_property
    def terminal_states(self) -> tuple[str, ...]:
        """The states that no edge leaves for another; the state before the start is never one."""
        return tuple(
            state
            for state, edges in self._table.items()
            if state != self.init_from and all(target == state for target in edges.values())
        )

    def orphans(self, states: Iterable[str]) -> tuple[str, ...]:
        """Those of the given states, once each and in their order, that this machine lacks."""
        return tuple(state for state in dict.fromkeys(states) if state not in self._table)

    def to_mermaid(self) -> str:
        """A Mermaid `stateDiagram-v2`; names are escaped, so any name can be drawn."""
        return draw.state_diagram(
            edges=[edge for edge in self.edges if self._is_live(edge)],
            states=tuple(self._table),
            init=Edge(self.init_name, self.init_from, self.initial),
            final=self.terminal_states,
        )

    def require_storable(self) -> None:
        """
        Refuse what no ticket could hold: in the compat profile, a state's name may be longer than its column.

        Raises:
            InvalidMachine: a state's name is longer than 32 characters.
        """
        long = [state for state in self._table if len(state) > strict.MAX_STATE_LENGTH]
        if long:
            raise _refusal([problem("state-too-long", "states", name=state) for state in long])

    @property
    def _called(self) -> str:
        return f"the machine '{self.name}'" if self.name else f"the machine that starts in '{self.initial}'"

    def _is_live(self, edge: Edge) -> bool:
        if edge.source == ANYWHERE:
            return self.profile is Profile.STRICT or not compat.is_dead(edge.name)
        return edge.name in self._table[edge.source]

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.source, self.profile, self.name)


def _plain(document: object) -> object:
    return dict(document) if isinstance(document, Mapping) else document


def _again(source: str, profile: Profile, name: str) -> Machine:
    return Machine.parse(source, profile, name=name)


@lru_cache(maxsize=512)
def _parse(text: str, profile: Profile) -> Machine:
    try:
        document = json_text.parse(text, max_bytes=MAX_BYTES)
    except json_text.JsonFault as fault:
        raise _refusal([problem("json", fault.path, fault=fault.rule)]) from None
    draft = strict.read(document) if profile is Profile.STRICT else compat.read(document)
    if draft.problems:
        raise _refusal(draft.problems)
    table = _spell_out(draft, profile)
    initial = draft.init_from
    if draft.init_to is not None:
        initial = table[draft.init_from].get(draft.init_name, "")
        if not initial:
            raise _refusal([problem("init-throws", "init", name=draft.init_name)])
    _warn(draft, table, initial)
    return Machine(
        profile=profile,
        initial=initial,
        init_name=draft.init_name,
        init_from=draft.init_from,
        states=tuple(s for s in draft.places if profile is Profile.STRICT or s not in compat.INHERITED),
        edges=tuple(Edge(name, source, target) for (source, name), target in draft.edges.items()),
        warnings=tuple(draft.warnings),
        source=json_text.write(document),
        _table=MappingProxyType({state: MappingProxyType(edges) for state, edges in table.items()}),
    )


def _refusal(problems: list[Problem]) -> InvalidMachine:
    first = problems[0]
    return InvalidMachine(first.path, first.rule, problems=problems, next_step=_REFERENCE)


def _spell_out(draft: Draft, profile: Profile) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {state: {} for state in draft.places}
    anywhere: dict[str, str] = {}
    for (source, name), target in draft.edges.items():
        if source != ANYWHERE:
            table[source][name] = source if target == ANYWHERE else target
        elif profile is Profile.STRICT or not compat.is_dead(name):
            anywhere[name] = target
    for state, edges in table.items():
        for name, target in anywhere.items():
            edges.setdefault(name, state if target == ANYWHERE else target)
    if profile is Profile.COMPAT:
        hooks = compat.Hooks(name for _, name in draft.edges)
        for state, edges in table.items():
            table[state] = {name: target for name, target in edges.items() if not hooks.block(name, state, target)}
    return table


def _warn(draft: Draft, table: Mapping[str, Mapping[str, str]], initial: str) -> None:
    unused = {warning.path for warning in draft.warnings}
    if draft.init_to is not None and not any(
        initial in (source, target) or source == ANYWHERE
        for (source, name), target in draft.edges.items()
        if (source, name) != (draft.init_from, draft.init_name)
    ):
        draft.warn("init-unused", draft.places[initial], name=initial)
    known = _reachable(table, initial) | {draft.init_from}
    for state, path in draft.places.items():
        if state not in known and path not in unused:
            draft.warn("state-unreachable", path, name=state, initial=initial)


def _reachable(table: Mapping[str, Mapping[str, str]], start: str) -> frozenset[str]:
    seen = {start}
    waiting = deque(seen)
    while waiting:
        for target in table[waiting.popleft()].values():
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return frozenset(seen)
