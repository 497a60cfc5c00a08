"""Who there is before the first ticket: tenants, queues, employees, customers, and how busy each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.seeding.arrival import DAYS
from virtualq_core.seeding.draw import MILLION, Booleans, Draw, Integers, Stream, zipf

if TYPE_CHECKING:
    from virtualq_core.seeding.plan import SeedPlan
    from virtualq_core.seeding.walk import Routes

LISTED_OPEN = 1000
_LISTED_SHARE = 4  # of a smaller dataset, one ticket in four waits in the listed queue
_FURTHER_FROM = 100_000  # tickets: from here on other tenants have such a queue too, without being nothing else
_LEAST_OF_FURTHER = 4 * LISTED_OPEN  # tickets that such a tenant expects
_LEAST_QUEUES_OF_FURTHER = 3  # the first takes what is left open of the second, and nobody draws in the last

_TENANT_EXPONENT = 1.2
_TENANTS_PER_ACCOUNT = 4
_QUEUES = 24  # of the largest tenant
_QUEUE_EXPONENT = 0.7
_TOTAL_WEIGHT = 1 << 30
_DEPTH = 1200  # open tickets of the deepest ordinary queue
_DEPTH_EXPONENT = 0.9
_MOST_WAITING = 350_000  # of a million tickets that arrived of late
_IDLE_EVERY = 4  # one queue in four has caught up
FRESH_DAYS = 14  # a ticket is left waiting only if it is younger
_OFTEN_MAIN = 850_000
_TICKETS_PER_EMPLOYEE = 1500
_MOST_EMPLOYEES = 400
_TICKETS_PER_CUSTOMER = 4
_BUSY_MINUTES_PER_DAY = 600


@dataclass(frozen=True)
class Tenants:
    """Places in arrays are tenant ids - 1; `rank` 0 is the largest, and the last of three or more has no tickets."""

    rank: Integers
    locale: Integers
    account: Integers
    weight: Integers
    expected: Integers  # tickets
    queues: Integers
    first_queue: Integers  # place of it
    employees: Integers
    first_employee: Integers  # id of it
    customers: Integers
    first_customer: Integers  # id of it

    def of_rank(self, rank: int) -> int:
        """The place of the tenant with a rank; -1 is the smallest."""
        return int(np.flatnonzero(self.rank == rank % len(self.rank))[0])


def found_tenants(plan: SeedPlan) -> Tenants:
    """
    The tenants of a plan, Zipf-like in size.

    The largest has at least two tickets in five; of three or more tenants, the smallest has none.
    """
    count = plan.tenants
    draw = Draw(plan.seed, Stream.POPULATION, 0)
    weights = zipf(count, _TENANT_EXPONENT, 1 << 20)
    weights[0] = max(int(weights[0]), int(weights[1:].sum()) * 2 // 3)
    if count >= 3:  # noqa: PLR2004 - the docstring says so
        weights[-1] = 0
    ranks = draw.shuffle(count)
    by_rank = np.array([max(2, round(_QUEUES / (rank + 1) ** _QUEUE_EXPONENT)) for rank in range(count)])
    weight = weights[ranks] * (_TOTAL_WEIGHT // int(weights.sum()))
    expected = np.array([plan.tickets * one // int(weight.sum()) for one in weight.tolist()])
    queues = by_rank[ranks]
    employees = np.clip(expected // _TICKETS_PER_EMPLOYEE, 2, _MOST_EMPLOYEES)
    customers = np.maximum(3, expected // _TICKETS_PER_CUSTOMER)
    return Tenants(
        rank=ranks,
        locale=draw.shuffle(count) % len(plan.locales),
        account=np.arange(count) // _TENANTS_PER_ACCOUNT + 1,
        weight=weight,
        expected=expected,
        queues=queues,
        first_queue=np.cumsum(queues) - queues,
        employees=employees,
        first_employee=np.cumsum(employees) - employees + 1,
        customers=customers,
        first_customer=np.cumsum(customers) - customers + 1,
    )


@dataclass(frozen=True)
class Queues:
    """Places in arrays are queue ids - 1."""

    tenant: Integers
    rank: Integers  # within the tenant
    weight: Integers
    main_type: Integers  # places in Routes.types
    other_type: Integers
    waiting: Integers  # of a million fresh tickets, how many are left waiting
    served_per_minute: np.ndarray  # 0 where nobody was ever served
    listed: int  # the queue with exactly so many open tickets
    listed_open: int
    further: Integers  # the queues of other tenants with as many

    @property
    def all_listed(self) -> Integers:
        """The listed queues; the one before each takes what is still open of its ordinary tickets."""
        return np.concatenate([[self.listed], self.further])

    def types(self, draw: Draw, queues: Integers) -> Integers:
        """The type of a ticket in each of the queues."""
        often: Booleans = draw.chance(_OFTEN_MAIN, len(queues))
        return np.where(often, self.main_type[queues], self.other_type[queues])


def open_queues(plan: SeedPlan, tenants: Tenants, routes: Routes) -> Queues:
    """The queues of the tenants: Zipf-like in traffic and depth, some of them without a single ticket."""
    draw = Draw(plan.seed, Stream.POPULATION, 1)
    tenant = np.repeat(np.arange(plan.tenants), tenants.queues)
    rank = np.arange(len(tenant)) - tenants.first_queue[tenant]
    # The last of a tenant's queues has just been opened: nobody has drawn a ticket there.
    share = np.where(rank == tenants.queues[tenant] - 1, 0, _TOTAL_WEIGHT // (rank + 1))
    share[(tenants.queues[tenant] == 2) & (rank == 1) & (draw.below(3, len(tenant)) > 0)] = _TOTAL_WEIGHT // 2  # noqa: PLR2004
    of_tenant = np.bincount(tenant, weights=share)[tenant]
    weight = np.floor(tenants.weight[tenant] * (share / of_tenant)).astype(np.int64)

    main, other = _offer(draw, tenants, tenant, routes)
    listed = int(tenants.first_queue[tenants.of_rank(0)]) + 1
    further = _further(plan, tenants)
    all_listed = np.concatenate([[listed], further])
    main[all_listed] = other[all_listed] = _listed_type(routes)

    expected = weight * (plan.tickets / int(weight.sum()))
    waiting = _leave_waiting(expected, all_listed)
    return Queues(
        tenant=tenant,
        rank=rank,
        weight=weight,
        main_type=main,
        other_type=other,
        waiting=waiting,
        served_per_minute=expected / (DAYS * _BUSY_MINUTES_PER_DAY),
        listed=listed,
        listed_open=min(LISTED_OPEN, plan.tickets // _LISTED_SHARE),
        further=further,
    )


def _offer(draw: Draw, tenants: Tenants, tenant: Integers, routes: Routes) -> tuple[Integers, Integers]:
    """A main and another type for each queue, from the system's and its tenant's own."""
    system = [place for place, one in enumerate(routes.types) if one.scope == 0]
    own: dict[int, list[int]] = {}
    for place, one in enumerate(routes.types):
        if one.scope:
            own.setdefault(one.scope - 1, []).append(place)
    main, other = np.empty_like(tenant), np.empty_like(tenant)
    for queue, owner in enumerate(tenant.tolist()):
        choices = system + own.get(owner, [])
        place = queue - int(tenants.first_queue[owner])
        main[queue] = choices[(place + draw.one(2)) % len(choices)]
        other[queue] = choices[draw.one(len(choices))]
    return main, other


def _further(plan: SeedPlan, tenants: Tenants) -> Integers:
    """The further listed queues: of the second largest tenant, and of the median of those that are large enough."""
    if plan.tickets < _FURTHER_FROM:
        return np.empty(0, dtype=np.int64)
    places = [tenants.of_rank(rank) for rank in range(1, plan.tenants)]
    enough = [
        place
        for place in places
        if tenants.expected[place] >= _LEAST_OF_FURTHER and tenants.queues[place] >= _LEAST_QUEUES_OF_FURTHER
    ]
    chosen = dict.fromkeys(enough[place] for place in (0, len(enough) // 2) if enough)
    return np.array([int(tenants.first_queue[place]) + 1 for place in chosen], dtype=np.int64)


def _listed_type(routes: Routes) -> int:
    """The type of the listed queue: `order`, or else the first whose tickets can be closed."""
    places = sorted(range(len(routes.types)), key=lambda place: (routes.types[place].code != "order", place))
    return next((place for place in places if routes.types[place].scope == 0 and routes.closes(place)), places[0])


def _leave_waiting(expected: np.ndarray, listed: Integers) -> Integers:
    """How many of a million fresh tickets each queue leaves waiting, so that depths are Zipf-like by traffic."""
    fresh = np.maximum(1.0, expected * FRESH_DAYS / DAYS / 2)
    order = np.argsort(-expected, kind="stable")
    depths = np.zeros(len(expected))
    depths[order] = zipf(len(expected), _DEPTH_EXPONENT, _DEPTH)
    depths[order[_IDLE_EVERY - 1 :: _IDLE_EVERY]] = 0
    depths[listed] = 0
    depths[expected == 0] = 0
    return np.minimum(_MOST_WAITING, depths * MILLION / fresh).astype(np.int64)
