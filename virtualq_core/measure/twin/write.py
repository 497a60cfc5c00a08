"""
Writes on both sides: what an operation logs and touches, how long a client waits, and what updates leave behind.

The sides take turns as in any paired comparison. A round makes a handful of tickets on one side, claims them, moves
them one by one along half of their way and in bulk along the rest; each kind of operation has a log-ratio of its own.
Both sides get the same operations in the same numbers, so that they stay alike but for what is compared.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import EnvironmentFault
from virtualq_core.measure.ground import ACTOR, ITEMS, SEED_FIRST, choose_ground
from virtualq_core.measure.paired import rank
from virtualq_core.measure.plan import Plan
from virtualq_core.measure.sample import settled_heap
from virtualq_core.measure.twin.effect import Ratio, Updates, Waited, WriteEffect
from virtualq_core.subjects import ProceduralSubject, visible_connection
from virtualq_core.tenancy import enter_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import psycopg

    from virtualq_core.database.server import Database
    from virtualq_core.measure.ground import Ground
    from virtualq_core.measure.observer import Observer
    from virtualq_core.subjects import SubjectSession

_SQL = content.beside(__file__, "write.sql")
CREATE, CLAIM, MOVE, MOVE_MANY = "create_ticket", "claim_next_ticket", "transition_ticket", "transition_tickets"
OPERATIONS = (CREATE, CLAIM, MOVE, MOVE_MANY)
_TICKETS = 4
_SAMPLES = 20
_REPEATS = 5
_LEAST_ROUNDS = 12
_MOST_ROUNDS = 400
_ERROR = 0.0025
_WARM_UP_ROUNDS = 3


NO_UPDATES = Updates(updates=0, hot=0, dead=0)


@dataclass(frozen=True)
class WriteTimes:
    """What a client waits on both sides, by operation, and what the updates did on both."""

    times: Mapping[str, Waited]
    before: Updates
    after: Updates


@dataclass
class _Worker:
    """One side at work."""

    observer: Observer
    session: SubjectSession
    ground: Ground
    state: str
    employee_id: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in OPERATIONS})

    @property
    def steps(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The transitions that are taken one by one, and those that are taken in bulk."""
        half = (len(self.ground.path) + 1) // 2
        return self.ground.path[:half], self.ground.path[half:]

    def work(self) -> dict[str, float]:
        """One round; the seconds that a ticket took, by operation."""
        ground, session = self.ground, self.session
        one_by_one, in_bulk = self.steps
        taken = dict.fromkeys(OPERATIONS, 0.0)

        def timed(operation: str, action: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401 -- the action's own
            begin = time.perf_counter_ns()
            answer = action(*given)
            taken[operation] += (time.perf_counter_ns() - begin) / 1e9
            return answer

        fresh = [timed(CREATE, ground.create, session) for _ in range(_TICKETS)]
        for _ in fresh:
            timed(CLAIM, session.claim_next, ground.tenant_id, ground.queue_id, self.state, self.employee_id)
        for name in one_by_one:
            for ticket_id in fresh:
                timed(MOVE, ground.move, session, ticket_id, name)
        for name in in_bulk:
            timed(MOVE_MANY, session.transition_many, ground.tenant_id, fresh, name)
        return {
            operation: seconds / (_TICKETS * self._times(operation))
            for operation, seconds in taken.items()
            if self._times(operation)
        }

    def _times(self, operation: str) -> int:
        """How often a round does it to each ticket."""
        one_by_one, in_bulk = self.steps
        return {MOVE: len(one_by_one), MOVE_MANY: len(in_bulk)}.get(operation, 1)

    def updates(self) -> Updates:
        """The counters as they stand, with all that the session has done."""
        visible_connection(self.session).execute(_SQL["tell_statistics"].sql)
        with self.observer.as_owner() as connection:
            row = connection.execute(_SQL["count_updates"].sql).fetchone() or (0, 0, 0)
        return Updates(updates=row[0], hot=row[1], dead=row[2])


def time_writes(base: Observer, head: Observer, *, limit_s: float, seed: int = 1) -> WriteTimes:
    """
    How long each operation takes on both sides, its commit included. The tickets stay in both databases.

    Raises:
        EnvironmentFault: a side may not be written into, or has no queue or type to do it with.
    """
    with settled_heap(), _at_work(base) as one, _at_work(head) as other:
        _warm_up(one, other)
        began = [worker.updates() for worker in (one, other)]
        logs = _alternate(one, other, limit_s=limit_s, seed=seed)
        before, after = (worker.updates().since(start) for worker, start in zip((one, other), began, strict=True))
    times = {
        operation: Waited(
            ratio=_ratio(found),
            before_ms=1000 * statistics.median(one.seconds[operation]),
            after_ms=1000 * statistics.median(other.seconds[operation]),
        )
        for operation, found in logs.items()
        if found
    }
    return WriteTimes(times, before, after)


def _warm_up(*workers: _Worker) -> None:
    for worker in workers:
        for _ in range(_WARM_UP_ROUNDS):
            worker.work()


def hold_autovacuum(database: Database) -> None:
    """Keep autovacuum from the tickets, so that the dead row versions that updates leave can be counted."""
    with database.connect() as connection:
        for (table,) in connection.execute(_SQL["list_leaves"].sql).fetchall():
            connection.execute(sql.SQL(_SQL["hold_autovacuum"].sql).format(table=sql.Identifier(table)))


@contextmanager
def _at_work(observer: Observer) -> Iterator[_Worker]:
    place = _place(observer)
    with ProceduralSubject().open(observer.database.dsn, role=observer.application) as session:
        yield _Worker(observer, session, *place)


def _place(observer: Observer) -> tuple[Ground, str, int]:
    """Where it is written: the ground, the state in which its tickets begin, and who claims them."""
    if observer.is_read_only:
        raise EnvironmentFault(
            f"comparing writes writes tickets, and the harness may not write into '{observer.database.name}'",
            expected="a database that carries the harness's mark",
            next_step="if its data may be changed: virtualq db mark --database-url ...",
        )
    ground = choose_ground(observer)
    if ground is None or not ground.path:
        raise EnvironmentFault(
            "there is no queue, or no type whose tickets can move", expected="seeded data", next_step=SEED_FIRST
        )
    asked = {"tenant_id": ground.tenant_id, "type_definition_id": ground.type_definition_id}
    with observer.as_overseer() as connection:
        row = connection.execute(_SQL["find_worker"].sql, asked).fetchone()
    if row is None or row[1] is None:
        raise EnvironmentFault(
            "there is no employee to claim tickets",
            observed=f"none in tenant {ground.tenant_id}",
            expected="seeded data",
            next_step=SEED_FIRST,
        )
    return ground, row[0], row[1]


def _alternate(one: _Worker, other: _Worker, *, limit_s: float, seed: int) -> dict[str, list[float]]:
    """Rounds in a drawn order, ABBA or BAAB; each operation's log-ratios, the head's over the base's."""
    draw = random.Random(seed)
    logs: dict[str, list[float]] = {operation: [] for operation in OPERATIONS}
    deadline = time.monotonic() + limit_s
    for number in range(_MOST_ROUNDS):
        if number >= _LEAST_ROUNDS and time.monotonic() >= deadline:
            break
        is_base_first = draw.random() < 1 / 2
        first, second = (one, other) if is_base_first else (other, one)
        rounds = [(worker, worker.work()) for worker in (first, second, second, first)]
        for worker, taken in rounds:
            for operation, seconds in taken.items():
                worker.seconds[operation].append(seconds)
        for operation in rounds[0][1]:
            once, then, again, last = (math.log(taken[operation]) for _, taken in rounds)
            ratio = (then + again - once - last) / 2
            logs[operation].append(ratio if is_base_first else -ratio)
    return logs


def _ratio(logs: list[float]) -> Ratio:
    low, high = rank.limits(logs, low_error=_ERROR, high_error=_ERROR)
    return Ratio(
        value=math.exp(rank.centre(logs)),
        low=math.exp(low) if math.isfinite(low) else None,
        high=math.exp(high) if math.isfinite(high) else None,
    )


def compare_costs(base: Observer, head: Observer) -> list[WriteEffect]:
    """
    Bytes of log and blocks touched for each ticket, by operation; nothing is kept.

    The same calls in the same order on both sides, which are to be fresh copies of one template or loaded alike: how
    much an update logs depends on whether the new row version fits beside the old one. A call that logs a page's whole
    image on either side, because it is the first after a checkpoint, counts on neither.
    """
    before, after = _costs(base), _costs(head)
    effects = []
    for operation in OPERATIONS:
        paired = list(zip(before[operation], after[operation], strict=True))
        plain = [pair for pair in paired if not any(one.images for one in pair)] or paired
        if not plain:
            continue
        log = [statistics.fmean(pair[side].log_bytes for pair in plain) for side in (0, 1)]
        blocks = [statistics.fmean(pair[side].blocks for pair in plain) for side in (0, 1)]
        effects.append(WriteEffect(operation=operation, log_bytes=(log[0], log[1]), touched=(blocks[0], blocks[1])))
    return effects


def _costs(observer: Observer) -> dict[str, list[_Cost]]:
    """What each call cost, in order."""
    ground, state, employee_id = _place(observer)
    taken: dict[str, list[_Cost]] = {operation: [] for operation in OPERATIONS}
    common: dict[str, Any] = {"tenant_id": ground.tenant_id, "actor": ACTOR}
    details = common | {
        "queue_id": ground.queue_id,
        "type_definition_id": ground.type_definition_id,
        "custom_data": None if ground.custom_data is None else Jsonb(ground.custom_data),
        "items": Jsonb([vars(item) for item in ITEMS]),
    }
    claimed = common | {"queue_id": ground.queue_id, "state": state, "employee_id": employee_id}
    with observer.as_application() as connection, connection.transaction(force_rollback=True):
        connection.execute(enter_statement(ground.tenant_id))
        for _ in range(_REPEATS):
            taken[CREATE] += [_explain(connection, "explain_create", details) for _ in range(_SAMPLES)]
            taken[CLAIM] += [_explain(connection, "explain_claim", claimed) for _ in range(_SAMPLES)]
            newest = connection.execute(_SQL["list_newest_tickets"].sql, common | {"at_most": _SAMPLES}).fetchall()
            ids = [row[0] for row in newest]
            for number, name in enumerate(ground.path):
                asked = common | {"transition": name}
                if number % 2:
                    groups = [ids[at : at + _TICKETS] for at in range(0, len(ids), _TICKETS)]
                    taken[MOVE_MANY] += [
                        _explain(connection, "explain_bulk", asked | {"ticket_ids": group}, tickets=len(group))
                        for group in groups
                    ]
                else:
                    taken[MOVE] += [
                        _explain(connection, "explain_transition", asked | {"ticket_id": one}) for one in ids
                    ]
    return taken


@dataclass(frozen=True)
class _Cost:
    """What one call cost for each ticket, and how many pages' images it logged."""

    log_bytes: float
    blocks: float
    images: int


def _explain(connection: psycopg.Connection[Any], statement: str, asked: dict[str, Any], *, tickets: int = 1) -> _Cost:
    row = connection.execute(_SQL[statement].sql, asked).fetchone()
    root = Plan.parse(row[0] if row else None).root
    return _Cost(root.details["WAL Bytes"] / tickets, root.buffers / tickets, int(root.details["WAL FPI"]))
