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
    from collections.abc import Sequence

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
    What was asked for, and got.

    So many operations were `due`: all that were asked for, and those that had not begun `latency_ms` after they were
    due and never did (`skipped`). Of the others so many took longer than that (`late`). `rate_per_s` is that of the
    arrivals where this is one step of a staircase.
    """

    due: int
    late: int
    skipped: int
    latency_ms: float
    rate_per_s: float | None = None

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
    and would flatter them. `lag` and `pool_wait` are of all operations, without what does not apply to them, `wire`
    is how long transitions waited for the server;
    `driver_share` is of the time between an operation's begin and its end, all operations together. `steps` are those
    of arrivals that climb in steps. `tenants` are the latencies of transitions of the hot tenant, and of the others.
    `begin_ns` is the first invocation, on the clock of the recording; `service_ms` the mean time from a transition's
    invocation to its answer.
    """

    clients: int
    duration_s: float
    transitions: int
    operations: dict[str, int]
    latency: Distribution
    latencies: tuple[Distribution, ...]
    timeline: tuple[Moment, ...]
    lag: Distribution
    wire: Distribution
    pool_wait: Distribution
    driver_share: float
    demanded: Demanded
    steps: tuple[Demanded, ...] = ()
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


def measure(
    recording: Recording,
    *,
    warm_up_s: float = 0.0,
    latency_ms: float = 0.0,
    stairs: Sequence[tuple[float, float]] = (),
    hot_tenant_id: int | None = None,
) -> Figures:
    """
    The figures of a recording.

    What began within `warm_up_s` of the begin is left out. `latency_ms` is what callers put up with, if anything;
    `stairs` are the arrivals' begins (s) and rates (1/s).
    """
    warm_ns = (recording.begun_ns or 0) + round(warm_up_s * _NS_PER_S)
    records = recording.records[recording.records["invoke_ns"] >= warm_ns] if warm_up_s else recording.records
    skipped_ns = recording.skipped_ns[recording.skipped_ns >= warm_ns] if warm_up_s else recording.skipped_ns
    kinds = {kind: records["kind"] == kind for kind in Kind}
    ok = records["outcome"] == Outcome.OK
    moved = ok & np.isin(records["kind"], list(MOVES))
    begin, end = (int(records["invoke_ns"].min()), int(records["return_ns"].max())) if len(records) else (0, 0)
    timed = records[ok & kinds[Kind.TRANSITION]]
    calls = {kind: _calls(records[kinds[kind]], kind) for kind in Kind}
    every = np.concatenate(list(calls.values()))
    scheduled = every[every["due_ns"] >= 0]
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
        wire=distribution("waiting for the server", timed["wire_ns"][timed["wire_ns"] > 0]),
        pool_wait=distribution("pool wait", every["pooled_ns"][every["pooled_ns"] > 0]),
        driver_share=1 - int(every["wire_ns"].sum()) / served_ns if served_ns else 0.0,
        demanded=_demanded(scheduled if len(scheduled) else every, skipped_ns, latency_ms),
        steps=_steps(scheduled, skipped_ns, latency_ms, _begins_ns(recording, stairs), [rate for _, rate in stairs]),
        tenants=() if hot_tenant_id is None else _by_tenant(timed, hot_tenant_id),
        begin_ns=begin,
        service_ms=float((timed["return_ns"] - timed["invoke_ns"]).mean()) / _NS_PER_MS if len(timed) else None,
    )


def _demanded(
    asked: NDArray[np.void], skipped_ns: NDArray[np.int64], latency_ms: float, rate_per_s: float | None = None
) -> Demanded:
    late = int((latency_ns(asked) > latency_ms * _NS_PER_MS).sum()) if latency_ms else 0
    return Demanded(len(asked) + len(skipped_ns), late, len(skipped_ns), latency_ms, rate_per_s)


def _begins_ns(recording: Recording, stairs: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    return np.array([(recording.begun_ns or 0) + begin_s * _NS_PER_S for begin_s, _ in stairs])


def _steps(
    scheduled: NDArray[np.void],
    skipped_ns: NDArray[np.int64],
    latency_ms: float,
    begins_ns: NDArray[np.float64],
    rates: Sequence[float],
) -> tuple[Demanded, ...]:
    place = np.searchsorted(begins_ns, scheduled["due_ns"], side="right") - 1
    skipped = np.searchsorted(begins_ns, skipped_ns, side="right") - 1
    return tuple(
        _demanded(scheduled[place == step], skipped_ns[skipped == step], latency_ms, rate)
        for step, rate in enumerate(rates)
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
