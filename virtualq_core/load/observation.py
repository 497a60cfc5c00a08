"""What the server and the machine did during a load, on the load's own time axis."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from virtualq_core.load.sampling import IDLE
from virtualq_core.load.statement import Statement, mean_transition, statements_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from virtualq_core.load.figure import Figures
    from virtualq_core.load.sampling import Reading, Sampler

_NS_PER_S = 1e9
_LISTED = 8
_TOLD_WITHIN_S = 1.5


@dataclass(frozen=True)
class Instant:
    """
    One look at the server, `t_s` after the load's first operation.

    `waits` are the load's backends by what they do just then, the idle ones too; `blocked` locks are waited for.
    `wal_bytes_per_s` and the shares of all the machine's processors are over the time since the look before;
    `hot_share` of the updates of tickets, and the blocks that were looked at in the database, by whomever, over its
    transactions, are over a second and a half, because backends tell what they count every second.
    `generator_bytes` are in the memory of the processes that generate the load. None is what could not be read.
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


@dataclass(frozen=True)
class Wait:
    """What the load's backends did or waited for, in this share of the time in which they were not idle."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Observation:
    """
    What the server did, over the whole load.

    `wal_bytes_per_transition` is all that the server logged, over the tickets that were moved. `execution_ms` is the
    mean of the transition function, `execution_share` that over the mean latency that clients saw, from where they
    sent. `generator_bytes` is the most memory that the generating processes took, `generator_growth` by how much of it
    they grew in the second half of the load. `missing` says what could not be read, and why.
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

    def to_json(self) -> dict[str, Any]:
        """The member `server` of a load in `results.json`."""
        return asdict(self)


def observe(sampler: Sampler, figures: Figures) -> Observation:
    """What a sampler saw, that has finished, of a load with these figures."""
    readings = sampler.readings
    statements = [] if sampler.statements is None else statements_between(*sampler.statements)
    transition = mean_transition(statements)
    wal_bytes = _grown(readings, lambda one: one.wal_bytes)
    updates = _grown(readings, lambda one: one.counters and one.counters.updates)
    hot = _grown(readings, lambda one: one.counters and one.counters.hot_updates)
    dead = [one.counters.dead_tuples for one in readings if one.counters is not None]
    ages = [one.snapshot_s for one in readings if one.snapshot_s is not None]
    samples = _samples(readings, figures)
    shares = _shares(_within(readings, figures))
    memory = [one.generator_bytes for one in samples if one.generator_bytes]
    client_ms = figures.service_ms
    return Observation(
        samples=samples,
        waits=_top_waits(samples),
        wal_bytes=wal_bytes,
        wal_bytes_per_transition=None if wal_bytes is None else _ratio(wal_bytes, figures.transitions),
        hot_share=None if hot is None or updates is None else _ratio(hot, updates),
        dead_tuples_growth=dead[-1] - dead[0] if dead else None,
        checkpoints=_grown(readings, lambda one: one.checkpoints),
        deadlocks=_grown(readings, lambda one: one.counters and one.counters.deadlocks),
        snapshot_s=max(ages, default=None),
        generator_share=shares[0],
        server_share=shares[1],
        other_share=shares[2],
        generator_bytes=max(memory, default=None),
        generator_growth=memory[-1] / memory[len(memory) // 2] - 1 if memory else None,
        execution_ms=None if transition is None else transition.mean_ms,
        execution_share=None if transition is None or not client_ms else transition.mean_ms / client_ms,
        statements=tuple(statements[:_LISTED]),
        missing=dict(sampler.missing),
    )


def _samples(readings: Sequence[Reading], figures: Figures) -> tuple[Instant, ...]:
    """The looks between the first operation and the last; the one before gives the first its rates."""
    found = []
    for place, (before, now) in enumerate(pairwise(readings)):
        t_s = (now.at_ns - figures.begin_ns) / _NS_PER_S
        if not 0 <= t_s <= figures.duration_s:
            continue
        wal_bytes = _grown((before, now), lambda one: one.wal_bytes)
        told = _told_since(readings[: place + 2])
        updates = _grown(told, lambda one: one.counters and one.counters.updates)
        hot = _grown(told, lambda one: one.counters and one.counters.hot_updates)
        shares = _shares((before, now))
        found.append(
            Instant(
                round(t_s, 3),
                waits=dict(now.waits or {}),
                blocked=now.counters and now.counters.blocked,
                wal_bytes_per_s=None if wal_bytes is None else wal_bytes / ((now.at_ns - before.at_ns) / _NS_PER_S),
                hot_share=None if hot is None or updates is None else _ratio(hot, updates),
                dead_tuples=now.counters and now.counters.dead_tuples,
                blocks_per_transaction=blocks_per_transaction(told),
                snapshot_s=now.snapshot_s,
                generator_share=shares[0],
                server_share=shares[1],
                other_share=shares[2],
                generator_bytes=None if now.usage is None else now.usage.generator_bytes,
            )
        )
    return tuple(found)


def _told_since(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The last looks, at least two, back to one by which every backend has told anew what it counts."""
    since_ns = readings[-1].at_ns - _TOLD_WITHIN_S * _NS_PER_S
    first = bisect_right(readings, since_ns, hi=len(readings) - 1, key=lambda one: one.at_ns) - 1
    return readings[max(0, first) :]


def _within(readings: Sequence[Reading], figures: Figures) -> list[Reading]:
    end_ns = figures.begin_ns + figures.duration_s * _NS_PER_S
    return [one for one in readings if figures.begin_ns <= one.at_ns <= end_ns]


def _grown(readings: Iterable[Reading], counter: Callable[[Reading], int | None]) -> int | None:
    """How much a counter has grown; one that is smaller than before began anew, as after a crash."""
    values = [value for value in map(counter, readings) if value is not None]
    if len(values) < 2:  # noqa: PLR2004  growth is between two
        return None
    return sum(later - earlier if later >= earlier else later for earlier, later in pairwise(values))


def blocks_per_transaction(readings: Sequence[Reading]) -> float | None:
    """Blocks that were looked at in the database between the first look and the last, over transactions."""
    blocks = _grown(readings, lambda one: one.counters and one.counters.blocks)
    commits = _grown(readings, lambda one: one.counters and one.counters.commits)
    rollbacks = _grown(readings, lambda one: one.counters and one.counters.rollbacks)
    if blocks is None or commits is None or rollbacks is None:
        return None
    return _ratio(blocks, commits + rollbacks)


def _shares(readings: Sequence[Reading]) -> tuple[float | None, float | None, float | None]:
    """Of the machine's processors between the first and the last look: the generator's, the server's, and others'."""
    usages = [one.usage for one in readings if one.usage is not None]
    if len(usages) < 2 or usages[-1].total_s <= usages[0].total_s:  # noqa: PLR2004  the same
        return None, None, None
    then, now = usages[0], usages[-1]
    total_s = now.total_s - then.total_s
    generator = (now.generator_s - then.generator_s) / total_s
    is_known = now.server_s is not None and then.server_s is not None
    server = ((now.server_s or 0.0) - (then.server_s or 0.0)) / total_s if is_known else None
    return generator, server, max(0.0, (now.busy_s - then.busy_s) / total_s - generator - (server or 0.0))


def _top_waits(samples: Sequence[Instant]) -> tuple[Wait, ...]:
    counted: Counter[str] = Counter()
    for sample in samples:
        counted.update({name: number for name, number in sample.waits.items() if name != IDLE})
    return tuple(Wait(name, number / counted.total()) for name, number in counted.most_common(_LISTED))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
