"""A plan decides every byte, and every part of it counts."""

from __future__ import annotations

import dataclasses
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.seeding.facts import GOLDEN_HASH, SMALL, generate, prepare, stories
from virtualq_core.seeding import SeedPlan, world
from virtualq_core.seeding.vocabulary import gather


def test_the_same_plan_is_the_same_data() -> None:
    """Twice in one process, and as it was when this was written."""
    assert generate(SMALL).hash == generate(SMALL).hash == GOLDEN_HASH


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SMALL, seed=2),
        dataclasses.replace(SMALL, locales=("en_US",)),
        dataclasses.replace(SMALL, now=SMALL.now.replace(minute=1)),
        dataclasses.replace(SMALL, tenants=4),
        dataclasses.replace(SMALL, tickets=301),
    ],
    ids=["seed", "locale", "now", "tenants", "tickets"],
)
def test_another_plan_is_other_data(other: SeedPlan) -> None:
    """Whatever differs in the plan shows in the hash."""
    assert generate(other).hash != GOLDEN_HASH


def test_chunks_count_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small chunks hold as many tickets as one large one."""
    plan = SeedPlan(tickets=2000, tenants=5, locales=("en_GB",))
    monkeypatch.setattr(world, "CHUNK", 100)
    many = generate(plan).rows
    monkeypatch.setattr(world, "CHUNK", 5000)
    assert generate(plan).rows["ticket"] == many["ticket"] == 2000


def test_the_hour_does_not_depend_on_the_zone_of_now() -> None:
    """The same moment, written in another zone, is the same plan."""
    elsewhere = SMALL.now.astimezone(ZoneInfo("Asia/Tokyo"))
    assert generate(dataclasses.replace(SMALL, now=elsewhere)).hash == GOLDEN_HASH


def test_a_locale_that_lacks_a_provider_is_filled_in() -> None:
    """Faker knows no telephone numbers of the Philippines."""
    (words,) = gather(("en_PH",), 1).words
    assert all(phone.strip("0123456789 ") == "" for phone in words.phones)


def test_a_thousand_wait_in_the_listed_queue_of_several_tenants() -> None:
    """From 100,000 tickets on: a promise about such a queue is then judged by the worst of three tenants."""
    plan = SeedPlan(tickets=100_000, tenants=12)
    made = prepare(plan)
    waiting, drawn = np.zeros(len(made.queues.rank), np.int64), np.zeros(len(made.queues.rank), np.int64)
    types: dict[int, set[int]] = {}
    for story in stories(made):
        open_in = story.queue[~story.closed]
        waiting += np.bincount(open_in, minlength=len(waiting))
        drawn += np.bincount(story.queue, minlength=len(waiting))
        for queue in made.queues.all_listed.tolist():
            types.setdefault(queue, set()).update(story.kind[~story.closed & (story.queue == queue)].tolist())

    listed = made.queues.all_listed

    assert len(set(made.queues.tenant[listed].tolist())) == 3
    assert waiting[listed].tolist() == [1000, 1000, 1000]
    assert [len(found) for found in types.values()] == [1, 1, 1]
    assert np.count_nonzero(waiting == 1000) == 3
    assert int(drawn.sum()) == 100_000
    assert drawn[listed].min() > 1200


def test_a_small_dataset_has_one_listed_queue() -> None:
    """Two more of a thousand would be all that arrived of late."""
    assert prepare(SeedPlan(tickets=20_000, tenants=12)).queues.all_listed.size == 1
