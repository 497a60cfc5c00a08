"""Concurrency: in every order that the steps of a few sessions can come in, what came out is what may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.conformance.interleaving.reading import shipped
from virtualq_core.conformance.interleaving.stage import OutOfSight, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.interleaving.permutation import Order
    from virtualq_core.conformance.interleaving.script import Interleaving
    from virtualq_core.conformance.world import World
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

FILES = shipped()


def cases(files: list[Interleaving]) -> list[object]:
    """Each file as a case, with the requirements that it names."""
    return [
        pytest.param(
            file,
            id=file.name,
            marks=[
                pytest.mark.requirement(*file.requirements),
                *(pytest.mark.requires(name) for name in file.requires),
            ],
        )
        for file in files
    ]


@pytest.fixture(scope="module")
def stage(world: World, database_under_test: Database) -> Iterator[Stage]:
    """Where they are played: in tenants of the suite's account."""
    with Stage(database_under_test, world.account_id) as opened:
        yield opened


@pytest.fixture
def alone(request: pytest.FixtureRequest) -> str:
    """The command that plays one order of the test alone, but for the order."""
    return f"pytest '{request.path}::{request.node.name}' --order"


@pytest.mark.parametrize("interleaving", cases([file for file in FILES if not file.has_subject]))
def test_in_every_order_what_comes_out_may(
    interleaving: Interleaving, stage: Stage, order: Order | None, alone: str, evidence: Callable[[str], None]
) -> None:
    """Sessions of the application and of the owner, in transactions of their own."""
    evidence(f"{interleaving.name}: {stage.perform(interleaving, order=order, alone=alone)}")


@pytest.mark.parametrize("interleaving", cases([file for file in FILES if file.has_subject]))
def test_in_every_order_what_a_subject_answers_may_be(
    interleaving: Interleaving,
    subject: Subject,
    stage: Stage,
    order: Order | None,
    alone: str,
    evidence: Callable[[str], None],
) -> None:
    """Clients of the subject under test among them, which have to wait for transactions that others keep open."""
    try:
        summary = stage.perform(interleaving, subject=subject, order=order, alone=alone)
    except OutOfSight as reason:
        pytest.skip(f"missing: {reason}")
    evidence(f"{interleaving.name}: {summary}")


@pytest.mark.requirement("CON-029")
def test_the_database_finds_nothing_wrong_with_what_is_left(
    stage: Stage, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """Its own check of itself, over the tenants of all orders that were played before, and of some for sure."""
    for file in FILES:
        if "CON-029" in file.requirements:
            stage.perform(file)
    expect.equal(stage.audit(), [])
    evidence(f"nothing in the tenants of {len(stage.tenants)} orders")
