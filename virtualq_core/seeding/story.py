"""What happens to the tickets of a chunk: who they are for, which path they take, and how far they get by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.seeding.arrival import SLOT_S, SLOTS, Calendar, Chunk, micros
from virtualq_core.seeding.draw import Booleans, Draw, Integers, Stream, weighted
from virtualq_core.seeding.population import FRESH_DAYS, Queues, Tenants
from virtualq_core.seeding.walk import MAX_STEPS, NO_EDGE, Routes, arrive

if TYPE_CHECKING:
    from virtualq_core.seeding.plan import SeedPlan

MINUTE = 60_000_000
TTL_MINUTES = np.array([30, 60, 120, 240, 480, 1440, 2880, 10_080, 43_200])
_TTL_OF_EXPIRED = slice(1, 6)
_STEPS_BEFORE_WAITING = weighted((60, 25, 15))
_LISTED_OF_LATEST = 18  # the listed queue's open tickets are among the latest eighteenth of all: five days
_FURTHER_OF_LATEST = 6  # those of further ones among the latest sixth: fifteen days

_HAS_EMPLOYEE = 920_000  # once it is started
_HAS_EMPLOYEE_EARLY = 60_000


@dataclass(frozen=True)
class Arrivals:
    """Tickets as they come in, in the order of time; places in `tenant` and `queue` are ids - 1."""

    ids: Integers
    created: Integers  # microseconds since 1970
    tenant: Integers
    queue: Integers
    listed: Booleans


@dataclass(frozen=True)
class Story:
    """What becomes of tickets; the first `steps` of each path and its times have happened."""

    arrivals: Arrivals
    queue: Integers
    kind: Integers  # the type's place in Routes.types
    path: Integers
    when: Integers
    steps: Integers
    state: Integers
    changed: Integers
    closed: Booleans
    expired: Booleans
    expired_ttl: Integers  # of those that have expired
    employee: Integers
    has_employee: Booleans


class Teller:
    """Tells each chunk's story; the same one however often it is asked."""

    def __init__(self, plan: SeedPlan, tenants: Tenants, queues: Queues, routes: Routes, calendar: Calendar) -> None:
        self._plan, self._tenants, self._queues, self._routes = plan, tenants, queues, routes
        self._calendar = calendar
        self._now = micros(plan.now)
        zones = tenants.locale[queues.tenant]
        self._by_zone = np.argsort(zones, kind="stable")
        self._reached = np.concatenate([[0], np.cumsum(queues.weight[self._by_zone])])
        self._zone_ends = np.searchsorted(zones[self._by_zone], np.arange(len(plan.locales) + 1))
        self._listed, self._listed_queue = self._list_ranks()

    def arrivals(self, chunk: Chunk) -> Arrivals:
        """Who arrives, when and where."""
        draw = Draw(self._plan.seed, Stream.ARRIVAL, chunk.number)
        ids = chunk.first + 1 + np.arange(chunk.rows)
        created = self._calendar.times(draw, chunk.slots)
        zone = self._calendar.zones(draw, chunk.slots)
        low, high = self._reached[self._zone_ends[zone]], self._reached[self._zone_ends[zone + 1]]
        drawn = low + draw.below(high - low, chunk.rows)
        queue = self._by_zone[np.searchsorted(self._reached, drawn, side="right") - 1]
        first, last = np.searchsorted(self._listed, [chunk.first, chunk.first + chunk.rows])
        here = self._listed[first:last] - chunk.first
        queue[here] = self._listed_queue[first:last]
        listed = np.zeros(chunk.rows, dtype=np.bool_)
        listed[here] = True
        return Arrivals(ids, created, self._queues.tenant[queue], queue, listed)

    def story(self, chunk: Chunk) -> Story:
        """What has become of the arrivals by now."""
        arrivals = self.arrivals(chunk)
        draw = Draw(self._plan.seed, Stream.TICKET, chunk.number)
        rows, rowwise = chunk.rows, np.arange(chunk.rows)
        kind = self._queues.types(draw, arrivals.queue)
        path = self._routes.walk(draw, kind)
        taken = path != NO_EDGE
        expiring = taken & self._routes.is_expiry[path]
        ttl = draw.pick(TTL_MINUTES[_TTL_OF_EXPIRED], rows)
        when = arrive(arrivals.created, self._routes.steps(draw, kind), expiring, arrivals.created + ttl * MINUTE)
        length = taken.sum(axis=1)
        taken &= when <= self._now
        taken &= np.arange(MAX_STEPS) < self._held_up(draw, chunk.slots, arrivals, length)[:, None]

        steps = taken.sum(axis=1)
        last = np.maximum(steps - 1, 0)
        state = np.where(steps > 0, self._routes.target[path[rowwise, last]], self._routes.initial[kind])
        closed = self._routes.terminal[state]
        employee, has_employee = self._assign(draw, arrivals.tenant, steps, closed)
        # Ordinary tickets that are still open are not a listed queue's.
        stray = np.isin(arrivals.queue, self._queues.all_listed) & ~closed & ~arrivals.listed
        return Story(
            arrivals=arrivals,
            queue=np.where(stray, arrivals.queue - 1, arrivals.queue),
            kind=kind,
            path=path,
            when=when,
            steps=steps,
            state=state,
            changed=np.where(steps > 0, when[rowwise, last], arrivals.created),
            closed=closed,
            expired=(expiring & taken).any(axis=1),
            expired_ttl=ttl,
            employee=employee,
            has_employee=has_employee,
        )

    def _list_ranks(self) -> tuple[Integers, Integers]:
        """
        Which tickets, counted from 0 and in order, wait in a listed queue, and in which.

        Of the latest, one in each equal stretch; those of further queues, which take turns, are drawn from the others.
        """
        wanted, further = self._queues.listed_open, self._queues.further
        if wanted == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        latest = min(self._plan.tickets, max(4 * wanted, self._plan.tickets // _LISTED_OF_LATEST))
        draw = Draw(self._plan.seed, Stream.LISTED)
        first = self._plan.tickets - latest + _one_of_each(draw, latest, wanted)
        if not len(further):
            return first, np.full(wanted, self._queues.listed)
        latest = self._plan.tickets // _FURTHER_OF_LATEST - wanted
        among = self._plan.tickets - wanted - latest + _one_of_each(draw, latest, wanted * len(further))
        # The so many-th of the tickets that are not the first queue's.
        others = among + np.searchsorted(first - np.arange(wanted), among, side="right")
        ranks = np.concatenate([first, others])
        queues = np.concatenate([np.full(wanted, self._queues.listed), np.resize(further, len(others))])
        order = np.argsort(ranks)
        return ranks[order], queues[order]

    def _held_up(self, draw: Draw, slots: Integers, arrivals: Arrivals, length: Integers) -> Integers:
        """
        How many steps each ticket may take before it is left waiting; more than there are where it is not.

        The last step of a path is never among them, so that who is left waiting is not closed.
        """
        fresh_slots = FRESH_DAYS * 86_400 // SLOT_S
        freshness = np.maximum(0, slots - (SLOTS - fresh_slots)) * 1000 // fresh_slots
        likely = self._queues.waiting[arrivals.queue] * freshness // 1000
        held = arrivals.listed | draw.chance(likely, len(slots))
        waits_after = np.minimum(draw.pick(_STEPS_BEFORE_WAITING, len(slots)), length - 1)
        return np.where(held, waits_after, MAX_STEPS)

    def _assign(self, draw: Draw, tenant: Integers, steps: Integers, closed: Booleans) -> tuple[Integers, Booleans]:
        team = self._tenants.employees[tenant]
        # The last tenth of a team has left: it is found on closed tickets only.
        present = np.where(closed, team, team - team // 10)
        found = self._tenants.first_employee[tenant] + draw.early(present, len(tenant))
        return found, draw.chance(np.where(steps > 0, _HAS_EMPLOYEE, _HAS_EMPLOYEE_EARLY), len(tenant))


def _one_of_each(draw: Draw, count: int, stretches: int) -> Integers:
    """One place out of each of so many equal stretches, in order."""
    length = count // stretches
    return np.arange(stretches) * length + draw.below(length, stretches)
