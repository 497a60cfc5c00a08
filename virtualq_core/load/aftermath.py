"""What faults did to a load, as its clients saw it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from virtualq_core.conformance.operation import MOVES, WRITES, Kind, Outcome
from virtualq_core.load.figure import latency_ns
from virtualq_core.load.observation import blocks_per_transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from virtualq_core.conformance.journal import Recording
    from virtualq_core.load.fault import Strike
    from virtualq_core.load.sampling import Reading

_NS_PER_MS = 1e6
_NS_PER_S = 1e9
_SHORTEST_S = 0.2


@dataclass(frozen=True)
class Phase:
    """
    The time before, during or after a fault.

    Latencies are those of acknowledged writes (a bulk call is not one) that were due or asked for in it, whenever they
    were answered; `transitions_per_s` is of tickets moved in it, None where it is too short to tell. `dead_tuples` are
    those at its end, of tickets and their history; `blocks_per_transaction` tells exactly what dead rows cost.
    """

    name: str
    duration_s: float
    transitions_per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    dead_tuples: int | None = None
    blocks_per_transaction: float | None = None


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """
    One fault and what came of it, times from the load's first operation.

    `hits` are the sessions that it ended, `unknown` the writes whose clients never learnt what became of them.
    `recovery_s` is from its end until an operation was acknowledged, `silence_s` the longest time from its begin on
    without any; None where none was acknowledged after it.
    """

    kind: str
    begin_s: float
    end_s: float
    hits: int
    unknown: int
    recovery_s: float | None
    silence_s: float | None
    phases: tuple[Phase, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """An entry of `faults` of a load in `results.json`."""
        return asdict(self)


def judge_faults(
    strikes: Sequence[Strike], recording: Recording, readings: Sequence[Reading] = ()
) -> tuple[Aftermath, ...]:
    """What became of each fault, in their order; the time between two is after the one and before the other."""
    records = recording.records
    if not strikes or not len(records):
        return ()
    begin_ns, end_ns = int(records["invoke_ns"].min()), int(records["return_ns"].max())
    acknowledged = np.sort(records["return_ns"][records["outcome"] == Outcome.OK])
    lost = records["return_ns"][(records["outcome"] == Outcome.UNKNOWN) & np.isin(records["kind"], list(WRITES))]
    borders = [begin_ns, *(one.begin_ns for one in strikes), end_ns]
    found = []
    for place, strike in enumerate(strikes):
        until = borders[place + 2]
        recovered = acknowledged[np.searchsorted(acknowledged, strike.end_ns) :]
        spans = {
            "before": (max([begin_ns, *(one.end_ns for one in strikes[:place])]), strike.begin_ns),
            "during": (strike.begin_ns, min(strike.end_ns, end_ns)),
            "after": (strike.end_ns, until),
        }
        found.append(
            Aftermath(
                kind=strike.kind,
                begin_s=(strike.begin_ns - begin_ns) / _NS_PER_S,
                end_s=(strike.end_ns - begin_ns) / _NS_PER_S,
                hits=strike.hits,
                unknown=int(((lost >= strike.begin_ns) & (lost < until)).sum()),
                recovery_s=(int(recovered[0]) - strike.end_ns) / _NS_PER_S if len(recovered) else None,
                silence_s=_silence_s(acknowledged, strike.begin_ns, int(recovered[0])) if len(recovered) else None,
                phases=tuple(
                    _phase(name, *span, records, readings) for name, span in spans.items() if span[0] < span[1]
                ),
            )
        )
    return tuple(found)


def _silence_s(acknowledged: NDArray[np.int64], begin_ns: int, recovered_ns: int) -> float:
    within: list[int] = acknowledged[(acknowledged >= begin_ns) & (acknowledged <= recovered_ns)].tolist()
    return max(later - earlier for earlier, later in pairwise([begin_ns, *within])) / _NS_PER_S


def _phase(name: str, begin_ns: int, end_ns: int, records: NDArray[np.void], readings: Sequence[Reading]) -> Phase:
    is_ok = records["outcome"] == Outcome.OK
    calls = records[is_ok & np.isin(records["kind"], list(WRITES - {Kind.BULK}))]
    elapsed_ns = latency_ns(calls)
    asked_ns = calls["return_ns"] - elapsed_ns
    elapsed_ms = elapsed_ns[(asked_ns >= begin_ns) & (asked_ns < end_ns)] / _NS_PER_MS
    moved_ns = records["return_ns"][is_ok & np.isin(records["kind"], list(MOVES))]
    duration_s = (end_ns - begin_ns) / _NS_PER_S
    p50, p99 = np.percentile(elapsed_ms, [50, 99]).round(3).tolist() if len(elapsed_ms) else (None, None)
    dead = [one.counters.dead_tuples for one in readings if one.counters is not None and one.at_ns <= end_ns]
    moved = int(((moved_ns >= begin_ns) & (moved_ns < end_ns)).sum())
    rate = moved / duration_s if duration_s >= _SHORTEST_S else None
    looks = [one for one in readings if begin_ns <= one.at_ns <= end_ns]
    return Phase(name, duration_s, rate, p50, p99, dead[-1] if dead else None, blocks_per_transaction(looks))
