"""The whole measurement: every way to do the work over another, with what is aimed at."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.measure.budget import load_budgets
from virtualq_core.measure.catalogue import cases_of
from virtualq_core.measure.comparison import compare_subjects, ratio_of_rates
from virtualq_core.measure.depth import fill_queues
from virtualq_core.measure.guarantee import board, bulk, scene, writing
from virtualq_core.measure.guarantee.pgbench import PROGRAM, find_program
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.result import GuaranteeResult
from virtualq_core.subjects import OrmSubject, ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtualq_core.database.server import Database
    from virtualq_core.measure.result import Ends, SubjectResult, Verdict

TICKETS = 20_000
"""How many a database is seeded with to be measured in."""
_RATE, _TIME = "transitions/s", "ms"
_BUDGET = "queue_monitoring"
_PORTIONS = {"subjects": 0.15, "listing": 0.15, "bulk": 0.15, "writing": 0.55}
WRITING = (
    ("statement", "bare_update"),
    ("procedural", "bare_update"),
    ("procedural", "statement"),
    ("transition_table", "bare_update"),
    ("procedural", "transition_table"),
)
LISTING = ((board.LISTED, board.PGBENCH), (board.DECODED, board.PGBENCH))


def measure_guarantees(database: Database, *, limit_s: float = 30.0, seed: int = 1) -> list[GuaranteeResult]:
    """
    The cost of guarantees in a seeded database, which is written into: a type, tickets and a schema of copies are left.

    It takes `limit_s` or a little more, besides making the copies. What needs pgbench is skipped where it is missing.

    Raises:
        EnvironmentFault: the harness may not write there, or there are no data.
        BenchmarkBroke: something timed did not do what it was timed for.
    """
    draw = random.Random(seed)
    observer = Observer.of(database)
    share = {part: limit_s * portion for part, portion in _PORTIONS.items()}
    has_pgbench = find_program(database) is not None
    orm = _of_subjects(
        compare_subjects(database, [ProceduralSubject(), OrmSubject()], limit_s=share["subjects"], seed=seed)
    )
    budget = load_budgets()[_BUDGET]
    fill_queues(observer, [budget])
    case = cases_of(observer, budget)[0]
    place = scene.prepare(database)
    # What writes most comes last: the server cleans up behind it for a while.
    listing = [_skipped(*pair, _TIME, 1) for pair in LISTING]
    if has_pgbench:
        times = board.measure_listing(observer, case, limit_s=share["listing"], draw=draw)
        listing = [_compared(*pair, times, _TIME, 1) for pair in LISTING]
        listing = [replace(one, detail=f"{case.tickets_in_queue:,} tickets") for one in listing]
    rates = bulk.measure_bulk(place, limit_s=share["bulk"], draw=draw)
    together = _compared(bulk.BULK, bulk.LOOP, rates, "tickets/s", 1)
    written = [_skipped(*pair, _RATE, writing.CLIENTS) for pair in WRITING]
    if has_pgbench:
        rates = writing.measure_writing(place, limit_s=share["writing"], draw=draw)
        written = [_compared(*pair, rates, _RATE, writing.CLIENTS) for pair in WRITING]
    return [_judged(one) for one in (*written, orm, together, *listing)]


def _of_subjects(compared: Sequence[SubjectResult]) -> GuaranteeResult:
    """The procedural subject over the orm: the inverse of what the comparison of subjects tells."""
    procedural, orm = compared
    ratio, (low, high) = orm.ratio_to_procedural or 1.0, orm.ratio_interval or (0.0, float("inf"))
    return GuaranteeResult(
        name=procedural.name,
        reference=orm.name,
        unit=_RATE,
        clients=1,
        value=procedural.transitions_per_s,
        reference_value=orm.transitions_per_s,
        ratio=1 / ratio,
        interval=(1 / high, 1 / low if low else float("inf")),
    )


def _compared(
    name: str, reference: str, values: Mapping[str, Sequence[float]], unit: str, clients: int
) -> GuaranteeResult:
    ratio, ends = ratio_of_rates(values[name], values[reference])
    return GuaranteeResult(
        name=name,
        reference=reference,
        unit=unit,
        clients=clients,
        value=median(values[name]),
        reference_value=median(values[reference]),
        ratio=ratio,
        interval=ends,
        blocks=len(values[name]),
        sense="at_most" if unit == _TIME else "at_least",
    )


def _skipped(name: str, reference: str, unit: str, clients: int) -> GuaranteeResult:
    return GuaranteeResult(
        name=name,
        reference=reference,
        unit=unit,
        clients=clients,
        sense="at_most" if unit == _TIME else "at_least",
        verdict="skipped",
        detail=f"{PROGRAM} is not there",
    )


def _judged(one: GuaranteeResult) -> GuaranteeResult:
    path = content.folder("benchmarks") / scene.FOLDER / "targets.toml"
    aimed = tomllib.loads(path.read_text(encoding="utf-8")).get(f"{one.name}_over_{one.reference}", {})
    target = aimed.get(one.sense)
    if target is None or one.interval is None:
        return replace(one, target=target)
    return replace(one, target=target, verdict=verdict(one.interval, target, at_least=one.sense == "at_least"))


def verdict(interval: Ends, target: float, *, at_least: bool) -> Verdict:
    """Passed if the whole interval keeps the target, failed if none of it does, inconclusive between."""
    low, high = interval if at_least else (-interval[1], -interval[0])
    wanted = target if at_least else -target
    if low >= wanted:
        return "passed"
    return "failed" if high < wanted else "inconclusive"
