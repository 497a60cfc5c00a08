"""
A small office whose tickets are all known, and what each operational query must answer there.

The answers are worked out in plain Python from all of the tenant's rows, one ticket at a time: slow, and without any of
the queries' own means.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.world import WORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from random import Random

    from virtualq_core.conformance.world import Actor, Application, World

_SQL = content.beside(__file__, "office.sql")
_PATHS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("start",),
    ("start", "complete"),
    ("start", "complete", "remind"),
    ("start", "complete", "pickup"),
    ("cancel",),
)
DATA: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"channel": "web"},
    {"channel": "web", "table": 3, "vip": True},
    {"channel": "counter", "table": 3.0, "tags": ["loud", "late"], "of": {"city": "Bern", "floor": 2}},
    {"channel": None, "tags": [{"name": "late", "since": 5}, "loud"], "of": {"city": "Bern"}},
    {"channel": "web", "table": 1, "tags": [], "ünï": "çødé", "vip": False},
)
FRAGMENTS: tuple[dict[str, Any], ...] = (
    {},
    {"channel": "web"},
    {"channel": None},
    {"table": 3},
    {"vip": True, "channel": "web"},
    {"tags": ["loud"]},
    {"tags": [{"name": "late"}]},
    {"tags": []},
    {"of": {"city": "Bern"}},
    {"of": {}},
    {"ünï": "çødé"},
    {"channel": "fax"},
    {"vip": 1},
)
STATES: tuple[tuple[str, ...], ...] = (
    ("received", "in_progress", "ready"),
    ("received",),
    ("completed", "cancelled"),
    ("ready", "no such state"),
    ("no such state",),
    (),
    ("ready", "ready", "received"),
)
_BATCHES, _BATCH = 4, 5
WINDOW = timedelta(minutes=10)


class Office:
    """
    One tenant's office: two queues, two employees, tickets that came in batches and went their ways.

    The tickets of a batch came at the same moment, so that only their ids tell them apart; and some that came later
    have lower ids, because `overtaker`, another client of the tenant's, was faster.
    """

    def __init__(self, app: Application, overtaker: Application, maintainer: Actor, random: Random) -> None:
        self.app = app
        self._maintainer = maintainer
        tenant = app.tenant
        self.queues = (tenant.queue_id, tenant.other_queue_id)
        self.employees = (tenant.employee_id, int(app.value(_SQL["add_employee"])))
        self.type_id = app.define(WORK)
        for _ in range(_BATCHES):
            with app.transaction():
                with overtaker.transaction():
                    came = [self.receive(random, overtaker) for _ in range(_BATCH)]
                came += [self.receive(random) for _ in range(_BATCH)]
            for ticket_id in came:
                app.take(ticket_id, *random.choice(_PATHS))
        self.measured_at: datetime = app.value(_SQL["read_clock"])
        app.value(_SQL["refresh_waits"], at=self.measured_at, window_length=WINDOW)
        self._claim()
        self.look_again()

    @classmethod
    @contextmanager
    def open(cls, world: World, maintainer: Actor, random: Random) -> Iterator[Office]:
        """The office of a new tenant; the same numbers make the same one."""
        tenant = world.open_tenant("Office")
        with world.application(tenant) as app, world.application(tenant) as overtaker:
            yield cls(app, overtaker, maintainer, random)

    def receive(self, random: Random, client: Application | None = None) -> int:
        """One more ticket; its id."""
        app = self.app if client is None else client
        data = random.choice(DATA)
        ticket_id = app.create(
            queue_id=random.choice(self.queues),
            type_definition_id=self.type_id,
            employee_id=random.choice((*self.employees, None)),
            customer_id=random.choice((self.app.tenant.customer_id, None)),
            custom_data=None if data is None else Jsonb(data),
            ttl_minutes=random.choice((60, None)),
        )
        for number in range(random.randrange(3)):
            item = {"name": f"item {number}", "quantity": number + 1, "note": random.choice(("warm", None))}
            app.change(_SQL["add_item"], ticket_id=ticket_id, **item)
        return ticket_id

    def look_again(self) -> None:
        """Read what there is by now."""
        found = {
            name: [row._asdict() for row in self._maintainer.run(_SQL[name], tenant=self.app.tenant_id)]
            for name in ("list_tickets", "list_items", "list_steps")
        }
        self.tickets, self.items, self.steps = found["list_tickets"], found["list_items"], found["list_steps"]

    def questions(self) -> dict[str, list[dict[str, Any]]]:
        """What to ask each query, by its name."""
        whose = {"tenant_id": self.app.tenant_id}
        at = {"at": self.measured_at}
        in_queue = [{**whose, "queue_id": queue_id} for queue_id in (*self.queues, 2**30)]
        one_state = sorted({state for states in STATES for state in states})
        return {
            "list_queue": [{**each, "states": list(states)} for each in in_queue for states in STATES],
            "list_queue_in_state": [{**each, "state": state} for each in in_queue for state in one_state],
            "count_queue_by_state": [{**each, "states": list(states)} for each in in_queue for states in STATES],
            "next_to_claim": [{**each, **at, "state": state} for each in in_queue for state in one_state],
            "list_employee_tickets": [
                {**whose, "employee_id": employee_id, "states": list(states)}
                for employee_id in (*self.employees, 2**30)
                for states in STATES
            ],
            "find_ticket": [{**whose, "extid": ticket["extid"]} for ticket in self.tickets],
            "search_custom_data": [
                {**whose, "fragment": Jsonb(fragment), "at_most": at_most}
                for fragment in FRAGMENTS
                for at_most in (1000, 3, 0)
            ],
        }

    def answer(self, query: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """
        The rows that a query must answer, in order, with more columns than it shows.

        Raises:
            LookupError: there is a query of which nothing is known here.
        """
        match query:
            case "list_queue":
                found = _newest(t for t in self._in_queue(given) if t["current_state"] in given["states"])
            case "list_queue_in_state":
                found = _newest(t for t in self._in_queue(given) if t["current_state"] == given["state"])
            case "count_queue_by_state":
                found = self._count(given)
            case "next_to_claim":
                found = _newest(self._claimable(given))[-1:]
            case "list_employee_tickets":
                mine = [ticket for ticket in self.tickets if ticket["employee_id"] == given["employee_id"]]
                found = _newest(t for t in mine if t["current_state"] in given["states"])[::-1]
            case "find_ticket":
                found = [self._whole(ticket) for ticket in self.tickets if ticket["extid"] == given["extid"]]
            case "search_custom_data":
                fragment, at_most = given["fragment"].obj, given["at_most"]
                found = _newest(t for t in self.tickets if contains(t["custom_data"], fragment))[:at_most]
            case _:
                raise LookupError(f"there is no answer to {query}")
        return found

    def waits(self) -> dict[int, int | None]:
        """The estimated minutes of each open ticket, from who was served before the estimate was made."""
        found: dict[int, int | None] = {}
        for queue_id in self.queues:
            mine = [t for t in self.tickets if t["queue_id"] == queue_id]
            served = [
                t for t in mine if t["closed_at"] and self.measured_at - WINDOW < t["closed_at"] <= self.measured_at
            ]
            per_minute = len(served) / (WINDOW.total_seconds() / 60)
            waiting = _newest(t for t in mine if t["closed_at"] is None)[::-1]
            for position, ticket in enumerate(waiting, start=1):
                found[ticket["id"]] = math.ceil(position / per_minute) if served else None
        return found

    def _claim(self) -> None:
        """Lease one ticket for long, and one whose lease has run out by the time at which is asked."""
        for lease in (timedelta(hours=1), timedelta(0)):
            given = {"queue_id": self.queues[0], "state": "received", "employee_id": self.employees[0]}
            self.app.value(_SQL["claim_ticket"], **given, lease=lease, at=self.measured_at)

    def _in_queue(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [ticket for ticket in self.tickets if ticket["queue_id"] == given["queue_id"]]

    def _claimable(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            ticket
            for ticket in self._in_queue(given)
            if ticket["current_state"] == given["state"]
            and ticket["closed_at"] is None
            and (ticket["leased_until"] is None or ticket["leased_until"] <= given["at"])
        ]

    def _count(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        counts: dict[str, int] = {}
        for ticket in self._in_queue(given):
            if ticket["current_state"] in given["states"]:
                counts[ticket["current_state"]] = counts.get(ticket["current_state"], 0) + 1
        return [{"current_state": state, "tickets": counts[state]} for state in sorted(counts)]

    def _whole(self, ticket: dict[str, Any]) -> dict[str, Any]:
        items = sorted((i for i in self.items if i["ticket_id"] == ticket["id"]), key=lambda item: item["id"])
        steps = sorted((s for s in self.steps if s["ticket_id"] == ticket["id"]), key=lambda step: step["seq"])
        return {
            **ticket,
            "items": [{name: item[name] for name in ("id", "name", "quantity", "note")} for item in items],
            "history": [
                {
                    "seq": step["seq"],
                    "from": step["from_state"],
                    "to": step["to_state"],
                    "transition": step["transition_name"],
                    "actor": step["actor"],
                    "occurred_at": step["occurred_at"],
                }
                for step in steps
            ],
        }


def contains(data: object, fragment: object) -> bool:
    """Does a JSON value contain another, as PostgreSQL's `@>` has it?"""
    if isinstance(fragment, dict):
        return isinstance(data, dict) and all(
            name in data and contains(data[name], value) for name, value in fragment.items()
        )
    if isinstance(fragment, list):
        return isinstance(data, list) and all(any(contains(item, wanted) for item in data) for wanted in fragment)
    if isinstance(fragment, bool) or isinstance(data, bool):
        return fragment is data
    return not isinstance(data, dict | list) and fragment == data


def _newest(tickets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Newest first; of those that came at the same moment, the last one."""
    return sorted(tickets, key=lambda ticket: (ticket["created_at"], ticket["id"]), reverse=True)
