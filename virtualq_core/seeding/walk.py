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


class Routes:
    """
    The machines of all types, as tables.

    States and edges are numbered over all types; the first edges are the creations, one for each type in order.
    """

    def __init__(self, types: list[TicketType]) -> None:
        self._numbers: dict[tuple[int, str], int] = {}
        self.types = types
        for place, one in enumerate(types):
            for state in sorted(set(one.compiled) - {one.initial_from} | {one.initial_state}):
                self._numbers[place, state] = len(self._numbers)
        self.initial = np.array([self._numbers[place, one.initial_state] for place, one in enumerate(types)])
        self.terminal = np.zeros(len(self._numbers), dtype=bool)
        for (place, state), number in self._numbers.items():
            self.terminal[number] = state in types[place].terminal
        # A creation's source is named by the type; the number that stands for it here is never read.
        edges = [_Edge(NO_EDGE, one.initial_name, int(self.initial[place])) for place, one in enumerate(types)]
        outgoing: dict[int, list[int]] = {number: [] for number in range(len(self._numbers))}
        for (place, state), number in self._numbers.items():
            for name, target in sorted(types[place].compiled.get(state, {}).items()):
                outgoing[number].append(len(edges))
                edges.append(_Edge(number, name, self._numbers[place, target]))
        self.target = np.array([edge.target for edge in edges])
        self.is_expiry = np.array([edge.source != NO_EDGE and edge.name == "expire" for edge in edges])
        self.can_expire = np.array([any(self.is_expiry[edge] for edge in leaving) for leaving in outgoing.values()])
        self._homeward = self._shortest(edges, outgoing)
        self._next = self._weigh(edges, outgoing)
        self.is_exit = np.array([self._leaves(edge, edges, outgoing) for edge in edges])
        self.states: Segments = segments(text(state) for _, state in self._numbers)
        self.edges: Segments = self._fields(edges)
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

    def _fields(self, edges: list[_Edge]) -> Segments:
        """from_state, to_state and transition_name of each edge, as three fields in one."""
        names = [state for _, state in self._numbers]
        sources = [one.initial_from for one in self.types] + [names[edge.source] for edge in edges[len(self.types) :]]
        return segments(
            text(source) + text(names[edge.target]) + text(edge.name)
            for source, edge in zip(sources, edges, strict=True)
        )

    def _shortest(self, edges: list[_Edge], outgoing: dict[int, list[int]]) -> Integers:
        """For each state the edge towards the nearest terminal state, or NO_EDGE; keeps the distances."""
        distance = np.where(self.terminal, 0, -1)
        homeward = np.full(len(self.terminal), NO_EDGE)
        far = 0
        while True:
            reached = [
                (state, edge)
                for state, leaving in outgoing.items()
                if distance[state] < 0
                for edge in leaving
                if distance[edges[edge].target] == far
            ]
            if not reached:
                break
            far += 1
            for state, edge in reversed(reached):
                distance[state], homeward[state] = far, edge
        self._distance: Integers = distance
        return homeward

    def _depths(self, edges: list[_Edge], outgoing: dict[int, list[int]]) -> dict[int, int]:
        depths = {int(start): 0 for start in self.initial}
        front = list(depths)
        while front:
            ahead = []
            for state in front:
                for edge in outgoing[state]:
                    if edges[edge].target not in depths:
                        depths[edges[edge].target] = depths[state] + 1
                        ahead.append(edges[edge].target)
            front = ahead
        return depths

    def _leaves(self, edge: _Edge, edges: list[_Edge], outgoing: dict[int, list[int]]) -> bool:
        """Whether an edge ends a ticket at a point where another edge carries it on."""
        if edge.source == NO_EDGE or not self.terminal[edge.target]:
            return False
        others = [edges[other].target for other in outgoing[edge.source]]
        depth = self._depth.get(edge.source, 0)
        return any(not self.terminal[other] and self._depth[other] > depth for other in others)

    def _weigh(self, edges: list[_Edge], outgoing: dict[int, list[int]]) -> Integers:
        """For each state a table of equally likely edges."""
        self._depth = self._depths(edges, outgoing)
        table = np.full((len(self.terminal), _SLOTS), NO_EDGE)
        for state, leaving in outgoing.items():
            if not leaving or state not in self._depth:
                continue
            weights = []
            for number in leaving:
                edge = edges[number]
                if edge.name == "expire":
                    weights.append(_EXPIRE)
                elif edge.target == state:
                    weights.append(_ASIDE)
                elif self._leaves(edge, edges, outgoing):
                    weights.append(_EXIT)
                elif not self.terminal[edge.target] and self._depth[edge.target] <= self._depth[state]:
                    weights.append(_BACK)
                else:
                    weights.append(_ONWARD)
            table[state] = np.array(leaving)[weighted(weights, _SLOTS)]
        return table


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
