"""
True paths through compiled machines, for many tickets at once.

The machines of all types are laid side by side: states and edges are numbered through, so one table look-up moves
every ticket of a chunk along, whatever its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from virtualq_core.seeding.draw import Booleans, Draw, Integers, log_normal, weighted
from virtualq_core.seeding.record import Segments, segments, text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_STEPS = 12
NO_EDGE = -1
_SLOTS = 1024

# How often an edge is taken beside another one from the same state.
_ONWARD = 1000
_BACK = 150  # to a state nearer to the start
_ASIDE = 80  # to the state itself
_EXIT = 60  # out of the machine, where it also goes on
_EXPIRE = 30

# The median of one step, by type; people wait minutes at a counter and days for an answer.
_PACE_S = {"appointment": 5400, "order": 300, "support": 18_000, "walk_in": 420, "repair": 28_800}
_DEFAULT_PACE_S = 1200
_SPREAD = 0.8
_MICROS = 1_000_000


@dataclass(frozen=True)
class TicketType:
    """A type as the database compiled it."""

    id: int
    scope: int
    code: str
    revision: int
    initial_state: str
    initial_from: str
    initial_name: str
    compiled: Mapping[str, Mapping[str, str]]
    terminal: frozenset[str]
    fields: Any


@dataclass(frozen=True)
class _Edge:
    source: int
    name: str
    target: int


@dataclass(frozen=True)
class _Graph:
    """All machines side by side: edges by number, and the numbers of those that leave each state."""

    edges: list[_Edge]
    leaving: list[list[int]]
    terminal: Booleans
    depth: Integers  # steps from the start

    def weigh(self, number: int) -> int:
        """How often an edge is taken beside the others from its state."""
        edge = self.edges[number]
        if edge.name == "expire":
            return _EXPIRE
        if edge.target == edge.source:
            return _ASIDE
        if self.is_exit(number):
            return _EXIT
        if not self.terminal[edge.target] and self.depth[edge.target] <= self.depth[edge.source]:
            return _BACK
        return _ONWARD

    def is_exit(self, number: int) -> bool:
        """Whether an edge ends a ticket at a point where another edge carries it on."""
        edge = self.edges[number]
        if edge.source == NO_EDGE or not self.terminal[edge.target]:
            return False
        targets = [self.edges[other].target for other in self.leaving[edge.source]]
        return any(not self.terminal[target] and self.depth[target] > self.depth[edge.source] for target in targets)

    def homeward(self) -> tuple[Integers, Integers]:
        """For each state the edge towards the nearest terminal state (or NO_EDGE), and how far that is (or -1)."""
        distance = np.where(self.terminal, 0, -1)
        towards = np.full(len(self.terminal), NO_EDGE)
        for far in range(len(self.terminal)):
            for state, leaving in enumerate(self.leaving):
                nearer = [edge for edge in leaving if distance[self.edges[edge].target] == far]
                if distance[state] < 0 and nearer:
                    distance[state], towards[state] = far + 1, nearer[0]
        return towards, distance


class Routes:
    """
    The machines of all types, as tables.

    States and edges are numbered over all types; the first edges are the creations, one for each type in order.
    """

    def __init__(self, types: list[TicketType]) -> None:
        self.types = types
        states = [(place, state, depth) for place, one in enumerate(types) for state, depth in _reach(one)]
        numbers = {(place, state): number for number, (place, state, _) in enumerate(states)}
        self.initial = np.array([numbers[place, one.initial_state] for place, one in enumerate(types)])
        self.terminal = np.array([state in types[place].terminal for place, state, _ in states])
        # A creation's source is named by the type; the number that stands for it here is never read.
        edges = [_Edge(NO_EDGE, one.initial_name, int(self.initial[place])) for place, one in enumerate(types)]
        leaving: list[list[int]] = []
        for place, state, _ in states:
            targets = sorted(types[place].compiled.get(state, {}).items())
            leaving.append(list(range(len(edges), len(edges) + len(targets))))
            edges += [_Edge(numbers[place, state], name, numbers[place, target]) for name, target in targets]
        graph = _Graph(edges, leaving, self.terminal, np.array([depth for *_, depth in states]))

        self.target = np.array([edge.target for edge in edges])
        self.is_expiry = np.array([edge.source != NO_EDGE and edge.name == "expire" for edge in edges])
        self.is_exit = np.array([graph.is_exit(number) for number in range(len(edges))])
        self.can_expire = np.array([any(self.is_expiry[edge] for edge in some) for some in leaving])
        self._homeward, self._distance = graph.homeward()
        self._next = np.full((len(states), _SLOTS), NO_EDGE)
        for number, some in enumerate(leaving):
            if some:
                self._next[number] = np.array(some)[weighted([graph.weigh(edge) for edge in some], _SLOTS)]
        names = [state for _, state, _ in states]
        sources = [one.initial_from for one in types] + [names[edge.source] for edge in edges[len(types) :]]
        self.states: Segments = segments(map(text, names))
        # from_state, to_state and transition_name of each edge, as three fields in one.
        self.edges: Segments = segments(
            text(source) + text(names[edge.target]) + text(edge.name)
            for source, edge in zip(sources, edges, strict=True)
        )
        self._pace = np.array([_PACE_S.get(one.code, _DEFAULT_PACE_S) for one in types])
        self._quantiles = log_normal(1000, _SPREAD)  # thousandths of the median

    def closes(self, place: int) -> bool:
        """Whether tickets of a type start open and can be closed."""
        return bool(self._homeward[self.initial[place]] != NO_EDGE)

    def walk(self, draw: Draw, places: Integers) -> Integers:
        """
        The edges that tickets of the types at `places` take until they are closed: (tickets × MAX_STEPS), -1 after.

        Where an edge would leave too few steps, the straight way to the nearest terminal state is taken instead, so
        that every path that can end does.
        """
        rows = len(places)
        found = np.full((rows, MAX_STEPS), NO_EDGE, dtype=np.int64)
        moving = np.flatnonzero(~self.terminal[self.initial[places]])
        state = self.initial[places[moving]]
        for step in range(MAX_STEPS):
            edge = self._next[state, draw.below(_SLOTS, len(moving))]
            leads_too_far = self._distance[self.target[edge]] >= MAX_STEPS - step
            edge = np.where(leads_too_far & (self._homeward[state] != NO_EDGE), self._homeward[state], edge)
            found[moving, step] = edge
            stays = edge != NO_EDGE
            state = self.target[edge]
            stays &= ~self.terminal[state]
            moving, state = moving[stays], state[stays]
            if not len(moving):
                break
        return found

    def steps(self, draw: Draw, places: Integers) -> Integers:
        """How long each of the MAX_STEPS steps takes, in microseconds, log-normal about the type's pace."""
        size = len(places) * MAX_STEPS
        thousandths = draw.pick(self._quantiles, size).reshape(-1, MAX_STEPS)
        found: Integers = thousandths * self._pace[places][:, None] * 1000
        return found + draw.below(_MICROS, size).reshape(-1, MAX_STEPS)


def _reach(one: TicketType) -> list[tuple[str, int]]:
    """The states that a ticket can get into, by name, and how many steps it takes at least."""
    depths, front = {one.initial_state: 0}, [one.initial_state]
    while front:
        ahead = []
        for state in front:
            for target in one.compiled.get(state, {}).values():
                if target not in depths:
                    depths[target] = depths[state] + 1
                    ahead.append(target)
        front = ahead
    return sorted(depths.items())


def arrive(start: Integers, steps: Integers, held: Booleans, due: Integers) -> Integers:
    """
    When each step of each path happens: (tickets × MAX_STEPS) microseconds, strictly rising along a path.

    `held` marks the steps that wait for the ticket's time to live, which runs out at `due`.
    """
    found = np.empty_like(steps)
    present = start
    for place in range(steps.shape[1]):
        after = present + 1 + steps[:, place]
        # An expiry comes within the minute after the time is up, or right after the step that made it possible.
        late = np.maximum(present + 1, due) + steps[:, place] % (60 * _MICROS)
        present = np.where(held[:, place], late, after)
        found[:, place] = present
    return found
