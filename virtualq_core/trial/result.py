"""What a trial found: the verdict, the three figures that decided it, and everything that was measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from virtualq_core.measure.record import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import ReadEffect, RelationSize, Updates, WriteEffect
    from virtualq_core.measure.twin.change import Applied
    from virtualq_core.measure.twin.effect import Ratio
    from virtualq_core.trial.proposal import Answer, Proposal
    from virtualq_core.trial.verdict import Figure

FORMAT = "virtualq-trial-1"


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """
    One trial.

    `reads` holds every case of the catalogue, those that did not change included; `space` only what changed. `before`
    and `after` are what updates did on either side.
    """

    proposal: Proposal
    verdict: Answer
    reason: str
    figures: tuple[Figure, ...]
    reads: tuple[ReadEffect, ...]
    writes: tuple[WriteEffect, ...]
    before: Updates
    after: Updates
    space: tuple[RelationSize, ...]
    before_bytes: int
    after_bytes: int
    applied: Applied
    policy: TrialPolicy
    tickets: int
    seed: int
    duration_s: float
    environment: Mapping[str, Any]

    @property
    def contradicts(self) -> bool:
        """Whether the verdict is another than the known answer; inconclusive contradicts nothing."""
        return self.verdict != "inconclusive" and self.proposal.known_answer not in {None, self.verdict}

    def to_json(self) -> dict[str, Any]:
        """As `trial.schema.json` describes it."""
        return {
            "format": FORMAT,
            "proposal": asdict(self.proposal),
            "verdict": self.verdict,
            "reason": self.reason,
            "figures": [asdict(figure) for figure in self.figures],
            "reads": [_read(effect) for effect in self.reads],
            "writes": [_write(effect) for effect in self.writes],
            "updates": {
                name: asdict(side) | {"hot_share": side.hot_share}
                for name, side in (("before", self.before), ("after", self.after))
            },
            "space": {
                "before_bytes": self.before_bytes,
                "after_bytes": self.after_bytes,
                "relations": [asdict(relation) for relation in self.space],
            },
            "change": asdict(self.applied),
            "policy": asdict(self.policy),
            "tickets": self.tickets,
            "seed": self.seed,
            "duration_s": round(self.duration_s, 1),
            "environment": dict(self.environment),
        }


def _ratio(ratio: Ratio | None) -> dict[str, float | None] | None:
    return None if ratio is None else asdict(ratio)


def _read(effect: ReadEffect) -> dict[str, Any]:
    change = Change(effect.query, effect.name, effect.before, effect.after) if effect.is_changed else None
    return {
        "query": effect.query,
        "tenant_class": effect.tenant_class,
        "rows": effect.rows,
        "blocks": [effect.before.buffers, effect.after.buffers],
        "served_by": [list(effect.before.served_by), list(effect.after.served_by)],
        "time": _ratio(effect.time),
        "median_ms": None if effect.time is None else [effect.before_ms, effect.after_ms],
        "plan_change": None if change is None else change.text,
        "likely_cause": None if change is None else change.cause,
    }


def _write(effect: WriteEffect) -> dict[str, Any]:
    return {
        "operation": effect.operation,
        "log_bytes": list(effect.log_bytes),
        "blocks": list(effect.touched),
        "time": None if effect.waited is None else _ratio(effect.waited.ratio),
        "median_ms": None if effect.waited is None else [effect.waited.before_ms, effect.waited.after_ms],
    }
