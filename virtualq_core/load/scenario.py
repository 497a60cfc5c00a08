"""Scenarios: what the clients of a load do, as TOML files of `loadtests/`."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from virtualq_core import content
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.operation import Kind
from virtualq_core.conformance.traffic.demand import Demand
from virtualq_core.load.arrival import Arrival, ScenarioFault

_Part = TypeVar("_Part")
POOLS = ("direct", "psycopg", "sqlalchemy", "pgbouncer-session", "pgbouncer-transaction")
FAULTS = ("stall", "kill-backends", "crash", "held-snapshot")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    The way that clients take to the database, of those that `POOLS` names.

    `direct` is a connection for each client. Otherwise each operation borrows one of `size` connections, and
    `timeout_ms` is how long it waits for one before it fails as exhausted.
    """

    mode: str = "direct"
    size: int = 8
    timeout_ms: float = 5000.0

    def __post_init__(self) -> None:
        if self.mode not in POOLS:
            raise ScenarioFault(f"no pool is called '{self.mode}'", expected=", ".join(POOLS))
        if self.size < 1:
            raise ScenarioFault("a pool holds connections", observed=self.size, expected="at least 1")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that `FAULTS` names, done to the server `at_s` seconds after the begin, for `for_s` seconds."""

    kind: str
    at_s: float = 0.0
    for_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ScenarioFault(f"no fault is called '{self.kind}'", expected=", ".join(FAULTS))


@dataclass(frozen=True, kw_only=True)
class Limit:
    """
    What callers put up with: of all operations that were due at most `max_late_share` take longer than `latency_ms`.

    In an open loop the time runs from when the operation was due, and one that has not begun by then is skipped: nobody
    would wait for it. Skipped ones are late ones. 0 is no limit.
    """

    latency_ms: float = 0.0
    max_late_share: float = 0.01


@dataclass(frozen=True, kw_only=True)
class Scenario(Demand):
    """
    What a load does, and what it promises.

    Without a rate of arrival it is a closed loop, in which each client waits for its answer and then for
    `think_time_ms`. What begins within `warm_up_s` of the begin is checked and not measured. `thresholds` are what
    makes a clean run inconclusive.
    """

    name: str
    description: str = ""
    clients: int = 8
    duration_s: float = 10.0
    warm_up_s: float = 0.0
    think_time_ms: float = 0.0
    arrival: Arrival = field(default_factory=Arrival)
    limit: Limit = field(default_factory=Limit)
    pool: Pool = field(default_factory=Pool)
    faults: tuple[Fault, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if self.clients < 1:
            raise ScenarioFault("a load has clients", observed=self.clients, expected="at least 1")
        if not any(weight > 0 for weight in vars(self.mix).values()):
            words = ", ".join(kind.word for kind in Kind)
            raise ScenarioFault(f"the mix of '{self.name}' is empty", expected=f"a weight above 0 for one of {words}")
        for part in (self.contention, self.extent, self.limit):
            for name, share in vars(part).items():
                if name.endswith("_share") and not 0 <= share <= 1:
                    raise ScenarioFault(f"'{name}' of '{self.name}' is no share", observed=share, expected="0 to 1")
        self._require_time()

    def _require_time(self) -> None:
        if not self.duration_s > 0:
            raise ScenarioFault("a load takes time", observed=f"{self.duration_s} s", expected="more than 0 s")
        if self.warm_up_s >= self.duration_s:
            raise ScenarioFault(
                f"'{self.name}' ends before it is warm",
                observed=f"{self.warm_up_s:g} s",
                expected=f"less than {self.duration_s:g} s",
            )
        if self.arrival.is_open and self.think_time_ms:
            raise ScenarioFault(
                f"'{self.name}' has both a rate and a time to think", expected="a think time in a closed loop only"
            )
        for fault in self.faults:
            if fault.at_s >= self.duration_s:
                raise ScenarioFault(
                    f"the fault '{fault.kind}' comes after the end",
                    observed=f"{fault.at_s:g} s",
                    expected=f"less than {self.duration_s:g} s",
                )


def scenario_names() -> list[str]:
    """The shipped scenarios."""
    return sorted(path.stem for path in content.folder("loadtests").glob("*.toml"))


def find_scenario(name: str) -> Scenario:
    """
    A shipped scenario by name, or one's own by the path of its file.

    Raises:
        ScenarioFault: there is none, or it says something that cannot be meant.
    """
    path = Path(name) if name.endswith(".toml") else content.folder("loadtests") / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        near = difflib.get_close_matches(name, scenario_names(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "the path of a file of one's own ends in .toml"
        raise ScenarioFault(f"no scenario '{name}'", expected=", ".join(scenario_names()), next_step=hint) from error
    except OSError as error:
        raise ScenarioFault(f"cannot read {path}", observed=error.strerror) from error
    except ValueError as error:
        raise ScenarioFault(f"{path.name} is not TOML", observed=str(error)) from error
    return scenario_from(table | {"name": path.stem}, path.name)


def override(
    scenario: Scenario,
    *,
    clients: int | None = None,
    duration_s: float | None = None,
    rate_per_s: float | None = None,
    latency_ms: float | None = None,
    pool_mode: str | None = None,
    pool_size: int | None = None,
) -> Scenario:
    """The scenario with what is given in place of its own; a rate is a steady one, in an open loop."""
    given: dict[str, Any] = {"clients": clients, "duration_s": duration_s}
    if rate_per_s is not None:
        given |= {"arrival": Arrival(rate_per_s=rate_per_s), "think_time_ms": 0.0}
    if latency_ms is not None:
        given["limit"] = replace(scenario.limit, latency_ms=latency_ms)
    if pool_mode is not None or pool_size is not None:
        mode, size = pool_mode or scenario.pool.mode, pool_size or scenario.pool.size
        given["pool"] = replace(scenario.pool, mode=mode, size=size)
    return replace(scenario, **{name: value for name, value in given.items() if value is not None})


def scenario_from(table: dict[str, Any], source: str) -> Scenario:
    """The scenario of a table, as read from TOML or JSON; `source` is named in errors."""
    return _read(Scenario, table, source)


def _read(part: type[_Part], table: dict[str, Any], place: str) -> _Part:
    hints = get_type_hints(part)
    known = {one.name: one for one in fields(part)}  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else None
            raise ScenarioFault(f"{place}: unknown key '{key}'", expected=", ".join(sorted(known)), next_step=hint)
        wanted = hints[key]
        if is_dataclass(wanted):
            if not isinstance(value, dict):
                raise ScenarioFault(f"{place}: '{key}' is a table", observed=repr(value), expected=f"[{key}]")
            given[key] = _read(wanted, value, f"{place} [{key}]")  # type: ignore[arg-type]
            continue
        if get_origin(wanted) is tuple:
            if not (isinstance(value, list | tuple) and all(isinstance(one, dict) for one in value)):
                raise ScenarioFault(f"{place}: '{key}' are tables", observed=repr(value), expected=f"[[{key}]]")
            given[key] = tuple(_read(get_args(wanted)[0], one, f"{place} [[{key}]]") for one in value)
            continue
        fits = isinstance(value, (int, float) if wanted is float else wanted) and not isinstance(value, bool)
        if not fits or (wanted in {int, float} and value < 0):
            expected = {int: "a whole number, not negative", float: "a number, not negative"}.get(wanted, "a text")
            raise ScenarioFault(f"{place}: '{key}' does not fit", observed=repr(value), expected=expected)
        given[key] = value
    missing = [one for one in ("name", "mix", "kind") if one in known and one not in given]
    if missing:
        raise ScenarioFault(f"{place}: '{missing[0]}' is missing")
    return part(**given)
