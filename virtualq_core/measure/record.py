"""Plans kept in a file, and today's held against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from virtualq_core.errors import UsageError
from virtualq_core.measure.cause import likely_cause
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.rendering import changed_line, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from virtualq_core.measure.result import PlanResult

FORMAT = "virtualq-plans-1"


class PlanKey(NamedTuple):
    """What tells a case from all others: a class may be that of several queues, of one tenant or of many."""

    query: str
    tenant_class: str
    tenant_id: int | None = None
    queue_id: int | None = None

    @property
    def text(self) -> str:
        """The query and whose it is."""
        return f"{self.query}, {whose(self.tenant_class, tenant_id=self.tenant_id, queue_id=self.queue_id)}"


def whose(tenant_class: str, *, tenant_id: int | None, queue_id: int | None) -> str:
    """The class of tenant in words, or the queue of its own: `big tenant`, `deep queue 7 of tenant 3`."""
    if not tenant_class.endswith("queue"):
        return f"{tenant_class} tenant"
    return tenant_class if queue_id is None else f"{tenant_class} {queue_id} of tenant {tenant_id}"


@dataclass(frozen=True)
class Change:
    """A case whose plan is another one than before; a plan is None where there is none. `what` names the case."""

    query: str
    what: str
    before: Plan | None
    after: Plan | None

    @property
    def cause(self) -> str | None:
        """Why, as the two plans tell; none where there is only one."""
        return None if self.before is None or self.after is None else likely_cause(self.before, self.after)

    @property
    def text(self) -> str:
        """What changed: the blocks, the first line that differs, the likely cause, and the two plans side by side."""
        if self.before is None or self.after is None:
            return f"{self.what}: {'new' if self.before is None else 'gone'}"
        line = changed_line(self.before, self.after) or "another order of conditions or columns"
        blocks = f"{self.before.buffers:,} blocks before, {self.after.buffers:,} after"
        told = f"{self.what}: {blocks}; {line}\nlikely cause: {self.cause}"
        return f"{told}\n{compare(self.before, self.after, names=('before', 'after'))}"


def save_plans(results: Iterable[PlanResult], path: Path) -> int:
    """
    Write every plan to a file; return how many.

    Raises:
        UsageError: the file cannot be written.
    """
    plans = [{**key._asdict(), "plan": dict(plan.document)} for key, plan in plans_by_case(results).items()]
    try:
        path.write_text(json.dumps({"format": FORMAT, "plans": plans}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}", observed=error.strerror) from error
    return len(plans)


def compare_plans(results: Iterable[PlanResult], path: Path) -> list[Change]:
    """
    The plans whose fingerprint differs from the one in the file, those that are new, and those that are gone.

    Raises:
        UsageError: the file cannot be read, or is not one that `save_plans` wrote.
    """
    return [
        Change(key.query, key.text, old, new)
        for key, old, new in pair_plans(_read(path), plans_by_case(results))
        if old is None or new is None or old.fingerprint != new.fingerprint
    ]


class HasPlan(Protocol):
    """A query's plan for some parameters, in whatever result."""

    @property
    def query(self) -> str:
        """The query's name."""

    @property
    def parameters(self) -> Mapping[str, object]:
        """What it was asked with; `tenant_class` is among them."""

    @property
    def plan(self) -> object:
        """EXPLAIN's document, or none."""


def plans_by_case(results: Iterable[HasPlan]) -> dict[PlanKey, Plan]:
    """The plans that are there, by their case."""
    return {key_of(result): Plan.parse(result.plan) for result in results if result.plan is not None}


def key_of(result: HasPlan) -> PlanKey:
    """The case that a plan is of."""
    return _key(result.query, result.parameters)


def pair_plans(
    before: Mapping[PlanKey, Plan], after: Mapping[PlanKey, Plan]
) -> list[tuple[PlanKey, Plan | None, Plan | None]]:
    """
    The plans of each case on both sides, in the order of the first; None where a side has none.

    Of what is left of a query and class the first is paired with the first: in a database that is in use another queue
    is the deepest from one day to the next.
    """
    partner = {key: key for key in before if key in after}
    left = [key for key in after if key not in partner]
    for key in before:
        if key not in partner:
            like = next((other for other in left if other[:2] == key[:2]), None)
            if like is not None:
                partner[key] = like
                left.remove(like)
    paired: list[tuple[PlanKey, Plan | None, Plan | None]] = [
        (partner.get(key, key), plan, after[partner[key]] if key in partner else None) for key, plan in before.items()
    ]
    return paired + [(key, None, after[key]) for key in left]


def _key(query: str, named: Mapping[str, object]) -> PlanKey:
    tenant_id, queue_id = (
        value if isinstance(value := named.get(name), int) else None for name in ("tenant_id", "queue_id")
    )
    return PlanKey(query, str(named.get("tenant_class", "")), tenant_id, queue_id)


def _read(path: Path) -> dict[PlanKey, Plan]:
    try:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept = {FORMAT: document["plans"]}[document["format"]]
        return {_key(one["query"], one): Plan.parse(one["plan"]) for one in kept}
    except OSError as error:
        raise UsageError(f"cannot read {path}", observed=error.strerror) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} does not hold saved plans",
            observed=f"{type(error).__name__}: {error}",
            expected=f"a file that `virtualq plans --save` wrote ({FORMAT})",
        ) from error
