"""
The head against the base, thing by thing.

What repeats exactly is judged by the policy's shares alone. A read's time is judged by the gate: *passed* where it is
certainly not slower by the policy's share, *failed* where it is not, and certainly slower at all; between no change and
that share either may be said. *Inconclusive* is where the time was too short for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.compare.result import Difference
from virtualq_core.measure.judgement import grows
from virtualq_core.measure.record import Change
from virtualq_core.measure.twin.effect import Ratio, percent_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from virtualq_core.measure.catalogue import Case, WrongAnswer
    from virtualq_core.measure.paired import Judgement
    from virtualq_core.measure.policy import ComparePolicy
    from virtualq_core.measure.result import Verdict
    from virtualq_core.measure.twin import ReadEffect, Waited, WriteEffect

_VERDICTS: Mapping[str, Verdict] = {"slower": "failed", "not slower": "passed", "inconclusive": "inconclusive"}


def judge_reads(effects: Iterable[ReadEffect], policy: ComparePolicy) -> list[Difference]:
    """One line for each case whose plan or blocks differ, with the likely cause and both plans."""
    return [
        Difference(
            kind="blocks" if effect.is_same_plan else "plan",
            what=effect.name,
            before=f"{effect.before.buffers:,} blocks",
            after=f"{effect.after.buffers:,} blocks",
            change=effect.blocks.text,
            verdict=judge_blocks(effect.before.buffers, effect.after.buffers, policy),
            detail=Change(effect.query, effect.name, effect.before, effect.after).text,
        )
        for effect in effects
        if effect.is_changed
    ]


def judge_blocks(before: float, after: float, policy: ComparePolicy) -> Verdict:
    """Failed beyond the policy's growth; a handful more harm nobody."""
    return "failed" if grows(before, after, policy.largest_block_growth) else "passed"


def judge_time(effect: ReadEffect, judgement: Judgement) -> Difference:
    """The gate's verdict on one case."""
    low, high = judgement.interval
    ratio = Ratio(value=judgement.ratio, low=low, high=high)
    return Difference(
        kind="time",
        what=effect.name,
        before="",
        after="",
        change=ratio.text,
        verdict=_VERDICTS[judgement.verdict],
        detail=f"{judgement.verdict}, by {judgement.blocks} blocks in {judgement.duration_s:.1f} s",
    )


def tell_answer(case: Case, error: WrongAnswer) -> Difference:
    """A query that the sides answer differently: nothing else of it is compared, and without it nothing passes."""
    return Difference(
        kind="answer",
        what=case.query,
        before="",
        after="",
        change="not compared: another answer",
        verdict="inconclusive",
        detail=str(error),
    )


def judge_log(effects: Iterable[WriteEffect], policy: ComparePolicy) -> list[Difference]:
    """One line for each operation: the bytes that it logs for a ticket."""
    return [
        Difference(
            kind="log",
            what=effect.operation,
            before=f"{effect.log_bytes[0]:,.0f} bytes",
            after=f"{effect.log_bytes[1]:,.0f} bytes",
            change=effect.log.text,
            verdict="failed" if effect.log.value > 1 + policy.largest_log_growth else "passed",
        )
        for effect in effects
    ]


def judge_waits(waits: Mapping[str, Waited], policy: ComparePolicy) -> list[Difference]:
    """One line for each operation: failed or passed where the whole interval says so, else inconclusive."""
    most = 1 + policy.largest_write_cost
    return [
        Difference(
            kind="time",
            what=operation,
            before=f"{waited.before_ms:.3g} ms",
            after=f"{waited.after_ms:.3g} ms",
            change=waited.ratio.text,
            verdict="failed"
            if waited.ratio.is_above(most)
            else "passed"
            if waited.ratio.is_below(most)
            else "inconclusive",
            detail="a ticket's share, its commit included",
        )
        for operation, waited in waits.items()
    ]


def tell_space(before_bytes: int, after_bytes: int) -> Difference:
    """All tables and indexes; told, not judged."""
    return Difference(
        kind="space",
        what="all tables and indexes",
        before=f"{before_bytes / 2**20:,.1f} MiB",
        after=f"{after_bytes / 2**20:,.1f} MiB",
        change=percent_change(after_bytes / before_bytes),
        verdict="passed",
        detail="told, not judged",
    )
