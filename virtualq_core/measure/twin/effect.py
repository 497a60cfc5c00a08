"""What a change does, in ratios: what the head takes for each one that the base takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from virtualq_core.measure.record import PlanKey

if TYPE_CHECKING:
    from virtualq_core.measure.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """
    The head's figure over the base's: 1 where they are the same, 0.5 where the head takes half.

    `low` and `high` are limits of the true ratio; an end is None where there were too few blocks for it. Both are the
    value itself where the figures repeat exactly.
    """

    value: float
    low: float | None
    high: float | None

    @classmethod
    def exact(cls, base: float, head: float) -> Ratio:
        """Of two figures without an error; of nothing to nothing it is 1."""
        value = 1.0 if base == head else head / base if base else float("inf")
        return cls(value=value, low=value, high=value)

    def is_above(self, limit: float) -> bool:
        """Whether the true ratio is certainly greater than the limit."""
        return self.low is not None and self.low > limit

    def is_below(self, limit: float) -> bool:
        """Whether the true ratio is certainly less than the limit."""
        return self.high is not None and self.high < limit

    def over(self, bias: Ratio) -> Ratio:
        """The same without what the sides differed by while they were still the same, and as unsure as both."""
        return Ratio(
            value=self.value / bias.value,
            low=None if self.low is None or bias.high is None else self.low / bias.high,
            high=None if self.high is None or bias.low is None else self.high / bias.low,
        )

    def about_one(self) -> Ratio:
        """As an uncertainty to both sides of no change, as wide as this ratio may be away from it."""
        ends = [end for end in (self.low, self.high) if end is not None]
        if len(ends) < 2:  # noqa: PLR2004 -- both
            return Ratio(value=1.0, low=None, high=None)
        farthest = max(max(end, 1 / end) for end in ends)
        return Ratio(value=1.0, low=1 / farthest, high=farthest)

    @property
    def text(self) -> str:
        """The change in per cent, with its limits where they differ from it."""
        if self.low == self.high == self.value:
            return percent_change(self.value)
        low, high = ("open" if end is None else percent_change(end) for end in (self.low, self.high))
        return f"{percent_change(self.value)} ({low} to {high})"


def percent_change(ratio: float) -> str:
    """
    A ratio as a change: -50 % for half, +10 % for a tenth more, 12 times beyond five times as much.

    None is rounded to a hundred per cent less, which would be nothing at all.
    """
    most = 5.0
    if ratio > most:
        return f"{ratio:,.0f}\u00a0times" if ratio >= 10 * most else f"{ratio:.1f}\u00a0times"
    change = (ratio - 1) * 100
    if ratio and change < -99:  # noqa: PLR2004 -- what rounds to a hundred
        return f"{change:.2f}\u00a0%"
    return f"{change:+.1f}\u00a0%" if abs(change) < 10 else f"{change:+.0f}\u00a0%"  # noqa: PLR2004 -- two digits are enough


@dataclass(frozen=True, kw_only=True)
class ReadEffect:
    """
    One query for one class of tenant or queue on both sides; the answers have been found to be the same.

    `queue_id` is the queue that was asked about, where the query asks about one. `time` is None where the plan and its
    blocks are the same on both, and there is nothing to time. The medians are those of what was timed, in ms.
    """

    query: str
    tenant_class: str
    rows: int
    before: Plan
    after: Plan
    time: Ratio | None = None
    before_ms: float | None = None
    after_ms: float | None = None
    tenant_id: int | None = None
    queue_id: int | None = None

    @property
    def name(self) -> str:
        """The query and whose it is."""
        return PlanKey(self.query, self.tenant_class, self.tenant_id, self.queue_id).text

    @property
    def blocks(self) -> Ratio:
        """Blocks that the execution touches, hit and read."""
        return Ratio.exact(self.before.buffers, self.after.buffers)

    @property
    def is_same_plan(self) -> bool:
        """Whether both sides plan it alike."""
        return self.before.fingerprint == self.after.fingerprint

    @property
    def is_changed(self) -> bool:
        """Whether anything that repeats exactly is another: the plan, or the blocks that it touches."""
        return not self.is_same_plan or self.before.buffers != self.after.buffers


@dataclass(frozen=True, kw_only=True)
class Waited:
    """How long a client waits for an operation, its commit included: the ratio, and the medians in ms."""

    ratio: Ratio
    before_ms: float
    after_ms: float

    def over(self, bias: Ratio) -> Waited:
        """The same without what the sides differed by while they were still the same."""
        return replace(self, ratio=self.ratio.over(bias))


@dataclass(frozen=True, kw_only=True)
class WriteEffect:
    """
    One operation on both sides, for each ticket.

    Log (in bytes) and blocks are those of the database's own function, as EXPLAIN counts them for its session. `waited`
    is None where no time was taken.
    """

    operation: str
    log_bytes: tuple[float, float]
    touched: tuple[float, float]
    waited: Waited | None = None

    @property
    def log(self) -> Ratio:
        """Write-ahead log."""
        return Ratio.exact(*self.log_bytes)

    @property
    def blocks(self) -> Ratio:
        """Blocks touched, hit and read."""
        return Ratio.exact(*self.touched)


@dataclass(frozen=True, kw_only=True)
class Updates:
    """What updates of tickets did on one side: how many, how many of them heap-only, and the dead row versions left."""

    updates: int
    hot: int
    dead: int

    def since(self, start: Updates) -> Updates:
        """What has come to it since an earlier count."""
        return Updates(
            updates=self.updates - start.updates, hot=self.hot - start.hot, dead=max(self.dead - start.dead, 0)
        )

    @property
    def hot_share(self) -> float | None:
        """From 0 to 1; None where nothing was updated."""
        return self.hot / self.updates if self.updates else None


@dataclass(frozen=True, kw_only=True)
class RelationSize:
    """A table or an index with its bytes on both sides; None where it is not there."""

    name: str
    kind: str
    before_bytes: int | None
    after_bytes: int | None

    @property
    def grown_bytes(self) -> int:
        """How many more the head has."""
        return (self.after_bytes or 0) - (self.before_bytes or 0)
