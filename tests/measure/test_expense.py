"""What operations cost exactly, the share of a latency that is decoding, bloat, and generic plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.bloat import measure_bloat
from virtualq_core.measure.budget import OPERATIONS
from virtualq_core.measure.catalogue import cases_of, draw
from virtualq_core.measure.cost import Triggers, declared_triggers, measure_costs, measure_triggers
from virtualq_core.measure.decoding import judge_decoding, measure_decoding
from virtualq_core.measure.expense import judge_costs, judge_triggers
from virtualq_core.measure.explain import explain, explain_after, explain_modes
from virtualq_core.measure.ground import Ground, choose_ground, choose_grounds
from virtualq_core.measure.judgement import judge_number
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.operation import Cost, Wanted, judge_cost, judge_operations, measure_operations
from virtualq_core.measure.sample import Sample
from virtualq_core.subjects import ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Database
    from virtualq_core.measure.budget import Budget

    Promise = Callable[..., Budget]


@pytest.fixture
def ground(observer: Observer) -> Ground:
    """Where operations are measured."""
    found = choose_ground(observer)
    assert found is not None
    assert found.employee_id is not None
    return found


@pytest.mark.parametrize(("observed", "verdict"), [(0.8, "passed"), (1.0, "passed"), (0.79, "failed")])
def test_a_share_that_must_be_reached_fails_below_its_limit(promise: Promise, observed: float, verdict: str) -> None:
    """And its sense is told, so that every form of the report says `at least`."""
    budget = promise(query=None, operation="update_wait", limits={"min_hot_share": 0.8})

    judged = judge_number(budget, "min_hot_share", observed)

    assert (judged.verdict, judged.sense) == (verdict, "at_least")


def test_the_triggers_of_the_schema_are_found_in_its_files() -> None:
    """By table and name, in lower case as the catalogue has them."""
    declared = declared_triggers()

    assert ("ticket", "zz_ticket_transition") in declared
    assert ("ticketitem", "ticketitem_takes_tenant") in declared
    assert ("typedefinition", "zz_typedefinition_compiles") in declared


@pytest.mark.server
def test_exact_costs_repeat(observer: Observer, ground: Ground) -> None:
    """Of every operation; a new estimate is heap-only, and a transition is not, by the document's indexes."""
    first, again = measure_costs(observer, ground), measure_costs(observer, ground)

    assert set(first) == set(OPERATIONS)
    for name in ("create_ticket", "transition", "update_wait"):
        assert again[name].wal_bytes == pytest.approx(first[name].wal_bytes, rel=0.05), name
        assert again[name].buffers == pytest.approx(first[name].buffers, rel=0.15), name
    assert {name: cost.hot_share for name, cost in first.items()} == {
        "create_ticket": None,
        "transition": 0,
        "transition_tickets": 0,
        "claim_next_ticket": 0,
        "update_wait": 1,
    }


@pytest.mark.server
def test_the_schemas_own_triggers_are_known(observer: Observer, ground: Ground) -> None:
    """And the one that enforces transitions takes most of their time."""
    triggers = measure_triggers(observer, ground)

    assert triggers.unknown == ()
    assert triggers.fired[0].name == "zz_ticket_transition"
    assert sum(fired.share for fired in triggers.fired) == pytest.approx(1)
    assert min(triggers.ratios) > 0


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((1.0, 1.1, 1.2) * 10, "passed"),
        ((12.0, 13.0, 14.0) * 10, "failed"),
        ((9.0, 11.0) * 20, "inconclusive"),
        ((1.0,) * 5, "inconclusive"),
        ((), "inconclusive"),
    ],
)
def test_the_time_in_triggers_is_judged_by_its_interval(
    promise: Promise, ratios: tuple[float, ...], verdict: str
) -> None:
    """It is a time, however exact it looks: about the limit, or of five statements, it proves nothing."""
    budget = promise(query=None, operation="transition", limits={"max_trigger_ratio": 10})

    judged = judge_triggers(budget, Triggers((), (), ratios))

    assert judged.verdict == verdict
    assert (judged.interval is None) == (len(ratios) < 6)


@pytest.mark.server
def test_nothing_of_measuring_costs_is_kept(observer: Observer, ground: Ground, promise: Promise) -> None:
    """The ground is as it was."""
    budget = promise(name="b", query=None, operation="claim_next_ticket", limits={"max_wal_bytes": 10**6})

    [result] = judge_costs(observer, ground, [budget])["b"]

    assert result.verdict == "passed"
    assert choose_ground(observer) == ground


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_timed_and_counted(dataset_copy: Database, operation: str) -> None:
    """As often as asked, in a big, a median and a small tenant, each on tickets that end where their way ends."""
    observer = Observer.of(dataset_copy)
    grounds = choose_grounds(observer)

    costs = measure_operations(observer, ProceduralSubject(), grounds, {operation: Wanted(20)}, limit_s=30)

    assert list(costs) == [operation]
    assert [ground.tenant_class for ground in grounds] == ["big", "median", "small"]
    assert list(costs[operation].samples) == [ground.tenant_id for ground in grounds]
    assert all(len(sample) >= 20 for sample in costs[operation].samples.values())
    if operation != "update_wait":
        assert costs[operation].round_trips == 1
    assert choose_ground(observer) == grounds[0]


@pytest.mark.server
@pytest.mark.slow
def test_an_operation_is_timed_until_there_is_a_verdict(dataset_copy: Database) -> None:
    """Looks double while the samples are not enough, and end with the time that is given."""
    observer = Observer.of(dataset_copy)
    grounds = choose_grounds(observer)[:1]
    enough = Wanted(20, lambda sample: len(sample) >= 100)

    until_enough = measure_operations(observer, ProceduralSubject(), grounds, {"create_ticket": enough}, limit_s=60)
    never = replace(enough, is_enough=lambda _: False)
    until_late = measure_operations(observer, ProceduralSubject(), grounds, {"create_ticket": never}, limit_s=0.01)

    assert [len(sample) for sample in until_enough["create_ticket"].taken] == [20 << 3]
    assert [len(sample) for sample in until_late["create_ticket"].taken] == [20]


def test_the_worst_tenants_latency_decides_of_an_operation(promise: Promise) -> None:
    """A small tenant that waits long is not outweighed by a big one that does not."""
    grounds = [Ground(1, 1, 1, (), None), Ground(7, 1, 1, (), None, tenant_class="small")]
    cost = Cost({1: Sample([1.0] * 400), 7: Sample([300.0] * 400)})
    budget = promise(query=None, operation="transition", limits={"p99_ms": 100})

    [result] = judge_cost(budget, {"transition": cost}, grounds)

    assert (result.verdict, result.tenant, result.observed) == ("failed", 7, 300)


@pytest.mark.server
def test_operations_are_not_measured_where_the_harness_may_only_read(observer: Observer, promise: Promise) -> None:
    """They are skipped, and say so."""
    reader = replace(observer, is_read_only=True)
    budget = promise(query=None, operation="update_wait", limits={"min_hot_share": 0.8})

    [result], latencies = judge_operations(reader, [budget], limit_s=1)

    assert (result.verdict, result.detail, latencies) == ("skipped", "the harness may not write here", [])


@pytest.mark.server
def test_the_share_of_decoding_lies_between_none_and_all(observer: Observer, budgets: dict[str, Budget]) -> None:
    """A thousand rows with jsonb, uuid and timestamps take the client a good part of the time."""
    [case, *_] = cases_of(observer, budgets["queue_decoding"])

    found = measure_decoding(observer, case)

    assert 0.05 < found.shares.percentile(0.5) < 1
    assert found.rows_per_s.percentile(0.5) > 0


@pytest.mark.server
@pytest.mark.parametrize(("limit", "verdict"), [(1, "passed"), (10**9, "failed")])
def test_a_budget_can_hold_the_clients_pace(observer: Observer, promise: Promise, limit: float, verdict: str) -> None:
    """Rows decoded a second, at least: a figure of its own in the results, with its interval."""
    budget = promise(limits={"min_rows_decoded_per_s": limit}, tickets_in_queue=1000)

    judged = judge_decoding(observer, budget, "min_rows_decoded_per_s", cases_of(observer, budget))

    assert (judged.verdict, judged.sense, judged.unit) == (verdict, "at_least", "rows/s")
    assert judged.interval is not None
    assert judged.interval[0] <= float(judged.observed or 0) <= judged.interval[1]


@pytest.mark.server
def test_a_fresh_table_is_not_bloated(observer: Observer) -> None:
    """Its live rows fill its blocks; a table of less than 8 MB is not judged."""
    bloats = {
        one.table: one for one in measure_bloat(observer, ["ticket", "ticketitem", "ticketstatehistory", "queue"])
    }

    assert bloats["ticket"].share < 0.15
    assert bloats["ticketitem"].share < 0.15
    assert bloats["ticketstatehistory"].share < 0.15
    assert bloats["queue"].share == 0


@pytest.mark.server
def test_both_plans_of_a_prepared_statement_are_seen(observer: Observer) -> None:
    """The one with values and the one with parameters, for every query that there is."""
    for case in draw(observer):
        modes = explain_modes(observer, case)

        assert not modes.custom.is_generic, case.label
        assert modes.custom.rows == modes.generic.rows, case.label
        assert modes.generic.is_generic, case.label


@pytest.mark.server
def test_a_plan_after_a_change_is_had_without_the_change(observer: Observer) -> None:
    """It is rolled back; one that is refused yields no plan."""
    [case, *_] = draw(observer, queries=["list_queue"], tickets_in_queue=1000)
    present = explain(observer, case)

    without = explain_after(observer, case, ["drop index virtualq.idx_ticket_queue_state_created"])
    refused = explain_after(observer, case, ["drop index virtualq.nowhere"])

    assert without is not None
    assert without.fingerprint != present.fingerprint
    assert refused is None
    assert explain(observer, case).fingerprint == present.fingerprint
