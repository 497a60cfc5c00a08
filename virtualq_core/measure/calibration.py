"""
What a calibration found, kept for as long as machine, server and settings stay what they were.

`virtualq calibrate` makes one; whatever shows a timed verdict quotes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from virtualq_core.database.cache import cache_dir, make_folder, os_fault
from virtualq_core.measure.paired import Estimate, rank
from virtualq_core.measure.proportion import Proportion
from virtualq_core.measure.quantile import TAIL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from virtualq_core.measure.paired import GateVerdict

FORMAT = "virtualq-calibration-2"
POWER = 0.95
"""The share of trials in which the smallest detectable change is found."""
NOT_CALIBRATED = "not calibrated on this machine: virtualq calibrate"
_ALIKE = ("cpu", "architecture", "cores", "postgres_version", "is_remote", "settings")
_FOLDER = "calibrations"

Ends: TypeAlias = tuple[float | None, float | None]
Kind: TypeAlias = Literal["same", "planted", "near reach", "copies"]
"""A query against itself; with work planted; with as little as is still found; on two copies of a database."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """
    One trial: the gate's verdict, the ratio with its interval, and how long it took.

    `after` is the ratio of the same pair on the same connection, which ran on afterwards with coins of its own, and
    `after_interval` its 95 % interval; None where nothing was planted and the ratio is one.
    """

    verdict: GateVerdict
    ratio: float
    interval: Ends
    duration_s: float
    after: float | None = None
    after_interval: Ends = (None, None)

    @property
    def truth(self) -> Ends:
        """Between what limits the true ratio lies, by what the gate did not see."""
        return (1.0, 1.0) if self.after is None else self.after_interval

    @property
    def is_below(self) -> bool:
        """Whether the gate's interval lies below the truth."""
        return _lies_below(self.interval, self.truth)

    @property
    def is_above(self) -> bool:
        """Whether it lies above."""
        return _lies_below(self.truth, self.interval)


@dataclass(frozen=True, kw_only=True)
class Series:
    """
    Trials of one kind.

    `planted` is how much longer the candidate was meant to take than the baseline, 1 in an A/A trial. `false_alarm` and
    `miss` are the gate's promises. `predicted` is the share of `slower` that the stretches of the A/A recording
    foretold; None where they say nothing of it.
    """

    kind: Kind
    planted: float
    tolerance: float
    limit_s: float
    false_alarm: float
    miss: float
    tried: tuple[Trial, ...]
    predicted: float | None = None

    @property
    def trials(self) -> int:
        """How many there were."""
        return len(self.tried)

    @property
    def slower(self) -> int:
        """How many ended as slower."""
        return self._ended("slower")

    @property
    def not_slower(self) -> int:
        """How many ended as not slower."""
        return self._ended("not slower")

    @property
    def inconclusive(self) -> int:
        """How many ended without a verdict."""
        return self._ended("inconclusive")

    @property
    def called_slower(self) -> Proportion:
        """The false alarms where nothing was planted, the power where something was."""
        return Proportion(self.slower, self.trials)

    @property
    def median_s(self) -> float:
        """How long half of the verdicts took."""
        return statistics.median(trial.duration_s for trial in self.tried)

    @property
    def below(self) -> int:
        """In how many trials the gate's whole interval lies below what the pair then showed."""
        return sum(trial.is_below for trial in self.tried)

    @property
    def above(self) -> int:
        """In how many above."""
        return sum(trial.is_above for trial in self.tried)

    @property
    def missed(self) -> int:
        """How many were called not slower though the pair then showed itself slower by the tolerance or more."""
        return sum(
            trial.verdict == "not slower" and trial.after is not None and trial.after >= 1 + self.tolerance
            for trial in self.tried
        )

    @property
    def shown(self) -> Estimate:
        """What was planted in truth, over all trials, 95 % sure; limits are infinite for a handful."""
        return Estimate(rank.centre(self._after), *rank.limits(self._after, low_error=TAIL, high_error=TAIL), TAIL)

    @property
    def known(self) -> Ends:
        """Between what limits that lies; open for a handful, and where nothing was planted."""
        if not self._after:
            return None, None
        low, high = self.shown.low, self.shown.high
        return (None if math.isinf(low) else math.exp(low), None if math.isinf(high) else math.exp(high))

    @property
    def mean(self) -> float:
        """Its middle; one where nothing was planted."""
        return self.shown.ratio if self._after else 1.0

    @property
    def spread(self) -> float:
        """
        The standard deviation of the true ratio between trials, each with a connection of its own.

        It is what the two comparisons of a trial, which share nothing but the pair, have in common: the root of their
        covariance over trials.
        """
        pairs = [(math.log(one.ratio), math.log(one.after)) for one in self.tried if one.after is not None]
        if len(pairs) < 2:  # noqa: PLR2004 -- one has nothing to differ from
            return 0.0
        return self.mean * math.sqrt(max(0.0, statistics.covariance(*zip(*pairs, strict=True))))

    @property
    def is_broken(self) -> bool:
        """
        Whether a promise of the gate is certainly broken: false alarms, misses, or intervals without the truth.

        An interval and what the pair then showed may lie apart by either one's error.
        """
        unsure = TAIL if self._after else 0.0
        promises = [(self.missed, self.miss), (self.below, self.miss + unsure), (self.above, self.false_alarm + unsure)]
        if not self._after:
            promises.append((self.slower, self.false_alarm))
        return any(Proportion(count, self.trials).interval[0] > promise for count, promise in promises)

    @property
    def _after(self) -> list[float]:
        return [math.log(trial.after) for trial in self.tried if trial.after is not None]

    def _ended(self, verdict: GateVerdict) -> int:
        return sum(trial.verdict == verdict for trial in self.tried)


def _lies_below(one: Ends, other: Ends) -> bool:
    return one[1] is not None and other[0] is not None and one[1] < other[0]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    What the gate can do in so much time, from `stretches` of the A/A recording.

    The recording holds `independent` of them end to end. In `alarms` of them the gate called slower what was the same.
    `smallest_change` is the least slowdown that it finds in 95 % of them with its tolerance set to that, 0.05 for five
    per cent, with a 95 % interval; None where there is none, an end where the recording was too short for one.
    """

    tolerance: float
    limit_s: float
    stretches: int
    independent: int
    alarms: int
    smallest_change: float | None
    interval: Ends


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """
    How far timed verdicts can be believed on one machine, with one server, and of which query.

    `request_ms` is the query's median latency, as the gate times it. `load_average` is the mean number of processes
    that wanted a core meanwhile, this one's included. `overhead` and `row_share` are what planting costs, in shares of
    the query's time: however few the rows are (with its 95 % interval), and each. The first of `series` is the A/A
    trials on one connection, the first of `reaches` is of their gate.
    """

    taken_at: str
    duration_s: float
    environment: Mapping[str, Any]
    query: str
    tickets: int
    request_ms: float
    load_average: float
    seed: int
    overhead: float
    overhead_interval: Ends
    row_share: float
    series: tuple[Series, ...]
    reaches: tuple[Reach, ...]

    @property
    def same(self) -> Series:
        """The A/A trials."""
        return self.series[0]

    @property
    def planted(self) -> tuple[Series, ...]:
        """The trials with work planted to be found."""
        return self.of_kind("planted")

    def of_kind(self, kind: Kind) -> tuple[Series, ...]:
        """The series of a kind, of which there may be none."""
        return tuple(one for one in self.series if one.kind == kind)

    def found_at(self, tolerance: float) -> float | None:
        """
        The least slowdown of which is said that the gate finds it with this tolerance in 95 % of trials.

        That is the tolerance, which finds itself where it finds anything; less than that is called not slower, as is
        right. None where the time is too short.
        """
        smallest = self.reaches[0].smallest_change
        return None if smallest is None or smallest > tolerance else tolerance

    def line(self, tolerance: float) -> str:
        """What the reader of a comparison with this tolerance has to know, in one line."""
        alarms, reach = self.same.called_slower, self.reaches[0]
        sure = f"{'' if self.found_at(tolerance) is not None else 'not '}found within {reach.limit_s:g} s"
        least = ""
        if reach.smallest_change is not None:
            least = f" ({reach.smallest_change * 100:.2g} % with that as the tolerance)"
        told = f"{alarms.count} of {alarms.of} false alarms (at most {alarms.interval[1] * 100:.1f} %)"
        return f"{told}, {tolerance * 100:g} % slower {sure}, {POWER * 100:.0f} % sure{least}; {self.name}"

    @property
    def name(self) -> str:
        """Which calibration it is."""
        return f"{self.query}, {self.tickets:,} tickets, {self.taken_at[:10]}"


def fitting_calibration(
    environment: Mapping[str, Any], *, tickets: int | None = None, queries: Collection[str] = ()
) -> Calibration | None:
    """
    The calibration that fits best, of those on a machine, server and settings like these; None where there is none.

    One of the queries if there is such a one, then with data of about that size, then the newest.
    """

    def fit(one: Calibration) -> tuple[bool, float, str]:
        distance = abs(math.log(max(one.tickets, 1) / max(tickets, 1))) if tickets else 0.0
        return one.query in queries, -round(distance, 1), one.taken_at

    return max(_kept(f"{digest(environment)}-*.json"), key=fit, default=None)


def newest_calibration() -> Calibration | None:
    """The newest one of this cache, on whatever server."""
    return max(_kept("*.json"), key=lambda one: one.taken_at, default=None)


def keep(calibration: Calibration) -> Path:
    """
    Write it into the cache folder, in place of an older one of the same query and as many tickets.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    folder = make_folder(cache_dir() / _FOLDER)
    path = folder / f"{digest(calibration.environment)}-{calibration.query}-{calibration.tickets}.json"
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_text(json.dumps(to_json(calibration), indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise os_fault(error, path, "cannot keep the calibration") from error
    return path


def to_json(calibration: Calibration) -> dict[str, Any]:
    """The document, of plain JSON values."""
    return {"format": FORMAT, **asdict(calibration)}


def from_json(document: Mapping[str, Any]) -> Calibration:
    """
    The calibration of such a document.

    Raises:
        KeyError, TypeError, ValueError: it is none, or another version's.
    """
    if document["format"] != FORMAT:
        raise ValueError(f"not {FORMAT}")
    parts = _tupled({name: value for name, value in document.items() if name != "format"})
    series = tuple(
        Series(**one | {"tried": tuple(Trial(**_tupled(trial)) for trial in one["tried"])})
        for one in parts.pop("series")
    )
    reaches = tuple(Reach(**_tupled(one)) for one in parts.pop("reaches"))
    return Calibration(**parts, series=series, reaches=reaches)


def digest(environment: Mapping[str, Any]) -> str:
    """What tells environments apart in which a timed verdict is worth something else."""
    facts = {name: environment.get(name) for name in _ALIKE}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """
    The names of what two environments differ in that makes their times incomparable; settings one by one.

    Empty where times of one can be held against times of the other.
    """
    found = [name for name in _ALIKE if name != "settings" and one.get(name) != other.get(name)]
    settings = [environment.get("settings") or {} for environment in (one, other)]
    names = sorted({*settings[0], *settings[1]})
    return found + [name for name in names if settings[0].get(name) != settings[1].get(name)]


def _kept(pattern: str) -> Iterator[Calibration]:
    """Those in the cache that this version can read."""
    for path in (cache_dir() / _FOLDER).glob(pattern):
        try:
            yield from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError):
            continue


def _tupled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where there were tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
