"""
What a machine of a given size holds, and what gives way first: arithmetic on measured costs, every step of it shown.

Each limit stands alone: it is what would be reached if nothing else were in the way. Extrapolated are the cores, as if
work spread over them without loss (it does not quite: locks, and one log), and the bytes a ticket, as if they stayed
what they are at the largest size that was measured. What assumes more says so in its own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core.report.quantity import count, duration, number, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.scale.costs import Costs

UTILISATION = 0.6
"""
The share of the cores that may be busy at the peak. At 60 % a request waits in the mean 1.5 times its own service time
(an M/M/1 queue: u / (1 - u)); at 90 % it is nine times.
"""
MEMORY_SHARE = 0.75
"""The share of memory that shared buffers and the kernel's cache have for data together."""
DISK_SHARE = 0.7
"""The share of a disk that may be full: a dump, an index built anew or a vacuum that lags takes the rest."""
_DAY_S = 86_400
_FREEZE_AGE = 200_000_000  # autovacuum_freeze_max_age, PostgreSQL's default
_INTEGER = 2**31 - 1
_CUSTOMERS_PER_TICKET = 0.25

Unit: TypeAlias = Literal["transitions/s", "tickets", "days", "bytes/s"]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where the database is to run."""

    cores: int
    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True, kw_only=True)
class Demand:
    """So many new tickets a day; at the peak `peak` times as many transitions a second as in the mean of the day."""

    tickets_per_day: float
    peak: float

    def transitions_per_s(self, costs: Costs) -> float:
        """At the peak; a ticket's creation is a step of its history as well."""
        return self.tickets_per_day * costs.steps * self.peak / _DAY_S


@dataclass(frozen=True, kw_only=True)
class Limit:
    """
    One thing that gives way: at `holds` of `unit`, when `demand` reaches it, for this reason, and what helps.

    `reached_days` is after how many days of the demand it is reached; None where time has no part in it.
    """

    name: str
    holds: float
    unit: Unit
    because: str
    helps: str
    asked: float | None = None
    reached_days: float | None = None

    @property
    def is_exceeded(self) -> bool:
        """Whether the demand is beyond it today."""
        return self.asked is not None and self.asked > self.holds


def limits(machine: Machine, costs: Costs, demand: Demand) -> list[Limit]:
    """The limits, those that the demand exceeds first, then by the day on which each is reached, then the others."""
    found = [*_rates(machine, costs, demand), *_space(machine, costs, demand)]
    endless = float("inf")
    return sorted(
        found,
        key=lambda one: (not one.is_exceeded, endless if one.reached_days is None else one.reached_days),
    )


def _rates(machine: Machine, costs: Costs, demand: Demand) -> Iterator[Limit]:
    asked = demand.transitions_per_s(costs)
    yield Limit(
        name="cores",
        holds=machine.cores * UTILISATION / costs.core_s,
        unit="transitions/s",
        asked=asked,
        because=f"a transition takes {number(costs.core_s * 1e6)} µs of a core, with reads and creations beside it; "
        f"{count(machine.cores)} cores may be busy to {UTILISATION:.0%}",
        helps="more cores; bulk calls; and when no machine has enough, the tables spread over nodes by tenant",
    )
    yield Limit(
        name="one ticket",
        holds=1 / costs.alone_s,
        unit="transitions/s",
        because="transitions of one ticket wait for one another's row lock and commit, "
        f"{duration(costs.alone_s)} each, whatever the machine",
        helps="a disk that flushes sooner; no lock is a queue's or a tenant's",
    )
    logged = costs.log_bytes * asked
    yield Limit(
        name="log",
        holds=logged,
        unit="bytes/s",
        because=f"{size(costs.log_bytes)} a transition at the peak: what the disk has to flush, and "
        f"{size(logged / demand.peak * _DAY_S)} a day for whoever archives or replicates it",
        helps="a disk of its own for the log; fewer checkpoints (max_wal_size); the lean set of indexes",
    )


def _space(machine: Machine, costs: Costs, demand: Demand) -> Iterator[Limit]:
    history = size(costs.steps * costs.step_bytes)
    held = machine.disk_bytes * DISK_SHARE / costs.whole_bytes
    yield _filled(
        demand,
        name="disk",
        holds=held,
        because=f"{size(costs.whole_bytes)} a ticket, {history} of it history, on {DISK_SHARE:.0%} of "
        f"{size(machine.disk_bytes)}: {count(held / costs.tickets_per_tenant)} tenants of the mean size measured",
        helps=f"history by month, its old months detached: the rest of a ticket takes {size(costs.ticket_bytes)}",
    )
    cache_bytes = machine.memory_bytes * MEMORY_SHARE
    yield _filled(
        demand,
        name="memory",
        holds=cache_bytes / costs.index_bytes,
        because=f"{size(costs.index_bytes)} of indexes a ticket in {size(cache_bytes)} of cache: from then on the "
        "first touch of an old ticket reads from disk, while today's tickets stay cached",
        helps="more memory; the lean set of indexes; history by month",
    )
    yield _filled(
        demand,
        name="operation ids",
        holds=cache_bytes / costs.key_bytes,
        because=f"{size(costs.key_bytes)} a ticket of their key: where callers draw them at random, every transition "
        "touches a page far from the last one, and reads it from disk once the key is larger than the cache",
        helps="operation ids that begin with the time (UUID version 7), as the database's own do",
    )
    yield Limit(
        name="freezing",
        holds=_FREEZE_AGE / (demand.transitions_per_s(costs) / demand.peak) / _DAY_S,
        unit="days",
        because="every 200 million transactions the server reads all that was written since, and freezes it "
        "(autovacuum_freeze_max_age): so often at this demand",
        helps="partitions: one that is no longer written to is frozen once, and read no more",
    )
    yield _filled(
        demand,
        name="integer keys",
        holds=_INTEGER / _CUSTOMERS_PER_TICKET,
        because=f"of customers' ids there are {count(_INTEGER)}, and one ticket in four brings a new customer; "
        "the ids of tickets, items and history are bigint",
        helps="bigint for Customer.uid, before that day",
    )


def _filled(demand: Demand, *, name: str, holds: float, because: str, helps: str) -> Limit:
    """A limit on how many tickets there are, and the day on which the demand has filled it."""
    return Limit(
        name=name,
        holds=holds,
        unit="tickets",
        reached_days=holds / demand.tickets_per_day,
        because=because,
        helps=helps,
    )
