"""Variants of a query on a seeded database: what they ask, and that they are held to one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.catalogue import WrongAnswer, draw
from virtualq_core.measure.paired import Gate, Pair, QueryVariant, estimate, judge, require_same_answers

if TYPE_CHECKING:
    from virtualq_core.measure.observer import Observer

pytestmark = [pytest.mark.server, pytest.mark.slow]

SHOWN_SETTING = "select current_setting('work_mem') as shown"


def test_a_variant_asks_for_its_cases_in_turn(observer: Observer) -> None:
    """Each under its own tenant, and round again."""
    cases = draw(observer, queries=["count_queue_by_state"])
    with observer.as_application() as connection:
        variant = QueryVariant(connection, cases)
        answers = list(variant.answers())

        assert len(answers) == len(cases) > 1
        assert len(set(map(str, answers))) > 1
        assert all(variant(number) > 0 for number in range(2 * len(cases)))


def test_settings_hold_for_their_variant_alone(observer: Observer) -> None:
    """Two variants of one text on one connection, each with its own plan."""
    case = draw(observer, queries=["count_queue_by_state"])[0]
    with observer.as_application() as connection:
        plain = QueryVariant(connection, [case], text=SHOWN_SETTING)
        small = QueryVariant(connection, [case], text=SHOWN_SETTING, settings={"work_mem": "77kB"})

        [before], [told], [after] = (next(one.answers()) for one in (plain, small, plain))

        assert told == ("77kB",)
        assert before == after != told


def test_another_answer_is_refused(observer: Observer) -> None:
    """Before any time is taken: a query that forgets a condition is quick, and wrong."""
    case = draw(observer, queries=["list_queue"])[0]
    shorter = f"{case.statement.sql} limit 1"
    with observer.as_application() as connection:
        baseline = QueryVariant(connection, [case])

        require_same_answers(baseline, QueryVariant(connection, [case]))
        with pytest.raises(WrongAnswer, match="case 1 differently; observed 1 rows from the candidate"):
            require_same_answers(baseline, QueryVariant(connection, [case], text=shorter))


def test_two_texts_are_compared_on_one_connection(observer: Observer) -> None:
    """A query that waits for some milliseconds more is found, and by how much."""
    case = draw(observer, queries=["count_queue_by_state"])[0]
    with observer.as_application() as connection:
        short, long = (
            QueryVariant(connection, [case], text=f"select pg_sleep({seconds})") for seconds in (0.002, 0.006)
        )

        found = judge(Pair(short, long), Gate(limit_s=4), seed=1)
        other_way = judge(Pair(long, short), Gate(limit_s=4), seed=1)
        measured = estimate(Pair(short, long), limit_s=0.5, error=0.025, seed=1)

    assert found.verdict == "slower"
    assert other_way.verdict == "not slower"
    assert 1.5 < measured.ratio < 3.5
