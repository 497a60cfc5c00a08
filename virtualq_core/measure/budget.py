"""
Budgets: promises in `benchmarks/budgets.toml`, and the file that a team overrides them with.

A table is a promise about one query or one operation; its keys are either what it is about or a limit. Every key is
known here, with its unit and the side of it that is good, and a key that is not is an error that names the nearest.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.measure.definition import declared_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from virtualq_core.measure.result import Sense

FILE_NAME = "budgets.toml"
REFERENCE = "docs/reference/budgets.md"
QUEUE = "queue"
"""The file of the queries that are asked of one queue."""
POLICIES = ("trial", "compare")
"""Tables of the file that are no budgets: `measure.policy` reads them."""
OPERATIONS = ("create_ticket", "transition", "transition_tickets", "claim_next_ticket", "update_wait")
Limit: TypeAlias = float | bool | tuple[str, ...]


class BudgetFault(UsageError):
    """A budget file says something that cannot be meant."""

    code = "budget-file"


@dataclass(frozen=True)
class Metric:
    """
    One kind of limit.

    `of` says what it is measured on. `is_noise_free` is true of what repeats exactly on a quiet database; those gate
    first and without tolerance.
    """

    kind: Literal["number", "names", "flag"]
    unit: str
    text: str
    of: tuple[Literal["query", "operation"], ...] = ("query",)
    is_noise_free: bool = True
    share: float | None = None
    sense: Sense = "at_most"


_TIMED: tuple[Literal["query", "operation"], ...] = ("query", "operation")
_WRITTEN: tuple[Literal["query", "operation"], ...] = ("operation",)


def _latency(share: float, words: str) -> Metric:
    return Metric("number", "ms", f"{words} of the latencies, as a client sees them", _TIMED, False, share)  # noqa: FBT003


METRICS: Mapping[str, Metric] = {
    "must_be_served_by": Metric(
        "names", "", "indexes that serve the query: used, or no worse done without, and able to be used"
    ),
    "can_be_served_by": Metric("names", "", "indexes that are able to serve the query, whichever is used today"),
    "must_not_scan": Metric("names", "", "tables that the query never reads from end to end"),
    "must_not_spill": Metric("flag", "", "no sort and no hash writes temporary files"),
    "must_stay_on_one_node": Metric(
        "flag", "", "where the tables are spread over nodes, one node answers; meant by every budget on a plan"
    ),
    "max_buffers": Metric("number", "blocks", "blocks that the execution touches, hit and read", _TIMED),
    "max_planning_buffers": Metric("number", "blocks", "blocks that planning touches on a warm connection"),
    "max_buffers_per_row": Metric("number", "blocks/row", "blocks touched over rows returned"),
    "max_rows_removed_per_row": Metric("number", "rows/row", "rows read and thrown away over rows returned"),
    "max_q_error": Metric("number", "", "the worst ratio of estimated to actual rows, either way, of any node"),
    "max_generic_plan_ratio": Metric(
        "number", "", "blocks of the plan for any parameters over those of the plan for the given ones"
    ),
    "max_bloat_share": Metric("number", "", "share of the tables' blocks that no live row fills"),
    "max_growth_exponent": Metric(
        "number", "", "b, where blocks grow as all tickets in the database to the power of b"
    ),
    "max_round_trips": Metric("number", "round trips", "round trips between client and server", _TIMED),
    "max_wal_bytes": Metric("number", "bytes", "write-ahead log that one operation writes", _WRITTEN),
    "min_hot_share": Metric(
        "number", "", "share of the updates of tickets that no index has to follow", _WRITTEN, sense="at_least"
    ),
    "max_unknown_triggers": Metric("number", "", "triggers that schema/install does not declare", _WRITTEN),
    "max_trigger_ratio": Metric(
        "number", "", "time in triggers over the rest of the same statement's", _WRITTEN, is_noise_free=False
    ),
    "max_decode_share": Metric(
        "number", "", "share of the latency in which the client decodes the rows", is_noise_free=False
    ),
    "min_rows_decoded_per_s": Metric(
        "number", "rows/s", "rows that the client decodes in a second", is_noise_free=False, sense="at_least"
    ),
    "p50_ms": _latency(0.5, "50 %"),
    "p90_ms": _latency(0.9, "90 %"),
    "p95_ms": _latency(0.95, "95 %"),
    "p99_ms": _latency(0.99, "99 %"),
    "p999_ms": _latency(0.999, "99.9 %"),
}
"""Every limit that a budget may set, in the order in which they gate."""

SETTINGS: Mapping[str, str] = {
    "query": "a query of schema/queries",
    "operation": " or ".join(OPERATIONS),
    "subject": "the implementation whose operation is measured (default: procedural)",
    "tickets_in_queue": "how many open tickets the queue has that is asked for",
    "worst_tenant": "true: the verdict is the worst tenant's; false: the mean's over tenants (default: true)",
    "enforced": "false: measured and shown, without a verdict (default: true)",
}
"""Every other key of a budget."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One promise: what it is about, and its limits by metric, in the order in which they gate."""

    name: str
    query: str | None = None
    operation: str | None = None
    subject: str = "procedural"
    tickets_in_queue: int | None = None
    worst_tenant: bool = True
    enforced: bool = True
    limits: Mapping[str, Limit] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The most demanding percentile among its limits, from 0 to 1; none where it limits no latency."""
        shares = (METRICS[name].share for name in self.limits)
        return max((share for share in shares if share is not None), default=None)

    def names(self, metric: str) -> tuple[str, ...]:
        """The names that a limit of kind `names` lists; empty where there is none."""
        limit = self.limits.get(metric, ())
        return limit if isinstance(limit, tuple) else ()


def load_budgets(override: Path | None = None) -> dict[str, Budget]:
    """
    The budgets of `benchmarks/budgets.toml`, with a team's own file laid over them.

    A table of the same name overrides key by key; another name adds a budget.

    Raises:
        BudgetFault: a file cannot be read or says something that cannot be meant.
    """
    path = content.folder("benchmarks") / FILE_NAME
    tables = _budgets_in(path)
    if override is not None:
        for name, table in _budgets_in(override).items():
            tables[name] = tables.get(name, {}) | table
        path = override
    return {name: _budget(name, table, path) for name, table in tables.items()}


def read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """
    A budget file's tables as they are written.

    Raises:
        BudgetFault: it cannot be read, is not TOML, or holds something outside any table.
    """
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise BudgetFault(f"cannot read {path}", observed=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BudgetFault(f"{path.name} is not TOML", observed=str(error)) from error
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise BudgetFault(
                f"{path.name}: '{name}' stands outside any budget", expected="a table such as [queue_monitoring]"
            )
    return tables


def _budgets_in(path: Path) -> dict[str, dict[str, Any]]:
    tables = {name: table for name, table in read_tables(path).items() if name not in POLICIES}
    for name, table in tables.items():
        for key in table:
            if key not in METRICS and key not in SETTINGS:
                known = nearest(key, [*METRICS, *SETTINGS])
                raise BudgetFault(
                    f"{path.name}: [{name}] has the unknown key '{key}'",
                    expected=f"'{known}', which is the nearest known key",
                    next_step=f"{REFERENCE} lists them all",
                )
    return tables


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like the given one."""
    return max(known, key=lambda other: difflib.SequenceMatcher(a=word, b=other).ratio())


def _budget(name: str, table: Mapping[str, Any], path: Path) -> Budget:
    place = f"{path.name}: [{name}]"
    settings = {key: _setting(place, key, value) for key, value in table.items() if key in SETTINGS}
    query, operation = settings.get("query"), settings.get("operation")
    if (query is None) == (operation is None):
        raise BudgetFault(f"{place} is about nothing or about two things", expected="either a query or an operation")
    if query is not None and query not in (queries := content.statement_folder("schema/queries")):
        raise BudgetFault(f"{place} is about the unknown query '{query}'", expected=f"'{nearest(query, queries)}'")
    if operation is not None and operation not in OPERATIONS:
        raise BudgetFault(f"{place} is about the unknown operation '{operation}'", expected=" or ".join(OPERATIONS))
    kind: Literal["query", "operation"] = "query" if operation is None else "operation"
    for key in table:
        if key in METRICS and kind not in METRICS[key].of:
            raise BudgetFault(
                f"{place} limits {key}, which is not measured on an {kind}".replace("an query", "a query")
            )
    if kind == "query" and "subject" in settings:
        raise BudgetFault(f"{place} names a subject, and a query has none", expected="an operation")
    _require_use(place, settings)
    limits = {key: _limit(place, key, table[key]) for key in METRICS if key in table}
    if not limits:
        raise BudgetFault(f"{place} sets no limit", expected=", ".join(METRICS))
    return Budget(name=name, limits=limits, **settings)


def _require_use(place: str, settings: Mapping[str, Any]) -> None:
    """Refuse a setting that would have no say in what the budget is about."""
    query = settings.get("query")
    if "tickets_in_queue" in settings and (query is None or content.query(query).file.stem != QUEUE):
        asked = [name for name, one in content.statement_folder("schema/queries").items() if one.file.stem == QUEUE]
        raise BudgetFault(
            f"{place} sets tickets_in_queue, and {query or settings['operation']} is not asked of a queue",
            expected=" or ".join(asked),
            next_step="leave tickets_in_queue out",
        )


def _setting(place: str, key: str, value: Any) -> Any:  # noqa: ANN401 -- what TOML holds
    if key in {"worst_tenant", "enforced"}:
        good = isinstance(value, bool)
        expected = "true or false"
    elif key == "tickets_in_queue":
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        expected = "a whole number, at least 1"
    else:
        good = isinstance(value, str) and value != ""
        expected = "a name"
    if not good:
        raise BudgetFault(f"{place} {key}: not {SETTINGS[key].split(':')[0]}", observed=repr(value), expected=expected)
    return value


def _limit(place: str, key: str, value: Any) -> Limit:  # noqa: ANN401 -- what TOML holds
    metric = METRICS[key]
    match metric.kind:
        case "flag":
            if value is True:
                return True
            expected = "true; leave the key out where it is not demanded"
        case "names":
            if isinstance(value, list) and value and all(isinstance(one, str) and one for one in value):
                return tuple(_name(f"{place} {key}", key, one.lower()) for one in value)
            expected = "a list of one or more names"
        case _:
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
                return value
            expected = f"a number of {metric.unit}" if metric.unit else "a number"
            expected += ", not negative"
    raise BudgetFault(f"{place} {key}: not a limit on {metric.text}", observed=repr(value), expected=expected)


def _name(place: str, key: str, name: str) -> str:
    """
    A name as the catalogue spells it, which is how PostgreSQL reads one without quotes.

    Only schema/ creates the tables that a query reads, so another name would be kept for ever. An index may be a
    team's own; one that is not there is missing, and that is said when the query is planned.
    """
    if key == "must_not_scan" and name not in (known := declared_tables()):
        raise BudgetFault(
            f"{place}: there is no table '{name}'",
            expected=f"'{nearest(name, sorted(known))}', which is the nearest that schema/ creates",
        )
    return name
