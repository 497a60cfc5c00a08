"""
Where two sides are compared, and how what merely lies between two copies is kept out of it.

`Copies` are sides that differ in indexes or settings only: copies of one seeded database, which are compared with
themselves before they are made to differ. `Apart` are all others: two PostgreSQL versions, two revisions of the schema.
They never were the same, so a second copy of the base shows how much two copies may differ, and every interval is
widened by the greatest such difference. That is an allowance and no bound: of two differences drawn alike either is the
greater one as often as not, and of two servers nothing is known but this one's. The promised error is that of the
comparison, given that the sides' places differ by no more. To bound them, as surely as a false alarm is, would take a
hundred copies.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from virtualq_core.compare.side import SEED
from virtualq_core.database.install import index_file
from virtualq_core.measure.definition import declared_indexes
from virtualq_core.measure.twin import Reader, time_writes
from virtualq_core.measure.twin.change import apply_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from virtualq_core.compare.side import Side
    from virtualq_core.database.server import Database
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.twin import Timing, Waited
    from virtualq_core.seeding import SeedPlan


class Ground(Protocol):
    """Pairs of databases to compare two sides in; `caveat` is what has to be known of the times, if anything."""

    caveat: ClassVar[str]

    @contextmanager
    def fresh(self) -> Iterator[tuple[Database, Database]]:
        """Both sides as they are, nothing done to them yet."""

    @contextmanager
    def reader(self, cases: Sequence[Case], timing: Timing, *, seed: int) -> Iterator[Reader]:
        """Both sides, ready to be timed on these cases."""

    def waits(self, *, limit_s: float, seed: int) -> Mapping[str, Waited]:
        """How long clients wait for each operation."""


@dataclass(frozen=True)
class Copies:
    """Two sides in copies of one seeded database with the document's indexes."""

    base: Side
    head: Side
    template: Database
    caveat: ClassVar[str] = ""

    @contextmanager
    def fresh(self) -> Iterator[tuple[Database, Database]]:
        """See `Ground`."""
        with self._pair() as (one, other):
            self._change(one, other)
            yield one, other

    @contextmanager
    def reader(self, cases: Sequence[Case], timing: Timing, *, seed: int) -> Iterator[Reader]:
        """See `Ground`."""
        with (
            self._pair() as (one, other),
            _reader(self.base, one, self.head, other, seed=seed, timing=timing) as reader,
        ):
            reader.learn_bias(cases)
            self._change(one, other)
            reader.configure(self.base.settings, self.head.settings)
            yield reader

    def waits(self, *, limit_s: float, seed: int) -> Mapping[str, Waited]:
        """See `Ground`."""
        with self._pair() as (one, other):
            observers = self.base.observe(one), self.head.observe(other)
            bias = time_writes(*observers, limit_s=limit_s / 2, seed=seed).times
            self._change(one, other)
            found = time_writes(*observers, limit_s=limit_s, seed=seed + 1).times
        return {name: waited.over(bias[name].ratio) for name, waited in found.items()}

    @contextmanager
    def _pair(self) -> Iterator[tuple[Database, Database]]:
        with (
            replace(self.base, settings={}).copy_of(self.template) as one,
            replace(self.head, settings={}).copy_of(self.template) as other,
        ):
            yield one, other

    def _change(self, one: Database, other: Database) -> None:
        for side, database in ((self.base, one), (self.head, other)):
            side.configure(database)
            if side.indexes != SEED:
                apply_change(database, index_change(side.indexes))


@dataclass(frozen=True)
class Apart:
    """Two sides with a seeded database each."""

    base: Side
    head: Side
    base_template: Database
    head_template: Database
    caveat: ClassVar[str] = (
        "; the sides never were the same: times are widened by what one more copy of the base differs by, which is an "
        "allowance and no bound"
    )

    @contextmanager
    def fresh(self) -> Iterator[tuple[Database, Database]]:
        """See `Ground`."""
        with self.base.copy_of(self.base_template) as one, self.head.copy_of(self.head_template) as other:
            yield one, other

    @contextmanager
    def reader(self, cases: Sequence[Case], timing: Timing, *, seed: int) -> Iterator[Reader]:
        """See `Ground`."""
        with (
            self.fresh() as (one, other),
            self.base.copy_of(self.base_template) as copy,
            _reader(self.base, one, self.base, copy, seed=seed, timing=timing) as same,
            _reader(self.base, one, self.head, other, seed=seed, timing=timing) as reader,
        ):
            same.learn_bias(cases)
            reader.bias_limit = same.greatest_bias()
            yield reader

    def waits(self, *, limit_s: float, seed: int) -> Mapping[str, Waited]:
        """See `Ground`."""
        with self.fresh() as (one, other), self.base.copy_of(self.base_template) as copy:
            base, same, head = self.base.observe(one), self.base.observe(copy), self.head.observe(other)
            bias = time_writes(base, same, limit_s=limit_s / 2, seed=seed).times
            found = time_writes(base, head, limit_s=limit_s, seed=seed + 1).times
        return {name: waited.over(bias[name].ratio.about_one()) for name, waited in found.items()}


@contextmanager
def open_ground(base: Side, head: Side, plan: SeedPlan) -> Iterator[Ground]:
    """The ground of two sides, seeded."""
    with ExitStack() as held:
        if base.shares_data_with(head):
            yield Copies(base, head, held.enter_context(base.seeded(plan, indexes=SEED)))
        else:
            yield Apart(base, head, *(held.enter_context(side.seeded(plan)) for side in (base, head)))


def index_change(indexes: str) -> str:
    """The SQL that puts another set of indexes in place of the document's."""
    dropped = [f"drop index virtualq.{name};" for name, one in declared_indexes().items() if one.file == "seed.sql"]
    return "\n".join([*dropped, index_file(indexes).read_text(encoding="utf-8")])


def _reader(base: Side, one: Database, head: Side, other: Database, *, seed: int, timing: Timing) -> Reader:
    return Reader(
        base.observe(one),
        head.observe(other),
        timing=timing,
        seed=seed,
        queries=(base.queries, head.queries),
    )
