"""What is read in one database of some size: every operational query, every operation, every table and index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.measure.catalogue import Case, check_answer, draw
from virtualq_core.measure.cost import measure_costs
from virtualq_core.measure.explain import explain, explain_after
from virtualq_core.measure.ground import choose_ground
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.sample import sample_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtualq_core.database.server import Database
    from virtualq_core.measure.plan import Plan

_SQL = content.beside(__file__, "reading.sql")

QUEUE_DEPTH = 1000
"""Queries of a queue are asked about one with so many open tickets, in a database of any size."""
_QUEUE = "queue"
SAMPLES = 40
_LIMIT_S = 60.0
_REMEDY_LIMIT_S = 900.0

Kind: TypeAlias = Literal["query", "operation"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """
    What one question costs in one database, in its worst case.

    `touched` are the blocks that it touches. `blocks` are those it would touch if no two of the rows that it is about
    (a queue's open tickets, else the rows of the answer) shared one: a small table packs them, a large one cannot, and
    that growth, which ends at a block a row, would hide the question's own.
    `p50_ms` is the median latency with its 95 % interval; operations have none here. `wal_bytes` is what an operation
    logs. `remedied` are the blocks with the index that would help.
    """

    name: str
    kind: Kind
    tenant_class: str
    rows: int
    blocks: float
    touched: float
    p50_ms: float | None = None
    p50_interval: tuple[float | None, float | None] | None = None
    wal_bytes: float | None = None
    remedied: float | None = None


@dataclass(frozen=True)
class Relation:
    """The size of a table's rows or of an index, in bytes."""

    name: str
    table: str
    is_index: bool
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Size:
    """
    Everything that was read in one database.

    `seed_s` is how long it took to seed, None where it is a copy of a kept one.
    """

    tickets: int
    history: int
    size_bytes: int
    seed_s: float | None
    readings: tuple[Reading, ...]
    relations: tuple[Relation, ...]


def read_size(
    database: Database,
    *,
    seed_s: float | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Size:
    """
    Read everything in a seeded database. Nothing is kept of what the operations write.

    Raises:
        WrongAnswer: a query does not answer as its independent counterpart.
    """
    observer = Observer.of(database)
    readings = [*_queries(observer, tell), *_operations(observer)]
    with observer.as_overseer() as connection:
        rows = connection.cursor(row_factory=dict_row).execute(_SQL["list_relations"].sql).fetchall()
        relations = tuple(Relation(**row) for row in rows)
        counted = connection.execute(_SQL["count_rows"].sql).fetchone() or (0, 0)
    return Size(
        tickets=counted[0],
        history=counted[1],
        size_bytes=sum(one.size_bytes for one in relations),
        seed_s=seed_s,
        readings=tuple(readings),
        relations=relations,
    )


def remedies() -> Mapping[str, content.Statement]:
    """The index that would help a query, by the query's name; what is said before it says why it is not shipped."""
    return content.statements(content.folder("benchmarks") / "remedies.sql")


def _queries(observer: Observer, tell: Callable[[str], None]) -> list[Reading]:
    worst = _worst_cases(observer)
    for case in worst:
        check_answer(observer, case)
    tell(f"timing {len(worst)} queries")
    readings = []
    for case in worst:
        # Alone: beside one that takes seconds the others would get no samples.
        [sample] = sample_cases(observer, [case], samples=SAMPLES, limit_s=_LIMIT_S)
        plan = explain(observer, case)
        readings.append(
            Reading(
                name=case.query,
                kind="query",
                tenant_class=case.tenant_class,
                rows=plan.rows,
                blocks=_blocks(case, plan),
                touched=plan.buffers,
                p50_ms=sample.percentile(0.5) if len(sample) else None,
                p50_interval=sample.interval(0.5) if len(sample) else None,
                remedied=_remedied(observer, case, tell),
            )
        )
    return readings


def _worst_cases(observer: Observer) -> list[Case]:
    """Of each query the case that touches most; of a queue's only those with the depth that is the same everywhere."""
    cases = [case for case in draw(observer) if case.statement.file.stem != _QUEUE]
    of_queue = [name for name, one in content.statement_folder("schema/queries").items() if one.file.stem == _QUEUE]
    cases += [
        case
        for case in draw(observer, queries=of_queue, tickets_in_queue=QUEUE_DEPTH)
        if case.tickets_in_queue == QUEUE_DEPTH
    ]
    worst: dict[str, tuple[float, Case]] = {}
    for case in cases:
        blocks = _blocks(case, explain(observer, case))
        if case.query not in worst or blocks > worst[case.query][0]:
            worst[case.query] = (blocks, case)
    return [case for _, case in worst.values()]


def _remedied(observer: Observer, case: Case, tell: Callable[[str], None]) -> float | None:
    """The blocks with the query's remedy, which is made and rolled back again; None where there is none."""
    remedy = remedies().get(case.query)
    if remedy is None:
        return None
    tell(f"trying the remedy of {case.query}")
    patient = Observer.of(observer.database, timeout_s=_REMEDY_LIMIT_S)
    plan = explain_after(patient, case, changes=[remedy.sql])
    return None if plan is None else _blocks(case, plan)


def _blocks(case: Case, plan: Plan) -> float:
    return min(plan.scattered_blocks, plan.buffers + max(plan.rows, case.tickets_in_queue or 0))


def _operations(observer: Observer) -> list[Reading]:
    ground = choose_ground(observer)
    if ground is None:
        return []
    return [
        Reading(
            name=name,
            kind="operation",
            tenant_class="",
            rows=1,
            blocks=exact.buffers,
            touched=exact.buffers,
            wal_bytes=exact.wal_bytes,
        )
        for name, exact in measure_costs(observer, ground).items()
    ]
