"""
The results of one check: what `results.json` holds, typed.

The classes are the file's shape one to one; `results.schema.json` beside this module is the same shape for other
languages, and a test keeps the two equal. Numbers carry their unit in their name or in a `unit` beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from virtualq_core.report.verdict import PartVerdict, Verdict, exit_code, fold

if TYPE_CHECKING:
    from virtualq_core.errors import ExitCode, VirtualQError

SCHEMA_VERSION = "1"
CONFORMANCE = "conformance"
"""The profile of results that hold the suite alone."""
LOAD = "load"
"""The profile of results that hold one load alone."""
Part = TypeVar("Part")

StageName: TypeAlias = Literal["environment", "install", "seed", "conformance", "plans", "budgets", "load"]

Interval: TypeAlias = tuple[float | None, float | None]
"""
Lower and upper end of a 95 % confidence interval, in the unit of the number that it belongs to; None where the
observations are too few for that end.
"""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    One thing that went wrong, in the four parts in which every error here is told, under a stable code.

    `comparison` is a text to be shown as it stands, such as two plans side by side, at most 78 columns wide.
    """

    code: str
    what: str
    observed: str | None = None
    expected: str | None = None
    next_step: str | None = None
    comparison: str | None = None

    @classmethod
    def of(cls, error: VirtualQError) -> Problem:
        """The same four parts, as an error carries them."""
        observed = None if error.observed is None else str(error.observed)
        expected = None if error.expected is None else str(error.expected)
        return cls(code=error.code, what=error.what, observed=observed, expected=expected, next_step=error.next_step)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of the check, with a one-line summary; every failure within it is one of its problems."""

    name: StageName
    verdict: PartVerdict
    duration_s: float
    summary: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The data that the check ran on. `hash` names it: same seed, same size, same hash."""

    hash: str | None = None
    tickets: int | None = None
    items: int | None = None
    history: int | None = None
    tenants: int | None = None
    queues: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """
    A requirement of the conformance suite, and what showed that it holds or does not.

    Only a `must` fails the check; a `should` or `may` that does not hold is told. Where it does not hold, `problem` is
    what was observed instead, and how to see it again.
    """

    id: str
    level: Literal["must", "should", "may"]
    text: str
    verdict: PartVerdict
    evidence: str = ""
    tests: tuple[str, ...] = ()
    family: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How PostgreSQL answered one operational query: the plan, what it cost, and which indexes served it."""

    query: str
    verdict: PartVerdict
    parameters: Mapping[str, object] = field(default_factory=dict)
    fingerprint: str | None = None
    served_by: tuple[str, ...] = ()
    buffers: int | None = None
    planning_buffers: int | None = None
    rows: int | None = None
    execution_ms: float | None = None
    q_error: float | None = None
    plan: object = None
    text: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """
    One limit and what was observed against it.

    `sense` says which side of `limit` is good. `observed` is None where it could not be measured; a text where the
    limit is one (the name of an index), and a truth value where it is one. `problem` is why the limit is not kept,
    where the cause could be told.
    """

    name: str
    metric: str
    verdict: PartVerdict
    observed: float | str | None
    limit: float | str
    unit: str = ""
    sense: Literal["at_most", "at_least", "equals"] = "at_most"
    query: str | None = None
    tenant: int | str | None = None
    samples: int | None = None
    interval: Interval | None = None
    detail: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts between edges; there is one edge more than there are counts, and the edges rise."""

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Latency:
    """
    The distribution of one operation's latencies; `name` is the query's, where it is a query's.

    `hdr` is an HDR histogram of microseconds (version 2, base64), which others can be merged with.
    """

    name: str
    samples: int
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float
    max: float
    unit: Literal["ms"] = "ms"
    histogram: Histogram | None = None
    hdr: str | None = None


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


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    One implementation's rate and latencies.

    `ratio_to_procedural` is its rate over the procedural subject's, measured in the same run.
    """

    name: str
    transitions_per_s: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    round_trips: float | None = None
    ratio_to_procedural: float | None = None
    ratio_interval: Interval | None = None


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """
    One way to do the work over another, measured in blocks of the same run: what a guarantee costs, or what it saves.

    `ratio` is that of `value` over `reference_value`, within blocks; `target` is the ratio that is aimed at. The
    verdict is None where nothing is aimed at, and does not decide the check's.
    """

    name: str
    reference: str
    unit: str
    clients: int
    value: float | None = None
    reference_value: float | None = None
    ratio: float | None = None
    interval: Interval | None = None
    blocks: int = 0
    sense: Literal["at_most", "at_least"] = "at_least"
    target: float | None = None
    verdict: PartVerdict | None = None
    detail: str = ""


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


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """
    How far timed comparisons can be believed in this environment, as `virtualq calibrate` found out before.

    Of `trials` comparisons of a query with itself `false_alarms` ended as slower. `smallest_change` is the least
    slowdown that is found within `limit_s` in 95 % of trials, 0.05 for five per cent; None where there is none.
    """

    taken_at: str
    query: str
    tickets: int
    trials: int
    false_alarms: int
    false_alarm_interval: Interval
    limit_s: float
    smallest_change: float | None


@dataclass(kw_only=True)
class Results:
    """The results of one check. The verdict is not set by anyone: it is what the stages fold into."""

    virtualq_version: str
    started_at: str
    duration_s: float
    command: tuple[str, ...]
    environment: Mapping[str, object]
    profile: str
    seed: int
    stages: tuple[Stage, ...] = ()
    dataset: Dataset | None = None
    requirements: tuple[Requirement, ...] = ()
    plans: tuple[Plan, ...] = ()
    budgets: tuple[Budget, ...] = ()
    latencies: tuple[Latency, ...] = ()
    load: Load | None = None
    subjects: tuple[Subject, ...] = ()
    calibration: Calibration | None = None
    guarantees: tuple[Guarantee, ...] = ()
    pools: Pools | None = None

    @property
    def kind(self) -> Literal["check", "conformance", "load"]:
        """What the results are of: a check, or the suite alone, or a load alone."""
        if self.profile == LOAD:
            return "load"
        return "conformance" if self.profile == CONFORMANCE else "check"

    @property
    def verdict(self) -> Verdict:
        """What the stages fold into."""
        return fold(stage.verdict for stage in self.stages)

    @property
    def exit_code(self) -> ExitCode:
        """The exit status with which the check ends."""
        return exit_code(self.verdict)

    def to_json(self) -> dict[str, Any]:
        """The document, of plain JSON values. A number that JSON cannot hold (NaN, infinity) becomes null."""
        derived = {"schema_version": SCHEMA_VERSION, "verdict": self.verdict}
        held: dict[str, Any] = _plain(self)
        return derived | held

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Results:
        """The results of a document that `document.validate` accepts."""
        derived = ("schema_version", "verdict")
        results: Results = part_from_json(cls, {key: value for key, value in document.items() if key not in derived})
        return results


def part_from_json(kind: type[Part], document: Mapping[str, Any]) -> Part:
    """One part of the results, such as `Load`, of plain JSON values; what is missing takes its default."""
    part: Part = _typed(kind, document)
    return part


def _plain(value: object) -> Any:  # noqa: ANN401  whatever JSON can hold
    match value:
        case None | bool() | str():
            return value if value is None or isinstance(value, bool) else str(value)
        case Mapping():
            return {str(key): _plain(held) for key, held in value.items()}
        case _ if is_dataclass(value):
            return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        case list() | tuple() | set() | frozenset():
            return [_plain(held) for held in value]
        case _:
            return _number(value)


def _number(value: object) -> int | float | str | None:
    if isinstance(value, int) or hasattr(value, "__index__"):
        return int(value)
    if isinstance(value, float) or hasattr(value, "__float__"):
        number = float(value)
        return number if number - number == 0 else None
    return str(value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(kind: Any, value: Any) -> Any:  # noqa: ANN401  a type and a JSON value
    if value is None:
        return None
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{name: _typed(hints[name], held) for name, held in value.items()})  # type: ignore[operator]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        parts = (arguments[0],) * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_typed(part, held) for part, held in zip(parts, value, strict=True))
    if origin in (Union, UnionType):
        inner = [part for part in arguments if part is not type(None)]
        return _typed(inner[0], value) if len(inner) == 1 else value
    return value
