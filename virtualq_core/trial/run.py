"""
A trial: twin databases from one seeded template, the proposal applied to one of them.

A first copy shows what the proposal does to plans, blocks and space, which repeat exactly, and how long it locks whom.
Then a pair of copies is compared with itself, changed, and compared again: only the queries whose plan or blocks are
others are timed. A second pair is written into.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from virtualq_core.database.clone import fresh_database
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.measure.catalogue import count_tickets
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.twin import (
    Reader,
    Timing,
    WriteEffect,
    changed_sizes,
    compare_costs,
    relation_sizes,
    time_writes,
)
from virtualq_core.measure.twin.change import apply_change, build_concurrently
from virtualq_core.measure.twin.read import all_cases, key, most_changed
from virtualq_core.measure.twin.write import NO_UPDATES, WriteTimes, hold_autovacuum
from virtualq_core.trial.result import TrialResult
from virtualq_core.trial.verdict import conclude, is_judged, read_figure, space_figure, write_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import ReadEffect, RelationSize, WriteEffect
    from virtualq_core.measure.twin.change import Applied
    from virtualq_core.measure.twin.read import Key
    from virtualq_core.trial.proposal import Proposal


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    How much to try: the time for reads (`timing`) and for writes, the latter once before the change and once after.

    With `writes_s` 0 writes are not timed, and their updates not counted; their log is compared all the same.

    Of each query at most `cases` that changed are timed, those first whose blocks changed most.
    """

    timing: Timing = field(default_factory=Timing)
    writes_s: float = 6.0
    writes_bias_s: float = 3.0
    cases: int = 2
    seed: int = 1


@dataclass(frozen=True)
class _Preview:
    """What repeats exactly: every read's plans and blocks, every operation's log, what lies on disk; and the change."""

    applied: Applied
    reads: tuple[tuple[Case, ReadEffect], ...]
    writes: tuple[WriteEffect, ...]
    sizes: tuple[int, int]
    space: tuple[RelationSize, ...]


def run_trial(
    template: Database,
    proposal: Proposal,
    policy: TrialPolicy,
    *,
    effort: Effort | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> TrialResult:
    """
    Try a proposal on copies of a seeded database, which itself is only read.

    Raises:
        ProposalFailed: it cannot be applied.
        WrongAnswer: a query answers otherwise once it is applied.
        EnvironmentFault: databases cannot be copied on this server, or there is no room.
    """
    began = time.perf_counter()
    effort = effort or Effort()
    effort = replace(
        effort, timing=replace(effort.timing, gain=policy.smallest_read_gain, loss=policy.largest_read_loss)
    )
    tell("plans, log and space")
    preview = _preview(template, proposal)
    tell("reads")
    timed = _time_reads(
        template, proposal, most_changed((one for one in preview.reads if is_judged(one[1])), effort.cases), effort
    )
    tell("writes")
    found = _time_writes(template, proposal, effort)
    reads = tuple(timed.get(key(case), effect) for case, effect in preview.reads)
    writes = tuple(replace(effect, waited=found.times.get(effect.operation)) for effect in preview.writes)
    figures = (read_figure(reads, policy), write_figure(writes, policy), space_figure(*preview.sizes, policy))
    verdict, reason = conclude(figures)
    with template.connect() as connection:
        environment = fingerprint(connection, template.server)
    return TrialResult(
        proposal=proposal,
        verdict=verdict,
        reason=reason,
        figures=figures,
        reads=reads,
        writes=writes,
        before=found.before,
        after=found.after,
        space=preview.space,
        before_bytes=preview.sizes[0],
        after_bytes=preview.sizes[1],
        applied=preview.applied,
        policy=policy,
        tickets=count_tickets(Observer.of(template)),
        seed=effort.seed,
        duration_s=time.perf_counter() - began,
        environment=environment,
    )


@contextmanager
def _copy(template: Database) -> Iterator[Database]:
    with fresh_database(template.server, template=template.name, prefix="vq_twin") as copy:
        yield copy


def _preview(template: Database, proposal: Proposal) -> _Preview:
    base = Observer.of(template)
    with _copy(template) as untouched, _copy(template) as copy:
        applied = apply_change(copy, proposal.text)
        before, after = relation_sizes(untouched), relation_sizes(copy)
        with Reader(base, Observer.of(copy)) as reader:
            reads = reader.effects(all_cases(base))
        writes = compare_costs(Observer.of(untouched), Observer.of(copy))
        indexes = tuple(replace(change, concurrent_s=build_concurrently(copy, change)) for change in applied.indexes)
    return _Preview(
        replace(applied, indexes=indexes),
        tuple(reads),
        tuple(writes),
        (sum(before.values()), sum(after.values())),
        tuple(changed_sizes(before, after)),
    )


def _time_reads(
    template: Database, proposal: Proposal, chosen: Sequence[tuple[Case, ReadEffect]], effort: Effort
) -> dict[Key, ReadEffect]:
    """The timed effects, by their case."""
    if not chosen:
        return {}
    with _copy(template) as base, _copy(template) as head:
        observers = Observer.of(base), Observer.of(head)
        with Reader(*observers, timing=effort.timing, seed=effort.seed) as reader:
            reader.learn_bias([case for case, _ in chosen])
            apply_change(head, proposal.text)
            reader.renew()
            return {key(case): reader.time(case, effect) for case, effect in chosen}


def _time_writes(template: Database, proposal: Proposal, effort: Effort) -> WriteTimes:
    """The pair compared with itself, and again after the change, without what it differed by before."""
    if not effort.writes_s:
        return WriteTimes({}, NO_UPDATES, NO_UPDATES)
    with _copy(template) as base, _copy(template) as head:
        hold_autovacuum(base)
        hold_autovacuum(head)
        observers = Observer.of(base), Observer.of(head)
        bias = time_writes(*observers, limit_s=effort.writes_bias_s, seed=effort.seed)
        apply_change(head, proposal.text)
        found = time_writes(*observers, limit_s=effort.writes_s, seed=effort.seed + 1)
    times = {name: waited.over(bias.times[name].ratio) for name, waited in found.times.items()}
    return replace(found, times=times)
