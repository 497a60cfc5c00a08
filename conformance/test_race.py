"""Concurrency: clients that race for as long as it takes to be seen doing it, and the histories that they leave."""

from __future__ import annotations

from collections import Counter
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.expectation import Inconclusive, describe
from virtualq_core.conformance.race import race
from virtualq_core.conformance.ruling import require_truth
from virtualq_core.conformance.traffic.storm import Storm
from virtualq_core.errors import IllegalTransition

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Tenant, World
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

CLIENTS = 8
WRITES = 800
PATIENCE_S = 120.0

CONTENDERS = 4
TICKETS = 50
RACED = 20

FORK: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "accept", "from": "asked", "to": "accepted"},
        {"name": "decline", "from": "asked", "to": "declined"},
    ],
}

PUBLICATIONS = 4
BETWEEN = 80
"""Writes between two publications."""


def _order(waiting: str) -> dict[str, Any]:
    """The machine of the world's own type, with a name of one's own for the state in which an order waits."""
    return {
        "init": "received",
        "transitions": [
            {"name": "start", "from": "received", "to": "in_progress"},
            {"name": "complete", "from": "in_progress", "to": waiting},
            {"name": "pickup", "from": waiting, "to": "completed"},
            {"name": "remind", "from": waiting, "to": waiting},
            {"name": "cancel", "from": ["received", "in_progress"], "to": "cancelled"},
            {"name": "expire", "from": ["received", waiting], "to": "expired"},
        ],
    }


class Try(NamedTuple):
    """One client's attempt at a ticket: what became of it, and when."""

    outcome: str
    begin_ns: int
    end_ns: int


def _open(world: World, name: str) -> Tenant:
    """A tenant with tickets of its own type in both queues, so that new ones are of that type too."""
    tenant = world.open_tenant(name)
    with world.application(tenant) as app:
        for queue_id in (tenant.queue_id, tenant.other_queue_id):
            for _ in range(8):
                app.create(queue_id=queue_id)
    return tenant


@pytest.mark.requirement("CON-030")
def test_a_storm_of_operations_leaves_true_histories(
    subject: Subject, world: World, database_under_test: Database, evidence: Callable[[str], None], expect: Expectation
) -> None:
    """Single and bulk transitions, claims, creations, lists and reads, most of them on a few tickets of two tenants."""
    tenant_ids = [_open(world, name).id for name in ("Race north", "Race south")]

    with Storm(database_under_test, subject, tenant_ids=tenant_ids, clients=CLIENTS) as storm:
        expect.equal(storm.left_out, [], "operations that the subject does not offer:")
        storm.wait_for(WRITES, PATIENCE_S)
        judgement = storm.judge(thresholds=Thresholds(min_operations=WRITES))

    require_truth(judgement, evidence, failures=storm.failures)


@pytest.mark.requirement("CON-031")
@pytest.mark.parametrize("asked", [("accept",), ("accept", "decline")], ids=["one-edge", "two-edges"])
def test_of_clients_that_stampede_one_gets_through(
    subject: Subject,
    world: World,
    north: Tenant,
    database_under_test: Database,
    evidence: Callable[[str], None],
    expect: Expectation,
    asked: tuple[str, ...],
) -> None:
    """Each ticket is waited for by all of them, then tried by all at once; there is no way back."""
    with world.application(north) as app:
        type_id = app.define(FORK)
        ticket_ids = [app.create(type_definition_id=type_id) for _ in range(TICKETS)]

        def contend(number: int, ready: Callable[[], object]) -> list[Try]:
            tries = []
            with subject.open(database_under_test.dsn) as session:
                for ticket_id in ticket_ids:
                    ready()
                    begin_ns = perf_counter_ns()
                    try:
                        session.transition(north.id, ticket_id, asked[number % len(asked)])
                        outcome = "won"
                    except IllegalTransition:
                        outcome = "lost"
                    except Exception as error:  # noqa: BLE001 -- it is told; whoever left now would leave the others waiting
                        outcome = describe(error)
                    tries.append(Try(outcome, begin_ns, perf_counter_ns()))
            return tries

        by_ticket = list(zip(*race(CONTENDERS, contend), strict=True))
        outcomes = Counter(tuple(sorted(each.outcome for each in tries)) for tries in by_ticket)
        expect.equal(dict(outcomes), {(*["lost"] * (CONTENDERS - 1), "won"): TICKETS})
        for ticket_id in ticket_ids:
            [_, step] = app.history(ticket_id)
            expect.equal(app.ticket(ticket_id).current_state, step.to_state)

    raced = sum(_overlap(tries) for tries in by_ticket)
    if raced < RACED:
        raise Inconclusive(f"{raced} losers that began before the winner had its answer", f"at least {RACED}")
    evidence(f"{TICKETS} tickets, each won once; {raced} of {TICKETS * (CONTENDERS - 1)} losers overlapped the winner")


def _overlap(tries: tuple[Try, ...]) -> int:
    """How many losers were seen to be at it while the winner was."""
    [winner] = [each for each in tries if each.outcome == "won"]
    return sum(each.begin_ns < winner.end_ns and winner.begin_ns < each.end_ns for each in tries if each is not winner)


@pytest.mark.requirement("CON-032")
def test_publications_amid_a_storm_leave_true_histories(
    subject: Subject, world: World, database_under_test: Database, evidence: Callable[[str], None], expect: Expectation
) -> None:
    """A state goes and comes back under another name, its tickets with it, while clients move and create them."""
    tenant = _open(world, "Race press")
    names = ["ready", "shelved"]

    with (
        world.application(tenant) as app,
        Storm(database_under_test, subject, tenant_ids=[tenant.id], clients=CLIENTS, seed=2) as storm,
    ):
        for number in range(PUBLICATIONS):
            storm.wait_for(BETWEEN, PATIENCE_S)
            gone, new = names[number % 2], names[(number + 1) % 2]
            expect.equal(app.publish(tenant.type_id, _order(new), mapping={gone: new}), number + 2)
        storm.wait_for(BETWEEN, PATIENCE_S)
        judgement = storm.judge(thresholds=Thresholds(min_operations=BETWEEN * PUBLICATIONS))

    evidence(f"{PUBLICATIONS} publications")
    require_truth(judgement, evidence, failures=storm.failures)
