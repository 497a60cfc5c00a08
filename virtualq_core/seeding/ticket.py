"""Tickets, their items and their history as columns, chunk after chunk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.seeding.arrival import Calendar, Chunk, micros
from virtualq_core.seeding.document import DocumentWriter
from virtualq_core.seeding.draw import Booleans, Draw, Integers, Stream, weighted
from virtualq_core.seeding.identifier import Kind, identifiers
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
from virtualq_core.seeding.story import MINUTE, TTL_MINUTES, Story, Teller
from virtualq_core.seeding.vocabulary import SENTENCES, WORDS, Lexicon
from virtualq_core.seeding.walk import MAX_STEPS, Routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.seeding.plan import SeedPlan
    from virtualq_core.seeding.population import Queues, Tenants

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

_ITEMS = weighted((40, 27, 17, 10, 6))  # tickets with 1, 2, 3, 4, 5 items
_QUANTITIES = weighted((72, 15, 6, 3, 2, 2))

_HAS_CUSTOMER = 850_000
_HAS_TTL = 350_000
_OVERDUE = 20_000
_HAS_NOTE = 150_000
_HAS_METADATA = 200_000

_COUNTERS = ("kiosk", "reception", "web", "app", "phone")
_SWEEPER, _CUSTOMER = len(_COUNTERS), len(_COUNTERS) + 1
_ACTORS = (*_COUNTERS, "virtualq.expire_tickets", "customer")
_DETAILS = 9


@dataclass(frozen=True)
class Batch:
    """One table's share of a chunk."""

    table: str
    names: Sequence[str]
    columns: Sequence[Column]
    rows: int


class TicketWriter:
    """
    Writes the rows of each chunk; each table's chunks are asked for once, in order.

    It counts on from chunk to chunk: ids, and how many tickets wait in each queue.
    """

    def __init__(
        self, plan: SeedPlan, tenants: Tenants, queues: Queues, routes: Routes, calendar: Calendar, lexicon: Lexicon
    ) -> None:
        self._plan, self._tenants, self._queues, self._routes = plan, tenants, queues, routes
        self._lexicon = lexicon
        self._teller = Teller(plan, tenants, queues, routes, calendar)
        self._now = micros(plan.now)
        self._documents = [
            DocumentWriter(one.fields, lexicon.words[number % len(lexicon.words)], plan.seed, number)
            for number, one in enumerate(routes.types)
        ]
        self._scopes = np.array([one.scope for one in routes.types])
        self._type_ids = np.array([one.id for one in routes.types])
        self._revisions = np.array([one.revision for one in routes.types])
        employees = int(tenants.employees.sum())
        self._actors = segments(map(text, (*_ACTORS, *(f"employee:{number + 1}" for number in range(employees)))))
        reasons = [_reason(note) for note in lexicon.words[0].notes]
        counters = [jsonb(f'{{"counter": {number + 1}}}') for number in range(_DETAILS)]
        self._metadata: Segments = segments([*counters, *reasons, NULL])
        self._waiting = np.zeros(len(queues.tenant), dtype=np.int64)
        self._items = 0
        self._steps = 0

    def tickets(self, chunk: Chunk) -> Batch:
        """The rows of ticket."""
        story = self._teller.story(chunk)
        arrivals, rows = story.arrivals, chunk.rows
        draw = Draw(self._plan.seed, Stream.DETAIL, chunk.number)
        customer = self._tenants.first_customer[arrivals.tenant] + draw.early(
            self._tenants.customers[arrivals.tenant], rows
        )
        wait, has_wait = self._estimate(story)
        ttl, has_ttl = self._live(draw, story)
        columns: list[Column] = [
            int8(arrivals.ids),
            uuid(identifiers(Kind.TICKET, arrivals.ids, arrivals.created, self._plan.seed)),
            int4(arrivals.tenant + 1),
            int4(story.queue + 1),
            int4(self._type_ids[story.kind]),
            int4(self._scopes[story.kind]),
            int4(story.steps + 1),
            timestamptz(arrivals.created),
            int4(customer, draw.chance(_HAS_CUSTOMER, rows)),
            int4(story.employee, story.has_employee),
            int4(wait, has_wait),
            int4(ttl, has_ttl),
            timestamptz(story.changed, story.closed),
            Entry(self._routes.states, story.state),
            self._fill(draw, story.kind),
        ]
        return Batch("ticket", TICKET_COLUMNS, columns, rows)

    def items(self, chunk: Chunk) -> Batch:
        """The rows of ticketitem."""
        arrivals = self._teller.arrivals(chunk)
        draw = Draw(self._plan.seed, Stream.ITEM, chunk.number)
        owner = np.repeat(np.arange(chunk.rows), draw.pick(_ITEMS, chunk.rows) + 1)
        rows = len(owner)
        ids = self._items + 1 + np.arange(rows)
        self._items += rows
        tenant, created = arrivals.tenant[owner], arrivals.created[owner]
        locale = self._tenants.locale[tenant]
        note = locale * SENTENCES + draw.below(SENTENCES, rows)
        note[~draw.chance(_HAS_NOTE, rows)] = len(self._lexicon.notes) - 1
        columns: list[Column] = [
            int8(ids),
            uuid(identifiers(Kind.ITEM, ids, created, self._plan.seed)),
            int4(tenant + 1),
            int8(arrivals.ids[owner]),
            int4(draw.pick(_QUANTITIES, rows) + 1),
            timestamptz(created),
            Entry(self._lexicon.goods, locale * WORDS + draw.early(WORDS, rows)),
            Entry(self._lexicon.notes, note),
        ]
        return Batch("ticketitem", ITEM_COLUMNS, columns, rows)

    def history(self, chunk: Chunk) -> Batch:
        """The rows of ticketstatehistory, in the order of time within the chunk as a live system would write them."""
        story = self._teller.story(chunk)
        arrivals = story.arrivals
        happened = np.arange(MAX_STEPS + 1) <= story.steps[:, None]
        owner, place = np.nonzero(happened)
        times = np.column_stack([arrivals.created, story.when])[happened]
        order = np.argsort(times, kind="stable")
        owner, place, times = owner[order], place[order], times[order]
        # The creations are the first edges, one for each type.
        edge = np.column_stack([story.kind, story.path])[owner, place]
        rows = len(owner)
        ids = self._steps + 1 + np.arange(rows)
        self._steps += rows
        draw = Draw(self._plan.seed, Stream.HISTORY, chunk.number)
        columns: list[Column] = [
            int8(ids),
            int4(arrivals.tenant[owner] + 1),
            int8(arrivals.ids[owner]),
            int4(place + 1),
            int4(self._revisions[story.kind[owner]]),
            uuid(identifiers(Kind.HISTORY, ids, times, self._plan.seed)),
            timestamptz(times),
            Entry(self._routes.edges, edge),
            Entry(self._actors, self._act(draw, story, owner, place, edge)),
            Entry(self._metadata, self._remark(draw, place, edge)),
        ]
        return Batch("ticketstatehistory", HISTORY_COLUMNS, columns, rows)

    def _live(self, draw: Draw, story: Story) -> tuple[Integers, Booleans]:
        """
        Times to live that agree with what happened.

        Who has expired keeps the one that ran out; others get one that their life did not reach, but for a few open
        ones that are due now.
        """
        rows = len(story.kind)
        age = np.where(story.closed, story.changed, self._now) - story.arrivals.created
        enough = np.searchsorted(TTL_MINUTES, age // MINUTE + 1)
        can_be_due = ~story.closed & self._routes.can_expire[story.state] & (enough > 0)
        overdue = can_be_due & draw.chance(_OVERDUE, rows)
        chosen = np.where(overdue, enough - 1, enough)
        kept = (draw.chance(_HAS_TTL, rows) & (chosen < len(TTL_MINUTES))) | overdue
        minutes = TTL_MINUTES[np.minimum(chosen, len(TTL_MINUTES) - 1)]
        return np.where(story.expired, story.expired_ttl, minutes), story.expired | kept

    def _estimate(self, story: Story) -> tuple[Integers, Booleans]:
        """Position among the open tickets of the queue over its rate, as `virtualq.refresh_waits` has it."""
        rows = len(story.kind)
        waiting = np.flatnonzero(~story.closed)
        order = waiting[np.argsort(story.queue[waiting], kind="stable")]
        queue = story.queue[order]
        starts = np.flatnonzero(np.diff(queue, prepend=-1))
        place = np.arange(len(queue)) - np.repeat(starts, np.diff(starts, append=len(queue)))
        position = self._waiting[queue] + place + 1
        self._waiting += np.bincount(queue, minlength=len(self._waiting))
        rate = self._queues.served_per_minute[queue]
        minutes = np.zeros(rows, dtype=np.int64)
        minutes[order] = np.minimum(np.ceil(position / rate), 2**31 - 1)
        return minutes, ~story.closed

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

    def _act(self, draw: Draw, story: Story, owner: Integers, place: Integers, edge: Integers) -> Integers:
        """Who did each step."""
        rows = len(owner)
        staff = len(_ACTORS) - 1 + story.employee[owner]
        found = np.where(story.has_employee[owner], staff, draw.below(2, rows))
        found = np.where(place == 0, draw.below(len(_COUNTERS), rows), found)
        found[self._routes.is_exit[edge] & draw.chance(500_000, rows)] = _CUSTOMER
        found[self._routes.is_expiry[edge]] = _SWEEPER
        return found

    def _remark(self, draw: Draw, place: Integers, edge: Integers) -> Integers:
        """What was noted at each step: where a ticket was drawn, why one was given up; mostly nothing."""
        rows, nothing = len(place), len(self._metadata) - 1
        noted = draw.chance(_HAS_METADATA, rows) | self._routes.is_exit[edge]
        reason = _DETAILS + draw.below(nothing - _DETAILS, rows)
        return np.where(noted, np.where(place == 0, draw.below(_DETAILS, rows), reason), nothing)


def _reason(note: str) -> bytes:
    return jsonb(json.dumps({"reason": note}, ensure_ascii=False))
