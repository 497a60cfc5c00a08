"""Scenarios: what the clients of a load do, as TOML files of `loadtests/`."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from virtualq_core import content
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.operation import Kind
from virtualq_core.conformance.traffic.demand import Demand
from virtualq_core.errors import UsageError

_Part = TypeVar("_Part")


class ScenarioFault(UsageError):
    """A scenario says something that cannot be meant."""

    code = "scenario"


@dataclass(frozen=True, kw_only=True)
class Scenario(Demand):
    """
    What a load does: a closed loop, in which each client waits for its answer and then for `think_time_ms`.

    `thresholds` are what makes a clean run inconclusive.
    """

    name: str
    description: str = ""
    clients: int = 8
    duration_s: float = 10.0
    think_time_ms: float = 0.0
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if self.clients < 1:
            raise ScenarioFault("a load has clients", observed=self.clients, expected="at least 1")
        if not self.duration_s > 0:
            raise ScenarioFault("a load takes time", observed=f"{self.duration_s} s", expected="more than 0 s")
        if not any(weight > 0 for weight in vars(self.mix).values()):
            words = ", ".join(kind.word for kind in Kind)
            raise ScenarioFault(f"the mix of '{self.name}' is empty", expected=f"a weight above 0 for one of {words}")
        for name, share in vars(self.contention).items():
            if name.endswith("_share") and not 0 <= share <= 1:
                raise ScenarioFault(f"'{name}' of '{self.name}' is no share", observed=share, expected="0 to 1")


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
        fits = isinstance(value, (int, float) if wanted is float else wanted) and not isinstance(value, bool)
        if not fits or (wanted in {int, float} and value < 0):
            expected = {int: "a whole number, not negative", float: "a number, not negative"}.get(wanted, "a text")
            raise ScenarioFault(f"{place}: '{key}' does not fit", observed=repr(value), expected=expected)
        given[key] = value
    missing = [one for one in ("name", "mix") if one in known and one not in given]
    if missing:
        raise ScenarioFault(f"{place}: '{missing[0]}' is missing")
    return part(**given)
