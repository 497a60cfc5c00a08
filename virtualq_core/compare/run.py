"""A comparison that is measured now: both sides on the same data, in the same minutes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from virtualq_core.compare.ground import open_ground
from virtualq_core.compare.judgement import judge_log, judge_reads, judge_time, judge_waits, tell_answer, tell_space
from virtualq_core.compare.result import Comparison
from virtualq_core.compare.side import open_side
from virtualq_core.database.clone import require_copies
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.measure.calibration import NOT_CALIBRATED, fitting_calibration
from virtualq_core.measure.catalogue import WrongAnswer
from virtualq_core.measure.paired import Gate
from virtualq_core.measure.twin import Reader, Timing, compare_costs, relation_sizes
from virtualq_core.measure.twin.read import all_cases, most_changed
from virtualq_core.seeding import SeedPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from virtualq_core.compare.ground import Ground
    from virtualq_core.compare.result import Difference
    from virtualq_core.compare.side import Side
    from virtualq_core.compare.spec import Spec
    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.policy import ComparePolicy
    from virtualq_core.measure.twin import ReadEffect

TENANTS = 12
FALSE_ALARM = 0.01
"""The probability that any timed read of one comparison is called slower though none is; learning the bias included."""
MISS = 0.01
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    How much to try.

    So many tickets are seeded. A read is timed for at most `limit_s` (and `bias_s` before), all writes for `writes_s`;
    none where that is 0; of a query at most `cases` are timed.
    """

    tickets: int = 100_000
    seed: int = 1
    limit_s: float = 10.0
    bias_s: float = 1.5
    writes_s: float = 6.0
    cases: int = 2


def compare_now(
    base: Spec,
    head: Spec,
    *,
    server: Server | None,
    policy: ComparePolicy,
    effort: Effort,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """
    Measure both sides, and judge the head. `server` is where they lie; none is needed where both name their own.

    Raises:
        UsageError: a side cannot be made.
        WrongAnswer: sides that ask by the same statement are answered differently.
        EnvironmentFault: databases cannot be made on the server, or there is no room.
    """
    began = time.perf_counter()
    with open_side(base, server) as one, open_side(head, server) as other:
        if one.is_same_as(other):
            return Comparison(
                base=str(base),
                head=str(head),
                differences=(),
                trust="the schema, the indexes and the queries are the same on both sides: there is nothing to measure",
            )
        for side in (one, other):
            require_copies(side.server)
        tell("seeding")
        plan = SeedPlan(effort.tickets, TENANTS, seed=effort.seed)
        with open_ground(one, other, plan) as ground:
            work = _Work(one, other, ground, policy, effort, tell)
            differences = tuple(work.differences())
    kept = fitting_calibration(work.environments[0], tickets=effort.tickets, queries=work.timed)
    return Comparison(
        base=str(base),
        head=str(head),
        differences=differences,
        refused=tuple(work.refused),
        trust=f"{NOT_CALIBRATED if kept is None else kept.line(policy.largest_read_loss)}{ground.caveat}",
        duration_s=round(time.perf_counter() - began, 1),
        seed=effort.seed,
        tickets=effort.tickets,
        environments=(work.environments[0], work.environments[1]),
    )


class _Work:
    """One comparison under way."""

    def __init__(
        self,
        one: Side,
        other: Side,
        ground: Ground,
        policy: ComparePolicy,
        effort: Effort,
        tell: Callable[[str], None],
    ) -> None:
        self._sides = one, other
        self._ground = ground
        self._policy = policy
        self._effort = effort
        self._tell = tell
        self.refused: list[str] = []
        self.timed: set[str] = set()
        self.environments: list[dict[str, object]] = []
        self._unlike: dict[str, Difference] = {}

    def differences(self) -> Iterator[Difference]:
        """Everything that was compared: what repeats exactly first."""
        self._tell("plans, log and space")
        effects: list[tuple[Case, ReadEffect]] = []
        with self._ground.fresh() as databases:
            for database in databases:
                with database.connect() as connection:
                    self.environments.append(dict(fingerprint(connection, database.server)))
            effects = self._effects(databases)
            yield from self._unlike.values()
            yield from judge_reads((effect for _, effect in effects), self._policy)
            yield from self._log(databases)
            sizes = [sum(relation_sizes(database).values()) for database in databases]
            yield tell_space(*sizes)
        yield from self._times(effects)
        if not self._effort.writes_s:
            return
        self._tell("times of writes")
        try:
            waits = self._ground.waits(limit_s=self._effort.writes_s, seed=self._effort.seed)
        except psycopg.errors.UndefinedFunction as error:
            self._refuse(f"times of writes: a side lacks what the other has ({_first_line(error)})")
        else:
            yield from judge_waits(waits, self._policy)

    def _log(self, databases: Sequence[Database]) -> list[Difference]:
        try:
            return judge_log(compare_costs(*self._observe(databases)), self._policy)
        except psycopg.errors.UndefinedFunction as error:
            self._refuse(f"log: a side lacks what the other has ({_first_line(error)})")
            return []

    def _effects(self, databases: Sequence[Database]) -> list[tuple[Case, ReadEffect]]:
        """
        Plans and blocks of every case that both sides have; a query that a revision answers otherwise is left out.

        Raises:
            WrongAnswer: the sides ask the same question by the same statement, and it is answered otherwise.
        """
        base, head = self._observe(databases)
        queries = self._sides[0].queries, self._sides[1].queries
        found = []
        with Reader(base, head, queries=queries) as reader:
            for case in filter(self._is_shared, all_cases(base)):
                if case.query in self._unlike:
                    continue
                try:
                    found.append((case, reader.effect(case)))
                except WrongAnswer as error:
                    if not any(queries):
                        raise
                    self._unlike[case.query] = tell_answer(case, error)
        return [one for one in found if one[0].query not in self._unlike]

    def _observe(self, databases: Sequence[Database]) -> tuple[Observer, Observer]:
        base, head = (side.observe(database) for side, database in zip(self._sides, databases, strict=True))
        return base, head

    def _is_shared(self, case: Case) -> bool:
        """Whether both sides have the query, and ask it with parameters that can be drawn."""
        for side in self._sides:
            if side.queries and case.query not in side.queries:
                self._refuse(f"{case.query}: {side.name} has no such query")
                return False
            wanted = _PLACEHOLDER.findall(side.queries[case.query].sql) if side.queries else []
            if lacking := [name for name in wanted if name not in case.parameters]:
                self._refuse(f"{case.query}: {side.name} asks it with other parameters ({', '.join(lacking)})")
                return False
        return True

    def _refuse(self, why: str) -> None:
        if why not in self.refused:
            self.refused.append(why)

    def _times(self, effects: Sequence[tuple[Case, ReadEffect]]) -> Iterator[Difference]:
        """The reads that can differ in time: where only indexes differ, those whose plan or blocks do."""
        one, other = self._sides
        is_same_work = one.shares_data_with(other) and one.settings == other.settings
        chosen = most_changed((each for each in effects if each[1].is_changed or not is_same_work), self._effort.cases)
        if not chosen:
            return
        self.timed = {case.query for case, _ in chosen}
        error = FALSE_ALARM / len(chosen)
        gate = Gate(
            tolerance=self._policy.largest_read_loss,
            limit_s=self._effort.limit_s,
            false_alarm=error / 2,
            miss=MISS,
        )
        self._tell(f"times of {len(chosen)} reads")
        cases = [case for case, _ in chosen]
        timing = Timing(bias_s=self._effort.bias_s, error=error)
        with self._ground.reader(cases, timing, seed=self._effort.seed) as reader:
            for case, effect in chosen:
                yield judge_time(effect, reader.judge(case, gate))


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
