"""
What a calibration found, kept for as long as machine, server and settings stay what they were.

`virtualq calibrate` makes one; whatever shows a timed verdict quotes it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from virtualq_core.database.cache import cache_dir, make_folder, os_fault
from virtualq_core.measure.proportion import Proportion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = "virtualq-calibration-1"
POWER = 0.95
"""The share of trials in which the smallest detectable change is found."""
NOT_CALIBRATED = "not calibrated on this machine: virtualq calibrate"
_ALIKE = ("cpu", "architecture", "cores", "postgres_version", "is_remote", "settings")
_FOLDER = "calibrations"


@dataclass(frozen=True, kw_only=True)
class Series:
    """
    Trials of one kind: how many ended with which verdict, and after how long (the median).

    `planted` is how much longer the candidate takes than the baseline, 1 in an A/A trial, and `known` between what
    limits that amount lies, 95 % sure. `measured` is the same ratio from one long comparison, its 95 % interval; None
    where nothing was planted. In `covered` trials the gate's interval held the planted ratio. `predicted` is the share
    of `slower` that the stretches of the A/A recording foretold.
    """

    planted: float
    known: tuple[float, float] | None
    measured: tuple[float, float] | None
    tolerance: float
    limit_s: float
    slower: int
    not_slower: int
    inconclusive: int
    covered: int
    predicted: float
    median_s: float

    @property
    def trials(self) -> int:
        """How many there were."""
        return self.slower + self.not_slower + self.inconclusive

    @property
    def called_slower(self) -> Proportion:
        """The false alarms where nothing was planted, the power where something was."""
        return Proportion(self.slower, self.trials)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    What the gate can do in so much time, from `stretches` of the A/A recording.

    In `alarms` of them the gate called slower what was the same. `smallest_change` is the least slowdown that it finds
    in 95 % of them, 0.05 for five per cent, with a 95 % interval over the stretches; None where there is none.
    """

    tolerance: float
    limit_s: float
    stretches: int
    alarms: int
    smallest_change: float | None
    interval: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """
    How far timed verdicts can be believed on one machine, with one server, and of which query.

    `request_ms` is the query's median latency, as the gate times it. `load_average` is the mean number of processes
    that wanted a core meanwhile, this one's included. `false_alarm` and `miss` are what the gate promises. The first of
    `series` is the A/A trials.
    """

    taken_at: str
    duration_s: float
    environment: Mapping[str, Any]
    query: str
    tickets: int
    request_ms: float
    load_average: float
    false_alarm: float
    miss: float
    seed: int
    series: tuple[Series, ...]
    reaches: tuple[Reach, ...]

    @property
    def same(self) -> Series:
        """The A/A trials."""
        return self.series[0]

    @property
    def line(self) -> str:
        """What a verdict's reader has to know, in one line."""
        alarms, reach = self.same.called_slower, self.reaches[0]
        smallest = "nothing" if reach.smallest_change is None else f"{reach.smallest_change * 100:.1f} % slower"
        found = f"{smallest} is found within {reach.limit_s:g} s in {POWER * 100:.0f} % of trials"
        return f"{alarms.count} of {alarms.of} false alarms (at most {alarms.interval[1] * 100:.1f} %), {found}"


def latest_calibration(environment: Mapping[str, Any]) -> Calibration | None:
    """The newest calibration on a machine, server and settings like these; None where there is none."""
    return max(_kept(f"{digest(environment)}-*.json"), key=lambda one: one.taken_at, default=None)


def newest_calibration() -> Calibration | None:
    """The newest one of this cache, on whatever server."""
    return max(_kept("*.json"), key=lambda one: one.taken_at, default=None)


def keep(calibration: Calibration) -> Path:
    """
    Write it into the cache folder, in place of an older one of the same query in the same environment.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    folder = make_folder(cache_dir() / _FOLDER)
    path = folder / f"{digest(calibration.environment)}-{calibration.query}.json"
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
    parts = {name: value for name, value in document.items() if name != "format"}
    series = tuple(Series(**{name: _ends(value) for name, value in one.items()}) for one in parts.pop("series"))
    reaches = tuple(Reach(**{name: _ends(value) for name, value in one.items()}) for one in parts.pop("reaches"))
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


def _ends(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    return tuple(value) if isinstance(value, list) else value
