"""What a comparison found: a line for each thing that was compared, with its own verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from virtualq_core.measure.result import worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtualq_core.measure.result import Verdict

FORMAT = "virtualq-compare-1"
Kind: TypeAlias = Literal["plan", "blocks", "time", "log", "space", "budget", "answer"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    One thing on both sides: what, each side's figure in words, the ratio in words, and the verdict on the head.

    `detail` says why: the likely cause of another plan, the two plans, or what kept it from being compared.
    """

    kind: Kind
    what: str
    before: str
    after: str
    change: str
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """
    One comparison. `refused` says what was not compared, and why; `trust` how far the times can be believed.

    `environments` are the two sides'.
    """

    base: str
    head: str
    differences: tuple[Difference, ...]
    refused: tuple[str, ...] = ()
    trust: str = ""
    duration_s: float = 0.0
    seed: int | None = None
    tickets: int | None = None
    environments: tuple[Mapping[str, Any], Mapping[str, Any]] = field(default=({}, {}))

    @property
    def verdict(self) -> Verdict:
        """The worst of all; inconclusive where there was nothing to compare but what was refused."""
        if not self.differences:
            return "inconclusive" if self.refused else "passed"
        return worst(one.verdict for one in self.differences)

    def to_json(self) -> dict[str, Any]:
        """As `compare.schema.json` describes it."""
        return {"format": FORMAT, "verdict": self.verdict, **asdict(self)}
