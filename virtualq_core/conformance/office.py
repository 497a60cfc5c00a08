"""
A small office whose tickets are all known, and what each operational query must answer there.

The answers are worked out in plain Python from all of the tenant's rows, one ticket at a time: slow, and without any of
the queries' own means.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.jsonpath import ANSWERED
from virtualq_core.conformance.world import WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
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
_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)
_TTL_MINUTES = 60
_PAGE, _WHOLE = 4, 1000
BEFORE_ALL = (datetime.max.replace(tzinfo=UTC), 2**62)
"""The place of a list, newest first, that every ticket comes after: its time and id."""


class Office:
    """
    One tenant's office: two queues and an empty one, two employees, tickets that came in batches and went their ways.

    The tickets of a batch came at the same moment, so that only their ids tell them apart; and some that came later
    have lower ids, because `overtaker`, another client of the tenant's, was faster.
    """

    def __init__(self, app: Application, overtaker: Application, maintainer: Actor, random: Random) -> None:
        self.app = app
        self._maintainer = maintainer
        tenant = app.tenant
        self.queues = (tenant.queue_id, tenant.other_queue_id)
        self.empty_queue = int(app.value(_SQL["add_queue"]))
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
            ttl_minutes=random.choice((_TTL_MINUTES, None)),
        )
        for number in range(random.randrange(3)):
            item = {"name": f"item {number}", "quantity": number + 1, "note": random.choice(("warm", None))}
            app.change(_SQL["add_item"], ticket_id=ticket_id, **item)
        return ticket_id

    def look_again(self) -> None:
        """Read what there is by now."""
        found = {
            name: [row._asdict() for row in self._maintainer.run(_SQL[name], tenant=self.app.tenant_id)]
            for name in ("list_tickets", "list_items", "list_steps", "list_queues")
        }
        self.tickets, self.items, self.steps = found["list_tickets"], found["list_items"], found["list_steps"]
        self.names: dict[int, str] = {queue["id"]: queue["name"] for queue in found["list_queues"]}

    def questions(self) -> dict[str, list[dict[str, Any]]]:
        """What to ask each query, by its name."""
        whose = {"tenant_id": self.app.tenant_id}
        at = {"at": self.measured_at}
        in_queue = [{**whose, "queue_id": queue_id} for queue_id in (*self.queues, self.empty_queue, 2**30)]
        one_state = sorted({state for states in STATES for state in states})
        in_states = [{**each, "states": list(states)} for each in in_queue for states in STATES]
        return {
            "list_queue": in_states,
            "list_queue_page": [
                {**each, "seen_at": seen_at, "seen_id": seen_id, "page_size": size}
                for each in in_states
                for seen_at, seen_id in self._places()
                for size in (_PAGE, _WHOLE, 0)
            ],
            "list_queue_in_state": [{**each, "state": state} for each in in_queue for state in one_state],
            "count_queue_by_state": in_states,
            "estimate_wait": in_states,
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
            "search_custom_data_path": [
                {**whose, "path": path, "at_most": at_most} for path in ANSWERED for at_most in (1000, 3, 0)
            ],
            "list_overdue_tickets": [{**whose, "at": moment} for moment in self._due_times()],
            "summarise_tenant": [{**whose, "at": moment} for moment in self._closing_times()],
            "list_history_of_day": [{**whose, "since": since, "until": until} for since, until in self._days()],
        }

    def answer(self, query: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """
        The rows that a query must answer, in order, with more columns than it shows.

        Raises:
            LookupError: there is a query of which nothing is known here.
        """
        answers: Mapping[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = {
            "list_queue": self._list,
            "list_queue_page": self._page,
            "list_queue_in_state": lambda asked: self._list({**asked, "states": [asked["state"]]}),
            "count_queue_by_state": self._count,
            "next_to_claim": lambda asked: _newest(self._claimable(asked))[-1:],
            "estimate_wait": self._estimate,
            "list_employee_tickets": self._in_hand,
            "find_ticket": lambda asked: [self._whole(t) for t in self.tickets if t["extid"] == asked["extid"]],
            "search_custom_data": lambda asked: self._search(
                lambda data: contains(data, asked["fragment"].obj), asked["at_most"]
            ),
            "search_custom_data_path": lambda asked: self._search(ANSWERED[asked["path"]], asked["at_most"]),
            "list_overdue_tickets": self._overdue,
            "summarise_tenant": lambda asked: [self._summary(queue, asked["at"]) for queue in sorted(self.names)],
            "list_history_of_day": self._happened,
        }
        if query not in answers:
            raise LookupError(f"there is no answer to {query}")
        return answers[query](given)

    def waits(self) -> dict[int, int | None]:
        """The estimated minutes of each open ticket, from who was served before the estimate was made."""
        found: dict[int, int | None] = {}
        for queue_id in self.queues:
            mine, per_minute = self._in_queue({"queue_id": queue_id}), self._rate(queue_id)
            waiting = _newest(t for t in mine if t["closed_at"] is None)[::-1]
            for position, ticket in enumerate(waiting, start=1):
                found[ticket["id"]] = math.ceil(position / per_minute) if per_minute else None
        return found

    def _rate(self, queue_id: int) -> float | None:
        """How many of a queue's tickets were closed in a minute, when that was measured."""
        begin, end = self.measured_at - WINDOW, self.measured_at
        closed = [t["closed_at"] for t in self._in_queue({"queue_id": queue_id}) if t["closed_at"]]
        served = sum(begin < closed_at <= end for closed_at in closed)
        return served / (WINDOW.total_seconds() / 60) if served else None

    def _estimate(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        if given["queue_id"] not in self.names:
            return []
        waiting = sum(t["current_state"] in given["states"] for t in self._in_queue(given))
        per_minute = self._rate(given["queue_id"])
        told = {
            "queue_id": given["queue_id"],
            "waiting": waiting,
            "served_per_minute": per_minute,
            "measured_at": self.measured_at if per_minute else None,
            "estimated_wait_minutes": math.ceil((waiting + 1) / per_minute) if per_minute else None,
        }
        return [told]

    def _summary(self, queue_id: int, at: datetime) -> dict[str, Any]:
        mine = self._in_queue({"queue_id": queue_id})
        waiting = _newest(t for t in mine if t["closed_at"] is None)[::-1]
        return {
            "queue_id": queue_id,
            "name": self.names[queue_id],
            "open_tickets": len(waiting),
            "oldest_id": waiting[0]["id"] if waiting else None,
            "oldest_created_at": waiting[0]["created_at"] if waiting else None,
            "closed_in_a_day": sum(at - _DAY < t["closed_at"] <= at for t in mine if t["closed_at"]),
        }

    def _places(self) -> list[tuple[datetime, int]]:
        """Places in a list, newest first: before all, at tickets of a batch and between two, and after all."""
        listed = _newest(self.tickets)
        at = [(t["created_at"], t["id"]) for t in (listed[0], listed[len(listed) // 3], listed[len(listed) // 2])]
        return [BEFORE_ALL, *at, (at[1][0], 2**62), (at[2][0], 0), (listed[-1]["created_at"], 0)]

    def _due_times(self) -> list[datetime]:
        """Moments around those at which times to live run out: of the first tickets, of some, of all."""
        due = sorted({_due_at(t) for t in self.tickets if t["ttl_minutes"] and t["closed_at"] is None})
        middle = due[len(due) // 2]
        return [self.measured_at, due[0], middle - _MOMENT, middle, due[-1], due[-1] + _DAY]

    def _closing_times(self) -> list[datetime]:
        """Moments at which closed tickets begin and cease to count."""
        closed = sorted(ticket["closed_at"] for ticket in self.tickets if ticket["closed_at"])
        middle = closed[len(closed) // 2]
        return [self.measured_at, closed[0] - _MOMENT, middle, middle + _DAY, closed[-1] + _DAY - _MOMENT]

    def _days(self) -> list[tuple[datetime, datetime]]:
        """Stretches of time: all of it, some that begin and end with a step, one of no length, one before all."""
        times = sorted(step["occurred_at"] for step in self.steps)
        first, last, third, half = times[0], times[-1], times[len(times) // 3], times[len(times) // 2]
        return [
            (first, last + _MOMENT),
            (first, third),
            (third, half),
            (half, last),
            (half, half),
            (first - _DAY, first),
        ]

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

    def _list(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        return _newest(t for t in self._in_queue(given) if t["current_state"] in given["states"])

    def _page(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        seen = given["seen_at"], given["seen_id"]
        return [t for t in self._list(given) if (t["created_at"], t["id"]) < seen][: given["page_size"]]

    def _in_hand(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        mine = [ticket for ticket in self.tickets if ticket["employee_id"] == given["employee_id"]]
        return _newest(t for t in mine if t["current_state"] in given["states"])[::-1]

    def _search(self, finds: Callable[[Mapping[str, Any]], bool], at_most: int) -> list[dict[str, Any]]:
        held = [ticket for ticket in self.tickets if ticket["custom_data"] is not None]
        return _newest(t for t in held if finds(t["custom_data"]))[:at_most]

    def _overdue(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        due = [{**t, "due_at": _due_at(t)} for t in self.tickets if t["closed_at"] is None and t["ttl_minutes"]]
        return _newest(t for t in due if t["due_at"] <= given["at"])[::-1]

    def _happened(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        steps = [step for step in self.steps if given["since"] <= step["occurred_at"] < given["until"]]
        return sorted(steps, key=lambda step: (step["occurred_at"], step["ticket_id"], step["seq"]))

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


def _due_at(ticket: Mapping[str, Any]) -> datetime:
    due: datetime = ticket["created_at"] + timedelta(minutes=ticket["ttl_minutes"])
    return due
