"""
The results of one check: what `results.json` holds, typed.

The classes are the file's shape one to one; `results.schema.json` beside this module is the same shape for other
languages, and a test keeps the two equal. Numbers carry their unit in their name or in a `unit` beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from virtualq_core.measure.result import (
    BudgetResult,
    GuaranteeResult,
    LatencyResult,
    PlanResult,
    Problem,
    SubjectResult,
)
from virtualq_core.report.load_results import Load
from virtualq_core.report.pool_results import Pools
from virtualq_core.report.quantity import Interval
from virtualq_core.report.verdict import PartVerdict, Verdict, exit_code, fold

if TYPE_CHECKING:
    from virtualq_core.errors import ExitCode

SCHEMA_VERSION = "1"
CONFORMANCE = "conformance"
"""The profile of results that hold the suite alone."""
LOAD = "load"
"""The profile of results that hold one load alone."""
Part = TypeVar("Part")

StageName: TypeAlias = Literal["environment", "install", "seed", "conformance", "plans", "budgets", "load"]


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
class Calibration:
    """
    How far timed comparisons can be believed in this environment, as `virtualq calibrate` found out before.

    Of `trials` comparisons of a query with itself `false_alarms` ended as slower. `smallest_change` is the least
    slowdown that is found within `limit_s` in 95 % of trials with the tolerance set to it, 0.05 for five per cent.
    `found_change` is the least that is said to be found with the policy's `tolerance`. None where there is none.
    """

    taken_at: str
    query: str
    tickets: int
    trials: int
    false_alarms: int
    false_alarm_interval: Interval
    limit_s: float
    smallest_change: float | None
    tolerance: float | None = None
    found_change: float | None = None


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
    plans: tuple[PlanResult, ...] = ()
    budgets: tuple[BudgetResult, ...] = ()
    latencies: tuple[LatencyResult, ...] = ()
    load: Load | None = None
    subjects: tuple[SubjectResult, ...] = ()
    calibration: Calibration | None = None
    guarantees: tuple[GuaranteeResult, ...] = ()
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
