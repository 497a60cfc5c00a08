"""Plans kept in a file, and today's held against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from virtualq_core.errors import UsageError
from virtualq_core.measure.cause import likely_cause
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.rendering import changed_line, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from virtualq_core.measure.result import PlanResult

FORMAT = "virtualq-plans-1"


@dataclass(frozen=True)
class Change:
    """A query whose plan for a class of tenant is another one than before; a plan is None where there is none."""

    query: str
    tenant_class: str
    before: Plan | None
    after: Plan | None

    @property
    def cause(self) -> str | None:
        """Why, as the two plans tell; none where there is only one."""
        return None if self.before is None or self.after is None else likely_cause(self.before, self.after)

    @property
    def text(self) -> str:
        """What changed: the blocks, the first line that differs, the likely cause, and the two plans side by side."""
        what = f"{self.query}, {self.tenant_class} tenant"
        if self.before is None or self.after is None:
            return f"{what}: {'new' if self.before is None else 'gone'}"
        line = changed_line(self.before, self.after) or "another order of conditions or columns"
        blocks = f"{self.before.buffers:,} blocks before, {self.after.buffers:,} after"
        told = f"{what}: {blocks}; {line}\nlikely cause: {self.cause}"
        return f"{told}\n{compare(self.before, self.after, names=('before', 'after'))}"


def save_plans(results: Iterable[PlanResult], path: Path) -> int:
    """
    Write every plan to a file; return how many.

    Raises:
        UsageError: the file cannot be written.
    """
    plans = [
        {"query": query, "tenant_class": tenant_class, "plan": dict(plan.document)}
        for (query, tenant_class), plan in plans_by_case(results).items()
    ]
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
    before, after = _read(path), plans_by_case(results)
    changes = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old is None or new is None or old.fingerprint != new.fingerprint:
            changes.append(Change(*key, old, new))
    return changes


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


def plans_by_case(results: Iterable[HasPlan]) -> dict[tuple[str, str], Plan]:
    """The plans that are there, by query and class of tenant."""
    return {
        (result.query, str(result.parameters.get("tenant_class", ""))): Plan.parse(result.plan)
        for result in results
        if result.plan is not None
    }


def _read(path: Path) -> dict[tuple[str, str], Plan]:
    try:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept = {FORMAT: document["plans"]}[document["format"]]
        return {(one["query"], one["tenant_class"]): Plan.parse(one["plan"]) for one in kept}
    except OSError as error:
        raise UsageError(f"cannot read {path}", observed=error.strerror) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} does not hold saved plans",
            observed=f"{type(error).__name__}: {error}",
            expected=f"a file that `virtualq plans --save` wrote ({FORMAT})",
        ) from error
