"""
The verdict on a proposal: the three figures that decide it, one each of reads, writes and space.

A loss beyond the policy rejects it, whatever it brings. Without one, a gain accepts it. What is neither certainly
within the policy nor certainly beyond leaves the trial inconclusive, as long as it could turn the verdict: what may be
a loss always, what may be a gain where there is no certain one. A write's time has a say only where it is certain:
flushing to disk varies too much, and log, which does not vary, stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core.measure.judgement import TIE_BLOCKS, grows
from virtualq_core.measure.twin.effect import Ratio, percent_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import ReadEffect, WriteEffect
    from virtualq_core.trial.proposal import Answer

Finding: TypeAlias = Literal["loss", "perhaps a loss", "gain", "perhaps a gain", "no change that matters"]
_WORST: tuple[Finding, ...] = ("loss", "perhaps a loss", "gain", "perhaps a gain", "no change that matters")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: of what, the head's over the base's, what it is held against, and what it therefore is."""

    of: Literal["reads", "writes", "space"]
    what: str
    ratio: Ratio
    finding: Finding
    limit: str

    @property
    def distance(self) -> float:
        """How far from no change, whichever way."""
        value = max(self.ratio.value, 1e-9)
        return max(value, 1 / value)


def read_figure(effects: Iterable[ReadEffect], policy: TrialPolicy) -> Figure:
    """The read that decides: the greatest loss, else what may be one, else the greatest gain, else what may be one."""
    figures = [figure for effect in effects if (figure := _read(effect, policy)) is not None]
    return _deciding(figures) or Figure(
        of="reads",
        what="every query is planned alike and touches the same blocks",
        ratio=Ratio.exact(1, 1),
        finding="no change that matters",
        limit=f"{percent_change(1 - policy.smallest_read_gain)} of time is a gain",
    )


def write_figure(effects: Iterable[WriteEffect], policy: TrialPolicy) -> Figure:
    """The operation that decides, by its log or by the time that a client waits."""
    figures = []
    most, gain = 1 + policy.largest_write_cost, 1 - policy.smallest_write_gain
    for effect in effects:
        log = effect.log
        finding: Finding = "loss" if log.value > most else "gain" if log.value <= gain else "no change that matters"
        limit = f"at most {percent_change(most)}; {percent_change(gain)} is a gain"
        figures.append(Figure(of="writes", what=f"{effect.operation}: log", ratio=log, finding=finding, limit=limit))
        if effect.waited is not None and (time := effect.waited.ratio).is_above(most):
            figures.append(
                Figure(of="writes", what=f"{effect.operation}: time", ratio=time, finding="loss", limit=limit)
            )
    found = _deciding(figures)
    if found is None:
        raise ValueError("no operation was measured")
    return found


def space_figure(before_bytes: int, after_bytes: int, policy: TrialPolicy) -> Figure:
    """All tables and indexes together."""
    ratio = Ratio.exact(before_bytes, after_bytes)
    most, gain = 1 + policy.largest_space_growth, 1 - policy.smallest_space_gain
    return Figure(
        of="space",
        what="all tables and indexes",
        ratio=ratio,
        finding="loss" if ratio.value > most else "gain" if ratio.value <= gain else "no change that matters",
        limit=f"at most {percent_change(most)}; {percent_change(gain)} is a gain",
    )


def conclude(figures: Sequence[Figure]) -> tuple[Answer, str]:
    """The verdict, and why in a sentence."""
    for finding in _WORST[:-1]:
        decisive = [figure for figure in figures if figure.finding == finding]
        if not decisive:
            continue
        told = "; ".join(f"{figure.what} {figure.ratio.text}" for figure in decisive)
        if finding == "loss":
            return "reject", f"it costs more than it may: {told}"
        if finding == "gain":
            return "accept", f"it gains, and nothing is lost beyond the policy: {told}"
        return "inconclusive", f"{finding}, not sure enough in the given time: {told}"
    return "reject", "it gains nothing: no query is faster, no operation logs less, no space comes free"


def is_judged(effect: ReadEffect) -> bool:
    """
    Whether a read changed by enough to be timed.

    What touches ten blocks or fewer on both sides takes so little that its difference is the planner's, and the same
    plan with ten blocks more or fewer is the same work: a page boundary has moved.
    """
    before, after = effect.before.buffers, effect.after.buffers
    is_other_work = not effect.is_same_plan or abs(after - before) > TIE_BLOCKS
    return is_other_work and max(before, after) > TIE_BLOCKS


def _read(effect: ReadEffect, policy: TrialPolicy) -> Figure | None:
    most, gain = 1 + policy.largest_read_loss, 1 - policy.smallest_read_gain
    time, blocks = effect.time, effect.blocks
    more_blocks = grows(effect.before.buffers, effect.after.buffers, policy.largest_read_loss)
    limit = f"at most {percent_change(most)}; {percent_change(gain)} is a gain"
    if time is None:
        # Others of the query were timed in its place, and may have been faster for all their blocks.
        what = f"{effect.name}: blocks"
        return (
            Figure(of="reads", what=what, ratio=blocks, finding="perhaps a loss", limit=limit) if more_blocks else None
        )
    finding: Finding = "perhaps a gain" if time.is_below(most) else "perhaps a loss"
    what, ratio = f"{effect.name}: time", time
    if time.is_above(most):
        finding = "loss"
    elif more_blocks and not time.is_below(1):
        # Whatever a warm cache hides: on a cold one, blocks are time.
        finding, what, ratio = "loss", f"{effect.name}: blocks", blocks
    elif time.is_below(gain):
        finding = "gain"
    elif time.is_below(most) and time.is_above(gain):
        finding = "no change that matters"
    return Figure(of="reads", what=what, ratio=ratio, finding=finding, limit=limit)


def _deciding(figures: Sequence[Figure]) -> Figure | None:
    """The worst finding's figure that is farthest from no change."""
    return min(figures, key=lambda figure: (_WORST.index(figure.finding), -figure.distance), default=None)
