"""All rows of a plan, chunk after chunk, as binary COPY takes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from virtualq_core.seeding.arrival import DAYS, Calendar, micros
from virtualq_core.seeding.draw import Draw, Integers, Stream
from virtualq_core.seeding.identifier import Kind, identifiers
from virtualq_core.seeding.population import Queues, Tenants, found_tenants, open_queues
from virtualq_core.seeding.record import (
    Column,
    Entry,
    boolean,
    encode,
    float8,
    int4,
    segments,
    text,
    timestamptz,
    uuid,
)
from virtualq_core.seeding.ticket import Batch, TicketWriter
from virtualq_core.seeding.vocabulary import BUSINESSES, PEOPLE, WORDS, Lexicon, gather
from virtualq_core.seeding.walk import Routes, TicketType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.seeding.plan import SeedPlan

CHUNK = 20_000
_TYPES = Path(__file__).with_name("types")
_DAY = 86_400_000_000
_OWN_TYPE_EVERY = 10  # the largest tenant has types of its own, and one in so many of the others
_MOST_OWN_TYPES = 8
_HAS_PHONE = 800_000
_HAS_EMAIL = 600_000
# What the hash stands for: the plan, this code's idea of it, and the bytes.
_FORMAT = "virtualq dataset 1"


@dataclass(frozen=True)
class Block:
    """Some rows of a table, as bytes of binary COPY without its header and trailer, and of how many tickets."""

    table: str
    names: tuple[str, ...]
    data: bytes
    tickets: int


@dataclass(frozen=True)
class OwnType:
    """A ticket type that belongs to one tenant."""

    tenant_id: int
    document: dict[str, Any]


class World:
    """
    Everything that a plan says, in the order in which it is loaded.

    First `tenancy()`; then, once the database has compiled the types, `people(types)`; then `tickets()`, which may run
    in another thread. `hash` is complete at the end.
    """

    def __init__(self, plan: SeedPlan) -> None:
        self.plan = plan
        self.lexicon: Lexicon = gather(plan.locales, plan.seed)
        self.tenants: Tenants = found_tenants(plan)
        self.queues: Queues
        self.routes: Routes
        self._now = micros(plan.now)
        self._digest = hashlib.sha256(f"{_FORMAT}\n{plan.identity}\n".encode())
        self.rows: dict[str, int] = {}

    @property
    def hash(self) -> str:
        """The hash of all rows written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def own_types(self) -> list[OwnType]:
        """The types that tenants have for themselves."""
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(_TYPES.glob("*.json"))]
        ranks = range(0, min(self.plan.tenants, _OWN_TYPE_EVERY * _MOST_OWN_TYPES), _OWN_TYPE_EVERY)
        owners = sorted(self.tenants.of_rank(rank) + 1 for rank in ranks)
        return [OwnType(owner, document) for owner in owners for document in documents]

    def tenancy(self) -> Iterator[Block]:
        """Accounts and tenants."""
        businesses = [name for words in self.lexicon.words for name in words.businesses]
        places = [name for words in self.lexicon.words for name in words.places]
        draw = Draw(self.plan.seed, Stream.POPULATION, 2)
        accounts = int(self.tenants.account[-1])
        account_names = [f"{businesses[draw.one(len(businesses))]}"[:100] for _ in range(accounts)]
        tenant_names = []
        for locale, account in zip(self.tenants.locale.tolist(), self.tenants.account.tolist(), strict=True):
            place = places[locale * BUSINESSES + draw.one(BUSINESSES)]
            tenant_names.append(f"{account_names[account - 1]}, {place}"[:100])
        zones = segments(text(words.zone) for words in self.lexicon.words)
        yield self._block(
            "account", ("id", "extid", "created_at", "name"), Kind.ACCOUNT, accounts, [_named(account_names)]
        )
        yield self._block(
            "tenant",
            ("id", "extid", "created_at", "account_id", "name", "time_zone"),
            Kind.TENANT,
            self.plan.tenants,
            [int4(self.tenants.account), _named(tenant_names), Entry(zones, self.tenants.locale)],
        )

    def people(self, types: list[TicketType]) -> Iterator[Block]:
        """Queues, employees and customers; `types` are the database's, in the order of their ids."""
        self.routes = Routes(types)
        self.queues = open_queues(self.plan, self.tenants, self.routes)
        yield self._open_queues()
        yield self._hire()
        total = int(self.tenants.customers.sum())
        for first in range(0, total, CHUNK):
            yield self._enrol(first, min(CHUNK, total - first))

    def tickets(self) -> Iterator[Block]:
        """
        Tickets, then their items, then their history, in chunks of about `CHUNK` tickets.

        Each table's rows come on end, because a table is loaded by one COPY: several of them would leave up to 64
        empty pages behind each. So a chunk's story is told twice; that costs less than to keep it.
        """
        calendar = self.calendar()
        writer = TicketWriter(self.plan, self.tenants, self.queues, self.routes, calendar, self.lexicon)
        for write in (writer.tickets, writer.items, writer.history):
            for chunk in calendar.chunks(CHUNK):
                yield self._encode(write(chunk), chunk.rows)

    def calendar(self) -> Calendar:
        """When tickets arrive, by the zones of the queues that they arrive in."""
        zones = self.tenants.locale[self.queues.tenant]
        weights = np.bincount(zones, weights=self.queues.weight, minlength=len(self.plan.locales)).astype(np.int64)
        names = [words.zone for words in self.lexicon.words]
        return Calendar(self.plan.now, names, weights, self.plan.tickets)

    def _open_queues(self) -> Block:
        queues = self.queues
        names = [
            f"{self.lexicon.words[self.tenants.locale[tenant]].places[(rank * 7 + tenant) % BUSINESSES]} {rank + 1}"[
                :100
            ]
            for tenant, rank in zip(queues.tenant.tolist(), queues.rank.tolist(), strict=True)
        ]
        served = queues.served_per_minute > 0
        measured = np.full(len(names), self._now)
        return self._block(
            "queue",
            ("id", "extid", "created_at", "tenant_id", "served_per_minute", "measured_at", "name"),
            Kind.QUEUE,
            len(names),
            [
                int4(queues.tenant + 1),
                float8(queues.served_per_minute, served),
                timestamptz(measured, served),
                _named(names),
            ],
        )

    def _hire(self) -> Block:
        tenant = np.repeat(np.arange(self.plan.tenants), self.tenants.employees)
        rows = len(tenant)
        draw = Draw(self.plan.seed, Stream.POPULATION, 3)
        locale = self.tenants.locale[tenant]
        team = self.tenants.employees[tenant]
        place = np.arange(rows) + 1 - self.tenants.first_employee[tenant]
        return self._block(
            "employee",
            ("id", "extid", "created_at", "tenant_id", "is_active", "name", "email"),
            Kind.EMPLOYEE,
            rows,
            [
                int4(tenant + 1),
                boolean(place < team - team // 10),
                Entry(self.lexicon.people, locale * PEOPLE + draw.below(PEOPLE, rows)),
                Entry(self.lexicon.emails, locale * WORDS + draw.below(WORDS, rows)),
            ],
        )

    def _enrol(self, first: int, rows: int) -> Block:
        ids = np.arange(first, first + rows)
        ends = np.cumsum(self.tenants.customers)
        tenant = np.searchsorted(ends, ids, side="right")
        draw = Draw(self.plan.seed, Stream.CUSTOMER, first)
        locale = self.tenants.locale[tenant]
        phone = locale * WORDS + draw.below(WORDS, rows)
        phone[~draw.chance(_HAS_PHONE, rows)] = len(self.lexicon.phones) - 1
        email = locale * WORDS + draw.below(WORDS, rows)
        email[~draw.chance(_HAS_EMAIL, rows)] = len(self.lexicon.emails) - 1
        return self._block(
            "customer",
            ("uid", "extid", "created_at", "tenant_id", "name", "phone", "email"),
            Kind.CUSTOMER,
            rows,
            [
                int4(tenant + 1),
                Entry(self.lexicon.people, locale * PEOPLE + draw.below(PEOPLE, rows)),
                Entry(self.lexicon.phones, phone),
                Entry(self.lexicon.emails, email),
            ],
            first=first,
        )

    def _block(
        self, table: str, names: tuple[str, ...], kind: Kind, rows: int, columns: list[Column], *, first: int = 0
    ) -> Block:
        """A table whose first columns are the id, the identifier and a time before the first ticket."""
        ids = first + 1 + np.arange(rows)
        created: Integers = (
            self._now
            - DAYS * _DAY
            - Draw(self.plan.seed, Stream.POPULATION, kind, first).below(700, rows) * (_DAY // 2)
        )
        leading: list[Column] = [
            int4(ids),
            uuid(identifiers(kind, ids, created, self.plan.seed)),
            timestamptz(created),
        ]
        return self._encode(Batch(table, names, [*leading, *columns], rows))

    def _encode(self, batch: Batch, tickets: int = 0) -> Block:
        data = encode(batch.columns, batch.rows, len(batch.names))
        if batch.table not in self.rows:
            self._digest.update(f"{batch.table}({','.join(batch.names)})\n".encode())
        self._digest.update(data)
        self.rows[batch.table] = self.rows.get(batch.table, 0) + batch.rows
        return Block(batch.table, tuple(batch.names), data, tickets)


def _named(names: list[str]) -> Entry:
    return Entry(segments(map(text, names)), np.arange(len(names)))
