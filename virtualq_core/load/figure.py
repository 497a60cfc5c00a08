"""
Figures of a recording: rates, percentiles, a timeline.

They come from the recorded instants (`perf_counter_ns`), not from Locust's statistics, which round 104 ms to 100. All
processes of a run record with one clock, so what they recorded is merged exactly.

In an open loop the latency of an operation runs from the instant at which it was due (as pgbench's `--rate` has it),
else from where its client asked for a connection. Of it, the *lag* is before the client got to it, the *pool wait* is
for a connection to be lent, and the *driver's share* is that part of the rest in which the client did not wait for the
server: encoding, decoding, and other clients of the process that had the processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from virtualq_core.conformance.operation import MOVES, Kind, Outcome
from virtualq_core.load.distribution import Distribution, distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from virtualq_core.conformance.journal import Recording

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Moment:
    """One of equally long intervals of about a second: its start, the transitions completed in it, their latencies."""

    t_s: float
    transitions: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Demanded:
    """
    What an open loop asked for, and got.

    So many operations were `due`; `late` ones ended more than `latency_ms` after they were, `skipped` ones had not even
    begun by then and never did.
    """

    due: int
    late: int
    skipped: int
    latency_ms: float

    @property
    def late_share(self) -> float:
        """Late and skipped ones together, of all that were due."""
        return (self.late + self.skipped) / self.due if self.due else 0.0


@dataclass(frozen=True)
class Figures:
    """
    What a recording amounts to, as numbers.

    `clients` are those that asked for anything. `transitions` counts the tickets that were moved: by name, in bulk, by
    a claim. Latencies of transitions are those of acknowledged ones asked for one at a time; a refusal writes nothing
    and would flatter them. `lag` and `pool_wait` are of all operations, without what does not apply to them;
    `driver_share` is of the time between an operation's begin and its end, all operations together. `tenants` are the
    latencies of transitions of the hot tenant, and of all the others. `begin_ns` is the first invocation, on the clock
    of the recording; `service_ms` the mean time from a transition's invocation to its answer.
    """

    clients: int
    duration_s: float
    transitions: int
    operations: dict[str, int]
    latency: Distribution
    latencies: tuple[Distribution, ...]
    timeline: tuple[Moment, ...]
    lag: Distribution
    pool_wait: Distribution
    driver_share: float
    demanded: Demanded
    tenants: tuple[Distribution, ...] = ()
    begin_ns: int = 0
    service_ms: float | None = None

    @property
    def transitions_per_s(self) -> float:
        """Tickets moved, over the time from the first invocation to the last answer."""
        return self.transitions / self.duration_s if self.duration_s else 0.0

    @property
    def operations_per_s(self) -> float:
        """Calls that came to an end, whatever it was, over the same time."""
        return sum(self.operations.values()) / self.duration_s if self.duration_s else 0.0


def measure(recording: Recording, *, latency_ms: float = 0.0, hot_tenant_id: int | None = None) -> Figures:
    """The figures of a recording; `latency_ms` is what callers put up with, if anything."""
    records = recording.records
    kinds = {kind: records["kind"] == kind for kind in Kind}
    ok = records["outcome"] == Outcome.OK
    moved = ok & np.isin(records["kind"], list(MOVES))
    begin, end = (int(records["invoke_ns"].min()), int(records["return_ns"].max())) if len(records) else (0, 0)
    timed = records[ok & kinds[Kind.TRANSITION]]
    calls = {kind: _calls(records[kinds[kind]], kind) for kind in Kind}
    every = np.concatenate(list(calls.values()))
    scheduled = every[every["due_ns"] >= 0]
    late = int((scheduled["return_ns"] - scheduled["due_ns"] > latency_ms * _NS_PER_MS).sum()) if latency_ms else 0
    served_ns = int((every["return_ns"] - every["invoke_ns"]).sum())
    return Figures(
        clients=len(np.unique(records["client"])),
        duration_s=(end - begin) / _NS_PER_S,
        transitions=int(moved.sum()),
        operations={kind.word: len(found) for kind, found in calls.items() if len(found)},
        latency=distribution("transition", latency_ns(timed)),
        latencies=tuple(
            distribution(kind.word, latency_ns(found[found["outcome"] == Outcome.OK])) for kind, found in calls.items()
        ),
        timeline=_timeline(records[moved], timed, begin, end),
        lag=distribution("lag", scheduled["invoke_ns"] - scheduled["pooled_ns"] - scheduled["due_ns"]),
        pool_wait=distribution("pool wait", every["pooled_ns"][every["pooled_ns"] > 0]),
        driver_share=1 - int(every["wire_ns"].sum()) / served_ns if served_ns else 0.0,
        demanded=Demanded(len(scheduled) + recording.skipped, late, recording.skipped, latency_ms),
        tenants=() if hot_tenant_id is None else _by_tenant(timed, hot_tenant_id),
        begin_ns=begin,
        service_ms=float((timed["return_ns"] - timed["invoke_ns"]).mean()) / _NS_PER_MS if len(timed) else None,
    )


def latency_ns(records: NDArray[np.void]) -> NDArray[np.int64]:
    """From where each was due, or from where its client asked for a connection, to its answer."""
    asked_ns = records["invoke_ns"] - records["pooled_ns"]
    elapsed: NDArray[np.int64] = records["return_ns"] - np.where(records["due_ns"] < 0, asked_ns, records["due_ns"])
    return elapsed


def _calls(records: NDArray[np.void], kind: Kind) -> NDArray[np.void]:
    """One record a call: a bulk call is recorded once a ticket, and answered where one of its tickets was."""
    if kind is not Kind.BULK or not len(records):
        return records
    ordered = records[np.lexsort((records["outcome"], records["invoke_ns"], records["client"]))]
    _, first = np.unique(ordered[["client", "invoke_ns"]], return_index=True)
    return ordered[first]


def _by_tenant(timed: NDArray[np.void], hot_tenant_id: int) -> tuple[Distribution, ...]:
    is_hot = timed["tenant_id"] == hot_tenant_id
    return (
        distribution("the hot tenant", latency_ns(timed[is_hot])),
        distribution("the other tenants", latency_ns(timed[~is_hot])),
    )


def _timeline(moved: NDArray[np.void], timed: NDArray[np.void], begin: int, end: int) -> tuple[Moment, ...]:
    if end <= begin:
        return ()
    borders_ns = np.linspace(begin, end, max(1, round((end - begin) / _NS_PER_S)) + 1)[1:-1]
    counts = np.bincount(np.searchsorted(borders_ns, moved["return_ns"]), minlength=len(borders_ns) + 1)
    timed = timed[np.argsort(timed["return_ns"])]
    elapsed_ms = latency_ns(timed) / _NS_PER_MS
    parts = np.split(elapsed_ms, np.searchsorted(timed["return_ns"], borders_ns, side="right"))
    begins_s = [0.0, *((borders_ns - begin) / _NS_PER_S).tolist()]
    moments = []
    for begin_s, count, part in zip(begins_s, counts.tolist(), parts, strict=True):
        p50, p99 = np.percentile(part, [50, 99]).round(3).tolist() if len(part) else (None, None)
        moments.append(Moment(round(begin_s, 3), count, p50, p99))
    return tuple(moments)
