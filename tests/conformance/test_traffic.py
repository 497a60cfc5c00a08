"""What a client makes of an answer, and what the board remembers of it."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.board import Board, Card
from virtualq_core.conformance.traffic.clerk import new_operation_id
from virtualq_core.conformance.traffic.outcome import read_ending
from virtualq_core.conformance.traffic.target import Target, TargetQueue, TargetTicket, TargetType
from virtualq_core.errors import IllegalTransition, InvalidFields, StaleTicket, UsageError

ORDER = TargetType(0, 1, "a", ["c"], {"none": {"init": "a"}, "a": {"go": "b"}, "b": {"end": "c"}, "c": {}}, [])
QUEUE = TargetQueue(7, 1, 3, [0])


def raised(error: Exception, cause: BaseException | None = None) -> Exception:
    """The error as it is caught."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "reason", "is_usable"),
    [
        (IllegalTransition("no"), Outcome.REFUSED, "illegal-transition", True),
        (raised(StaleTicket("no"), pg.ObjectNotInPrerequisiteState()), Outcome.REFUSED, "stale-ticket", True),
        (InvalidFields("no"), Outcome.REFUSED, "invalid-fields", True),
        (pg.DeadlockDetected(), Outcome.FAILED, "40P01", True),
        (raised(UsageError("no"), pg.ForeignKeyViolation()), Outcome.FAILED, "23503", True),
        (DBAPIError("select", {}, pg.QueryCanceled()), Outcome.FAILED, "57014", True),
        (UsageError("no such type"), Outcome.FAILED, "usage", True),
        (psycopg.OperationalError("server closed the connection"), Outcome.UNKNOWN, "connection-lost", False),
        (pg.AdminShutdown(), Outcome.UNKNOWN, "57P01", False),
        (DBAPIError("select", {}, psycopg.OperationalError()), Outcome.UNKNOWN, "connection-lost", False),
        (KeyError("a defect of the subject"), Outcome.UNKNOWN, "KeyError", False),
    ],
)
def test_only_what_the_server_said_on_a_living_connection_is_known(
    error: Exception, outcome: Outcome, reason: str, *, is_usable: bool
) -> None:
    """A refusal, a failure, or nothing that can be relied on: the commit may have been under way."""
    assert read_ending(error) == (outcome, reason, is_usable)


def test_operation_ids_are_time_ordered_and_differ() -> None:
    """Version 7, as the database draws its own."""
    ids = [new_operation_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert ids[0].int >> 80 <= ids[-1].int >> 80


def board(tickets: int, hot: int = 2) -> Board:
    """A board with so many open tickets."""
    return Board(Target([ORDER], [QUEUE], [TargetTicket(7, one, 0, 0, "a") for one in range(tickets)], []), hot)


def test_a_closed_ticket_leaves_the_board_and_another_takes_its_place() -> None:
    """So that the hot ones stay hot."""
    kept = board(5)
    hot = found(kept, 0)
    kept.update(hot, "c", 3)
    assert len(kept) == 4
    assert kept.find(7, 0) is None
    picked = {kept.pick(random.Random(seed), 1.0) for seed in range(50)}
    assert {card.ticket_id for card in picked if card} == {1, 4}
    kept.update(hot, "c", 4)
    assert len(kept) == 4


def test_too_few_hot_tickets_ask_for_a_new_one() -> None:
    """Rather than have everybody wait for the last."""
    kept = board(2)
    kept.update(found(kept, 1), "c", 3)
    assert kept.pick(random.Random(1), 1.0) is None
    kept.add(Card(9, QUEUE, ORDER, "a", 1))
    assert kept.pick(random.Random(1), 1.0) is not None


def test_a_full_board_takes_no_more() -> None:
    """So that a load of any length keeps its memory; what is closed makes room."""
    kept = Board(Target([ORDER], [QUEUE], [TargetTicket(7, one, 0, 0, "a") for one in range(3)], []), 1, at_most=3)
    kept.add(Card(9, QUEUE, ORDER, "a", 1))
    assert (len(kept), kept.find(7, 9)) == (3, None)
    kept.update(found(kept, 1), "c", 3)
    kept.add(Card(9, QUEUE, ORDER, "a", 1))
    assert kept.find(7, 9) is not None


def test_an_answer_that_comes_late_changes_nothing() -> None:
    """The server's numbers say which one is the later."""
    kept = board(3)
    card = found(kept, 0)
    kept.update(card, "b", 3)
    kept.update(card, "a", 2)
    assert (card.state, card.seq) == ("b", 3)


def test_a_bulk_call_gathers_tickets_that_can_go_the_same_way() -> None:
    """Each of them once."""
    kept = board(20)
    for ticket_id in range(0, 20, 2):
        kept.update(found(kept, ticket_id), "b", 2)
    like = found(kept, 4)
    gathered = kept.gather(random.Random(1), like, 5)
    assert len({card.ticket_id for card in gathered}) == len(gathered) == 5
    assert {card.state for card in gathered} == {"b"}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, [0.8, 0.15, 0.05]),
        ({"tenant_skew": 0.0}, [1 / 3] * 3),
        ({"hot_tenant_share": 0.5}, [0.5, 0.375, 0.125]),
        ({"hot_tenant_share": 1.0}, [1.0, 0.0, 0.0]),
    ],
)
def test_tenants_are_drawn_by_their_weights(details: dict[str, Any], expected: list[float]) -> None:
    """By their open tickets, all alike, or the biggest one by its share and the others by the rest."""
    queues = [
        TargetQueue(7, 1, 5, [0]),
        TargetQueue(8, 2, 70, [0]),
        TargetQueue(8, 3, 10, [0]),
        TargetQueue(9, 4, 15, [0]),
    ]
    kept = Board(Target([ORDER], queues, [], []), 0, **details)
    chance = random.Random(1)
    drawn = [kept.pick_tenant(chance) for _ in range(4000)]
    assert [drawn.count(tenant_id) / 4000 for tenant_id in (8, 9, 7)] == pytest.approx(expected, abs=0.03)


def found(kept: Board, ticket_id: int) -> Card:
    """The card that is surely there."""
    card = kept.find(7, ticket_id)
    assert card is not None
    return card
