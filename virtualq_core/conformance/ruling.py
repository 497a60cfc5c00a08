"""What a judgement over recorded operations means to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.conformance.expectation import Inconclusive, NotAsRequired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtualq_core.conformance.checker import Judgement

_SHOWN = 3


def require_truth(
    judgement: Judgement, record: Callable[[str], None], *, failures: Mapping[str, str] | None = None
) -> None:
    """
    Require that the history of a recording keeps every invariant; what was counted goes to `record` as evidence.

    Where `failures` are given (the first message of each kind), an operation that failed though no rule refused it is a
    disappointment as well.

    Raises:
        NotAsRequired: an invariant is broken, or an operation failed.
        Inconclusive: too little happened for a clean recording to mean anything.
    """
    tally = judgement.tally
    if judgement.violation_count:
        names = sorted({one.invariant.value for one in judgement.violations})
        first = judgement.violations[0]
        told = "; ".join([str(first), *first.evidence[:_SHOWN]])
        raise NotAsRequired(
            f"{judgement.violation_count} violations ({', '.join(names)}): {told}", first.invariant.text
        )
    if failures is not None and tally.failed:
        first_said = "; ".join(f"{reason}: {message}" for reason, message in failures.items())
        raise NotAsRequired(f"{tally.failed} operations that failed: {first_said}", "rules to refuse, and nothing else")
    if judgement.doubts:
        raise Inconclusive(
            "; ".join(f"{doubt.what}: {doubt.observed}" for doubt in judgement.doubts),
            "; ".join(doubt.expected for doubt in judgement.doubts),
        )
    record(
        f"{tally.operations} writes on {tally.tickets} tickets: {tally.ok} acknowledged, {tally.refused} refused, "
        f"{tally.unknown} unknown; {tally.contended} contended, {tally.races} lost a race; {tally.reads} reads"
    )
