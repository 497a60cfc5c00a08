"""One chunk of tickets, with their items and their history, as columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.seeding.arrival import SLOT_S, SLOTS, Calendar, Chunk, micros
from virtualq_core.seeding.document import DocumentWriter
from virtualq_core.seeding.draw import Booleans, Draw, Integers, Stream, weighted
from virtualq_core.seeding.identifier import Kind, identifiers
from virtualq_core.seeding.population import FRESH_DAYS, Queues, Tenants
from virtualq_core.seeding.record import (
    NULL,
    Column,
    Entry,
    Pieces,
    Segments,
    int4,
    int8,
    jsonb,
    segments,
    text,
    timestamptz,
    uuid,
)
from virtualq_core.seeding.vocabulary import SENTENCES, WORDS, Lexicon
from virtualq_core.seeding.walk import MAX_STEPS, NO_EDGE, Routes, arrive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.seeding.plan import SeedPlan

TICKET_COLUMNS = (
    "id", "extid", "tenant_id", "queue_id", "type_definition_id", "type_scope", "version", "created_at",
    "customer_id", "employee_id", "estimated_wait_minutes", "ttl_minutes", "closed_at",
    "current_state", "custom_data",
)  # fmt: skip
ITEM_COLUMNS = ("id", "extid", "tenant_id", "ticket_id", "quantity", "created_at", "name", "note")
HISTORY_COLUMNS = (
    "id", "tenant_id", "ticket_id", "seq", "revision", "operation_id", "occurred_at",
    "from_state", "to_state", "transition_name", "actor", "metadata",
)  # fmt: skip

_MINUTE = 60_000_000
_TTL_MINUTES = np.array([30, 60, 120, 240, 480, 1440, 2880, 10_080, 43_200])
_ITEMS = weighted((40, 27, 17, 10, 6))  # tickets with 1, 2, 3, 4, 5 items
_QUANTITIES = weighted((72, 15, 6, 3, 2, 2))
_STEPS_BEFORE_WAITING = weighted((60, 25, 15))

_HAS_CUSTOMER = 850_000
_HAS_EMPLOYEE = 920_000  # once it is started
_HAS_EMPLOYEE_EARLY = 60_000
_HAS_TTL = 350_000
_OVERDUE = 20_000
_HAS_NOTE = 150_000
_HAS_METADATA = 200_000

_COUNTERS = ("kiosk", "reception", "web", "app", "phone")
_SWEEPER, _CUSTOMER = len(_COUNTERS), len(_COUNTERS) + 1
_ACTORS = (*_COUNTERS, "virtualq.expire_tickets", "customer")


@dataclass(frozen=True)
class Batch:
    """One table's share of a chunk."""

    table: str
    names: Sequence[str]
    columns: Sequence[Column]
    rows: int


class TicketWriter:
    """
    Writes the tickets of a plan chunk after chunk, in the order of their arrival.

    It counts on: ids, and how many tickets wait in each queue. So the chunks are asked for once, in order.
    """

    def __init__(
        self, plan: SeedPlan, tenants: Tenants, queues: Queues, routes: Routes, calendar: Calendar, lexicon: Lexicon
    ) -> None:
        self._plan, self._tenants, self._queues, self._routes = plan, tenants, queues, routes
        self._calendar, self._lexicon = calendar, lexicon
        self._now = micros(plan.now)
        self._documents = [
            DocumentWriter(one.fields, lexicon.words[number % len(lexicon.words)], plan.seed, number)
            for number, one in enumerate(routes.types)
        ]
        self._scopes = np.array([one.scope for one in routes.types])
        self._type_ids = np.array([one.id for one in routes.types])
        self._revisions = np.array([one.revision for one in routes.types])
        zones = tenants.locale[queues.tenant]
        self._by_zone = np.argsort(zones, kind="stable")
        self._reached = np.concatenate([[0], np.cumsum(queues.weight[self._by_zone])])
        self._zone_ends = np.searchsorted(zones[self._by_zone], np.arange(len(lexicon.words) + 1))
        self._listed = self._list_ranks()
        self._waiting = np.zeros(len(queues.tenant), dtype=np.int64)
        employees = int(tenants.employees.sum())
        self._actors = segments(map(text, (*_ACTORS, *(f"employee:{number + 1}" for number in range(employees)))))
        notes = [note for words in lexicon.words for note in words.notes]
        self._metadata: Segments = segments(
            [*(jsonb(f'{{"counter": {place}}}') for place in range(1, 10)), *map(_reason, notes[:SENTENCES]), NULL]
        )
        self.items = 0
        self.history = 0

    def write(self, chunk: Chunk) -> list[Batch]:
        """The chunk's rows of ticket, ticketitem and ticketstatehistory."""
        draw = Draw(self._plan.seed, Stream.TICKET, chunk.number)
        rows = chunk.rows
        ids = chunk.first + 1 + np.arange(rows)
        created = self._calendar.times(draw, chunk.slots)
        queue = self._choose_queues(draw, chunk.slots)
        listed = np.isin(ids - 1, self._listed, assume_unique=True)
        queue[listed] = self._queues.listed
        kind = self._queues.types(draw, queue)

        path = self._routes.walk(draw, kind)
        taken = path != NO_EDGE
        expiring = taken & self._routes.is_expiry[path]
        ttl = np.where(expiring.any(axis=1), draw.pick(_TTL_MINUTES[1:6], rows), 0)
        when = arrive(created, self._routes.steps(draw, kind), expiring, created + ttl * _MINUTE)
        taken &= when <= self._now
        length = (path != NO_EDGE).sum(axis=1)
        taken &= np.arange(MAX_STEPS) < self._held_up(draw, chunk.slots, queue, listed, length)[:, None]
        steps = taken.sum(axis=1)

        last = np.maximum(steps - 1, 0)
        rowwise = np.arange(rows)
        state = np.where(steps > 0, self._routes.target[path[rowwise, last]], self._routes.initial[kind])
        changed = np.where(steps > 0, when[rowwise, last], created)
        closed = self._routes.terminal[state]
        stray = (queue == self._queues.listed) & ~closed & ~listed
        queue[stray] = self._queues.sibling
        tenant = self._queues.tenant[queue]

        until = np.where(closed, changed, self._now)
        ttl, has_ttl = self._live(draw, ttl, expiring & taken, until - created, closed, state)
        employee, has_employee = self._assign(draw, tenant, steps, closed)
        customers = self._tenants.first_customer[tenant] + draw.early(self._tenants.customers[tenant], rows)
        has_customer = draw.chance(_HAS_CUSTOMER, rows)
        wait, has_wait = self._estimate(queue, closed)
        pieces = self._fill(draw, kind)
        columns: list[Column] = [
            int8(ids),
            uuid(identifiers(Kind.TICKET, ids, created, self._plan.seed)),
            int4(tenant + 1),
            int4(queue + 1),
            int4(self._type_ids[kind]),
            int4(self._scopes[kind]),
            int4(steps + 1),
            timestamptz(created),
            int4(customers, has_customer),
            int4(employee, has_employee),
            int4(wait, has_wait),
            int4(ttl, has_ttl),
            timestamptz(changed, closed),
            Entry(self._routes.states, state),
            pieces,
        ]
        return [
            Batch("ticket", TICKET_COLUMNS, columns, rows),
            self._write_items(chunk, tenant, ids, created),
            self._write_history(chunk, tenant, kind, ids, created, path, when, steps, employee, has_employee),
        ]

    def _list_ranks(self) -> Integers:
        """Which tickets, counted from 0, wait in the listed queue: so many of the latest, one in each equal stretch."""
        wanted = self._queues.listed_open
        if wanted == 0:
            return np.empty(0, dtype=np.int64)
        latest = min(self._plan.tickets, max(4 * wanted, self._plan.tickets // 18))
        stretch = latest // wanted
        draw = Draw(self._plan.seed, Stream.LISTED)
        return self._plan.tickets - latest + np.arange(wanted) * stretch + draw.below(stretch, wanted)

    def _choose_queues(self, draw: Draw, slots: Integers) -> Integers:
        zone = self._calendar.zones(draw, slots)
        first, last = self._reached[self._zone_ends[zone]], self._reached[self._zone_ends[zone + 1]]
        drawn = first + draw.below(last - first, len(slots))
        found: Integers = self._by_zone[np.searchsorted(self._reached, drawn, side="right") - 1]
        return found

    def _held_up(self, draw: Draw, slots: Integers, queue: Integers, listed: Booleans, length: Integers) -> Integers:
        """
        How many steps each ticket may take before it is left waiting; more than there are where it is not.

        The last step of a path is never among them, so that who is left waiting is not closed.
        """
        fresh_slots = FRESH_DAYS * 86_400 // SLOT_S
        freshness = np.maximum(0, slots - (SLOTS - fresh_slots)) * 1000 // fresh_slots
        held = listed | draw.chance(self._queues.waiting[queue] * freshness // 1000, len(slots))
        waits_after = np.minimum(draw.pick(_STEPS_BEFORE_WAITING, len(slots)), length - 1)
        return np.where(held, waits_after, MAX_STEPS)

    def _live(
        self, draw: Draw, ttl: Integers, expired: Booleans, age: Integers, closed: Booleans, state: Integers
    ) -> tuple[Integers, Booleans]:
        """
        Times to live that agree with what happened.

        Who has expired keeps the one that ran out; others get one that their life did not reach, but for a few open
        ones that are due now.
        """
        rows = len(ttl)
        ran_out = expired.any(axis=1)
        enough = np.searchsorted(_TTL_MINUTES, age // _MINUTE + 1)
        overdue = ~closed & self._routes.can_expire[state] & draw.chance(_OVERDUE, rows) & (enough > 0)
        chosen = np.where(overdue, enough - 1, enough)
        kept = draw.chance(_HAS_TTL, rows) & (chosen < len(_TTL_MINUTES)) | overdue
        minutes = _TTL_MINUTES[np.minimum(chosen, len(_TTL_MINUTES) - 1)]
        return np.where(ran_out, ttl, minutes), ran_out | kept

    def _assign(self, draw: Draw, tenant: Integers, steps: Integers, closed: Booleans) -> tuple[Integers, Booleans]:
        rows = len(tenant)
        team = self._tenants.employees[tenant]
        # The last tenth of a team has left: it is found on closed tickets only.
        found = self._tenants.first_employee[tenant] + draw.early(np.where(closed, team, team - team // 10), rows)
        assigned = draw.chance(np.where(steps > 0, _HAS_EMPLOYEE, _HAS_EMPLOYEE_EARLY), rows)
        return found, assigned

    def _estimate(self, queue: Integers, closed: Booleans) -> tuple[Integers, Booleans]:
        """Position among the open tickets of the queue over its rate, as `virtualq.refresh_waits` has it."""
        waiting = np.flatnonzero(~closed)
        order = waiting[np.argsort(queue[waiting], kind="stable")]
        ordered = queue[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        place = np.arange(len(ordered)) - np.repeat(starts, np.diff(starts, append=len(ordered)))
        position = self._waiting[ordered] + place + 1
        self._waiting += np.bincount(ordered, minlength=len(self._waiting))
        rate = self._queues.served_per_minute[ordered]
        minutes = np.zeros(len(queue), dtype=np.int64)
        known = rate > 0
        minutes[order[known]] = np.minimum(np.ceil(position[known] / rate[known]), 2**31 - 1).astype(np.int64)
        estimated = np.zeros(len(queue), dtype=bool)
        estimated[order[known]] = True
        return minutes, estimated

    def _fill(self, draw: Draw, kind: Integers) -> Pieces:
        """Custom data under each ticket's type."""
        width = max(writer.pieces for writer in self._documents)
        columns = [np.full(len(kind), b"", dtype=object) for _ in range(width)]
        lengths = np.zeros(len(kind), dtype=np.int64)
        for place, writer in enumerate(self._documents):
            rows = np.flatnonzero(kind == place)
            found, lengths[rows] = writer.write(draw, len(rows))
            for column, part in zip(columns, found, strict=False):
                column[rows] = part
        return Pieces(columns, lengths)

    def _write_items(self, chunk: Chunk, tenant: Integers, ids: Integers, created: Integers) -> Batch:
        draw = Draw(self._plan.seed, Stream.ITEM, chunk.number)
        owner = np.repeat(np.arange(chunk.rows), draw.pick(_ITEMS, chunk.rows) + 1)
        rows = len(owner)
        item_ids = self.items + 1 + np.arange(rows)
        self.items += rows
        locale = self._tenants.locale[tenant[owner]]
        note = locale * SENTENCES + draw.below(SENTENCES, rows)
        note[~draw.chance(_HAS_NOTE, rows)] = len(self._lexicon.notes) - 1
        columns: list[Column] = [
            int8(item_ids),
            uuid(identifiers(Kind.ITEM, item_ids, created[owner], self._plan.seed)),
            int4(tenant[owner] + 1),
            int8(ids[owner]),
            int4(draw.pick(_QUANTITIES, rows) + 1),
            timestamptz(created[owner]),
            Entry(self._lexicon.goods, locale * WORDS + draw.early(WORDS, rows)),
            Entry(self._lexicon.notes, note),
        ]
        return Batch("ticketitem", ITEM_COLUMNS, columns, rows)

    def _write_history(
        self,
        chunk: Chunk,
        tenant: Integers,
        kind: Integers,
        ids: Integers,
        created: Integers,
        path: Integers,
        when: Integers,
        steps: Integers,
        employee: Integers,
        has_employee: Booleans,
    ) -> Batch:
        """Each ticket's creation and steps, in the order of time as a live system would have written them."""
        draw = Draw(self._plan.seed, Stream.HISTORY, chunk.number)
        happened = np.arange(MAX_STEPS + 1) <= steps[:, None]
        owner, place = np.nonzero(happened)
        times = np.column_stack([created, when])[happened]
        order = np.argsort(times, kind="stable")
        owner, place, times = owner[order], place[order], times[order]
        # The creations are the first edges, one for each type.
        edge = np.column_stack([kind, path])[owner, place]
        rows = len(owner)
        row_ids = self.history + 1 + np.arange(rows)
        self.history += rows

        by_staff = np.where(has_employee[owner], len(_ACTORS) - 1 + employee[owner], draw.below(2, rows))
        actor = np.where(place == 0, draw.below(len(_COUNTERS), rows), by_staff)
        actor[self._routes.is_exit[edge] & (draw.words(rows) & 1 == 0)] = _CUSTOMER
        actor[self._routes.is_expiry[edge]] = _SWEEPER
        metadata = np.full(rows, len(self._metadata) - 1)
        told = draw.chance(_HAS_METADATA, rows) | self._routes.is_exit[edge]
        detail = np.where(place == 0, draw.below(9, rows), 9 + draw.below(len(self._metadata) - 10, rows))
        metadata[told] = detail[told]
        columns: list[Column] = [
            int8(row_ids),
            int4(tenant[owner] + 1),
            int8(ids[owner]),
            int4(place + 1),
            int4(self._revisions[kind[owner]]),
            uuid(identifiers(Kind.HISTORY, row_ids, times, self._plan.seed)),
            timestamptz(times),
            Entry(self._routes.edges, edge),
            Entry(self._actors, actor),
            Entry(self._metadata, metadata),
        ]
        return Batch("ticketstatehistory", HISTORY_COLUMNS, columns, rows)


def _reason(note: str) -> bytes:
    return jsonb(json.dumps({"reason": note}, ensure_ascii=False))
