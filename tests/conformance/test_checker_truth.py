"""The history checker leaves true histories alone, whatever order and whichever lost answers they hold."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from tests.conformance.simulated import LAMP_TYPE, broken, judge_lamp, simulated_story
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import TicketFact, TicketStory
from virtualq_core.conformance.operation import Kind, Outcome

Tale = Any  # the builder of conftest.py, which cannot be imported by name


def test_an_unknown_operation_may_have_taken_effect_or_not(tale: Tale) -> None:
    """Without an answer, both are possible, the effect even later than the connection's end."""
    tale.move(1, "start", 0, 1, outcome=Outcome.UNKNOWN, seq=None, from_state=None, to_state=None)
    tale.told(2, "complete", 2, 3, outcome=Outcome.UNKNOWN)
    judgement = tale.judge(Thresholds(min_operations=0, min_contended=0, min_races=0, max_unknown_share=1))
    assert (judgement.verdict, judgement.tally.unknown, judgement.tally.applied) == ("passed", 2, 1)


def test_a_retry_under_the_same_operation_id_is_one_operation(tale: Tale) -> None:
    """A lost answer, then the same id again: the effect lies between the first try and the answer to the second."""
    done = tale.move(1, "start", 6, 7)
    tale.told(1, "start", 0, 1, op_id=done.op_id, outcome=Outcome.UNKNOWN)
    tale.move(2, "complete", 2, 3)
    assert tale.judge().verdict == "passed"


def test_a_lost_claim_is_placed_by_the_step_that_bears_its_id(tale: Tale) -> None:
    """Its client never learnt the ticket."""
    lost = tale.told(1, "start", 0, 1, kind=Kind.CLAIM, ticket_id=None, outcome=Outcome.UNKNOWN)
    tale.move(1, "start", 0, 1)
    tale.operations.clear()
    tale.change_step(2, op_id=lost.op_id)
    judgement = tale.judge(Thresholds(min_operations=0, min_contended=0, min_races=0, max_unknown_share=1))
    assert (judgement.verdict, judgement.tally.applied) == ("passed", 1)


@pytest.mark.parametrize("seed", range(30))
def test_a_history_of_a_correct_queue_is_never_accused(seed: int) -> None:
    """Random operations with true instants of effect, as a linearizable ticket would answer them."""
    story = simulated_story(random.Random(seed), operations=300, clients=8)
    judgement = judge_lamp(story)
    assert judgement.verdict == "passed", f"seed {seed}: {judgement.violations[:3]}"
    assert judgement.tally.races > 0


@pytest.mark.parametrize("seed", range(10))
def test_a_step_that_is_lost_from_a_random_history_is_found(seed: int) -> None:
    """The same, with any one step taken out and the rest moved up so that only the operations can tell."""
    chance = random.Random(seed)
    story = simulated_story(chance, operations=300, clients=8)
    steps = list(story.steps)
    del steps[chance.randrange(1, len(steps))]
    steps = [step._replace(seq=seq) for seq, step in enumerate(steps, start=1)]
    fact = TicketFact(1, 1, LAMP_TYPE, steps[-1].to_state, len(steps))
    judgement = judge_lamp(TicketStory(1, 1, fact, steps, story.operations))
    assert "acknowledged-exactly-once" in broken(judgement), f"seed {seed}"


@pytest.mark.slow
def test_time_grows_with_the_number_of_operations_and_not_with_its_square() -> None:
    """Everybody on one ticket is the worst case: four times the operations take about four times as long."""
    stories = [simulated_story(random.Random(1), operations=number, clients=16) for number in (20_000, 80_000)]
    durations: list[list[float]] = [[], []]
    for _ in range(3):
        for story, taken in zip(stories, durations, strict=True):
            begin = time.process_time()
            assert judge_lamp(story).verdict == "passed"
            taken.append(time.process_time() - begin)
    small, large = map(min, durations)
    assert large < 8 * small, durations
