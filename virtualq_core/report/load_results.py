"""
The part of the results that is a load's: what clients got, what the server did meanwhile, what faults did to both.

As in `results`, the classes are the file's shape one to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from virtualq_core.measure.quantile import Histogram
from virtualq_core.report.verdict import PartVerdict


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A broken invariant of the history, found in the data that the load produced; the lines that show it."""

    invariant: str
    what: str
    tenant: int | str | None = None
    ticket: int | str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """One invariant that was checked after the load, over how many records."""

    name: str
    verdict: PartVerdict
    text: str = ""
    checked: int | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One interval of the load: its start, the transitions completed in it, and their latencies."""

    t_s: float
    transitions: int
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Instant:
    """
    One look at the server during the load: the load's backends by what they do, and rates since the look before.

    Shares are of the updates of tickets, and of all the machine's processors; None is what could not be read.
    """

    t_s: float
    waits: Mapping[str, int] = field(default_factory=dict)
    blocked: int | None = None
    wal_bytes_per_s: float | None = None
    hot_share: float | None = None
    dead_tuples: int | None = None
    blocks_per_transaction: float | None = None
    snapshot_s: float | None = None
    generator_share: float | None = None
    server_share: float | None = None
    other_share: float | None = None
    generator_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What the load's backends did or waited for, in this share of the time in which they were not idle."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one statement cost the server during the load; `mean_ms` is its execution alone."""

    query: str
    calls: int
    mean_ms: float
    wal_bytes: int
    blocks: int


@dataclass(frozen=True, kw_only=True)
class Observation:
    """
    What the server did during the load, as a whole and at each look.

    `execution_share` is the transition function's mean execution over the mean latency that clients saw. `missing` says
    what could not be read, and why.
    """

    samples: tuple[Instant, ...] = ()
    waits: tuple[Wait, ...] = ()
    wal_bytes: int | None = None
    wal_bytes_per_transition: float | None = None
    hot_share: float | None = None
    dead_tuples_growth: int | None = None
    checkpoints: int | None = None
    deadlocks: int | None = None
    snapshot_s: float | None = None
    generator_share: float | None = None
    server_share: float | None = None
    other_share: float | None = None
    generator_bytes: int | None = None
    generator_growth: float | None = None
    execution_ms: float | None = None
    execution_share: float | None = None
    statements: tuple[Statement, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The time before, during or after a fault; latencies are those of acknowledged writes that were due in it."""

    name: Literal["before", "during", "after"]
    duration_s: float
    transitions_per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    dead_tuples: int | None = None
    blocks_per_transaction: float | None = None


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """
    A fault that was done during the load, and what came of it.

    `recovery_s` is from its end until an operation was acknowledged, `silence_s` the longest time without any; None
    where none was acknowledged after it.
    """

    kind: str
    begin_s: float
    end_s: float
    hits: int = 0
    unknown: int = 0
    recovery_s: float | None = None
    silence_s: float | None = None
    phases: tuple[Phase, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Demand:
    """
    What the scenario asked for, and got.

    Of `due` operations so many were late, and so many never begun, by the limit of the scenario, if it has one.
    `driver_share` is the clients' own part of the time of an operation.
    """

    scenario: str
    operations_per_s: float
    due: int
    late: int
    skipped: int
    latency_limit_ms: float | None
    max_late_share: float | None
    driver_share: float
    lost_workers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Load:
    """Concurrent transitions: how many, how slow, and whether the history is still true."""

    transitions_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    refused: int
    unknown: int
    violations: tuple[Violation, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    clients: int | None = None
    duration_s: float | None = None
    timeline: tuple[Moment, ...] = ()
    histogram: Histogram | None = None
    operations: Mapping[str, int] = field(default_factory=dict)
    subject: str | None = None
    server: Observation | None = None
    faults: tuple[Disturbance, ...] = ()
    demand: Demand | None = None
