"""The part of the results that compares connection pools; as in `results`, the classes are the file's shape."""

from __future__ import annotations

from dataclasses import dataclass

from virtualq_core.report.quantity import Interval
from virtualq_core.report.verdict import PartVerdict


@dataclass(frozen=True, kw_only=True)
class PoolPoint:
    """
    One kind of connection pool in one size, under the same clients as all the others.

    `rate_per_s` are operations that were answered. PgBouncer's clients wait out of sight; it tells the mean itself.
    `busy_share` is how much of a processor the clients took: near 1 it is they who are measured.
    """

    size: int
    rate_per_s: float
    samples: int
    interval: Interval | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    pool_wait_p99_ms: float | None = None
    bouncer_wait_ms: float | None = None
    bouncer_most_waiting: int | None = None
    exhausted: int = 0
    failed: int = 0
    busy_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class PoolKind:
    """
    One kind of pool in all its sizes; skipped, with the reason in `detail`, where it is not there.

    `knee` is the smallest size whose rate is within 5 % of the best one's, and lies within `knee_interval`. So many
    `proofs` there were that a client finds nothing of the one before it on its connection.
    """

    name: str
    verdict: PartVerdict
    detail: str = ""
    knee: int | None = None
    knee_interval: tuple[int, int] | None = None
    proofs: int = 0
    points: tuple[PoolPoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Kinds of connection pools compared: in so many blocks each kind and size had a turn of `turn_s`."""

    scenario: str
    subject: str
    clients: int
    blocks: int
    turn_s: float
    kinds: tuple[PoolKind, ...] = ()
