"""
Figures of a recording: rates, percentiles, a timeline.

They come from the recorded instants (`perf_counter_ns`), not from Locust's statistics, which round 104 ms to 100.
Latencies are kept in an HDR histogram of microseconds with three significant digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hdrh.histogram import HdrHistogram

from virtualq_core.conformance.operation import MOVES, Kind, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from virtualq_core.conformance.journal import Recording

_LONGEST_US = 3_600_000_000
_DIGITS = 3
_BARS = 60
_NS_PER_US = 1_000
_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Distribution:
    """Latencies of one kind of operation, in milliseconds; percentiles are None where there are no samples."""

    name: str
    samples: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None
    edges_ms: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()

    def histogram(self) -> dict[str, Any] | None:
        """Counts between edges, as results have them."""
        return {"edges_ms": list(self.edges_ms), "counts": list(self.counts)} if self.counts else None


@dataclass(frozen=True)
class Moment:
    """One of equally long intervals of about a second: its start, the transitions completed in it, their latencies."""

    t_s: float
    transitions: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Figures:
    """
    What a recording amounts to, as numbers.

    `clients` are those that asked for anything. `transitions` counts the tickets that were moved: by name, in bulk, by
    a claim. Latencies of transitions are those of acknowledged ones asked for one at a time; a refusal writes nothing
    and would flatter them.
    """

    clients: int
    duration_s: float
    transitions: int
    operations: dict[str, int]
    latency: Distribution
    latencies: tuple[Distribution, ...]
    timeline: tuple[Moment, ...]

    @property
    def transitions_per_s(self) -> float:
        """Tickets moved, over the time from the first invocation to the last answer."""
        return self.transitions / self.duration_s if self.duration_s else 0.0


def measure(recording: Recording) -> Figures:
    """The figures of a recording."""
    records = recording.records
    kinds = {kind: records["kind"] == kind for kind in Kind}
    ok = records["outcome"] == Outcome.OK
    moved = ok & np.isin(records["kind"], list(MOVES))
    begin, end = (int(records["invoke_ns"].min()), int(records["return_ns"].max())) if len(records) else (0, 0)
    return Figures(
        clients=len(np.unique(records["client"])),
        duration_s=(end - begin) / _NS_PER_S,
        transitions=int(moved.sum()),
        operations={kind.word: int(kinds[kind].sum()) for kind in Kind if kinds[kind].any()},
        latency=distribution("transition", records[ok & kinds[Kind.TRANSITION]]),
        latencies=tuple(distribution(kind.word, _calls(records[ok & kinds[kind]], kind)) for kind in Kind),
        timeline=_timeline(records[moved], records[ok & kinds[Kind.TRANSITION]], begin, end),
    )


def distribution(name: str, records: NDArray[np.void]) -> Distribution:
    """The latencies of these operations."""
    if not len(records):
        return Distribution(name, 0, None, None, None, None, None, None)
    histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)
    elapsed = np.maximum(1, (records["return_ns"] - records["invoke_ns"] + _NS_PER_US // 2) // _NS_PER_US)
    values, counts = np.unique(np.minimum(elapsed, _LONGEST_US), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    p50, p90, p95, p99, p999 = (
        histogram.get_value_at_percentile(percentile) / 1000 for percentile in (50, 90, 95, 99, 99.9)
    )
    edges = np.geomspace(values[0], values[-1] + 1, _BARS + 1)
    edges[0], edges[-1] = values[0], values[-1] + 1
    bars, _ = np.histogram(values, bins=edges, weights=counts)
    longest = int(values[-1]) / 1000
    return Distribution(
        name,
        len(records),
        p50,
        p90,
        p95,
        min(p99, longest),
        min(p999, longest),
        longest,
        tuple(round(float(edge) / 1000, 6) for edge in edges),
        tuple(int(bar) for bar in bars),
    )


def _calls(records: NDArray[np.void], kind: Kind) -> NDArray[np.void]:
    """One record a call: a bulk call is recorded once a ticket."""
    if kind is not Kind.BULK or not len(records):
        return records
    _, first = np.unique(records[["client", "invoke_ns"]], return_index=True)
    return records[first]


def _timeline(moved: NDArray[np.void], timed: NDArray[np.void], begin: int, end: int) -> tuple[Moment, ...]:
    if end <= begin:
        return ()
    borders_ns = np.linspace(begin, end, max(1, round((end - begin) / _NS_PER_S)) + 1)[1:-1]
    counts = np.bincount(np.searchsorted(borders_ns, moved["return_ns"]), minlength=len(borders_ns) + 1)
    timed = timed[np.argsort(timed["return_ns"])]
    elapsed_ms = (timed["return_ns"] - timed["invoke_ns"]) / _NS_PER_MS
    parts = np.split(elapsed_ms, np.searchsorted(timed["return_ns"], borders_ns, side="right"))
    begins_s = [0.0, *((borders_ns - begin) / _NS_PER_S).tolist()]
    moments = []
    for begin_s, count, part in zip(begins_s, counts.tolist(), parts, strict=True):
        p50, p99 = np.percentile(part, [50, 99]).round(3).tolist() if len(part) else (None, None)
        moments.append(Moment(round(begin_s, 3), count, p50, p99))
    return tuple(moments)
