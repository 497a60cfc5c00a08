"""Expectations: what counts as refused, and what is said of what does not."""

from __future__ import annotations

import psycopg
import pytest

from virtualq_core.conformance.expectation import Expectation, NotAsRequired
from virtualq_core.errors import IllegalTransition, StaleTicket
from virtualq_core.subjects.adapter import AdapterBroken, NotOffered


def fail(error: Exception) -> None:
    """Raise it, out of the type checker's sight."""
    raise error


@pytest.fixture
def recorded() -> list[str]:
    """What an expectation records."""
    return []


@pytest.fixture
def expect(recorded: list[str]) -> Expectation:
    """An expectation that records there."""
    return Expectation(recorded.append)


def test_what_is_accepted_is_not_refused(expect: Expectation, recorded: list[str]) -> None:
    """A body that ends well disappoints, and leaves no evidence."""
    with (
        pytest.raises(NotAsRequired, match="observed that it was accepted; expected a refusal by 23514"),
        expect.refused("23514"),
    ):
        pass
    assert recorded == []


def test_a_refusal_is_by_the_sqlstate(expect: Expectation, recorded: list[str]) -> None:
    """The right one is evidence, another one a disappointment that names both."""
    with expect.refused("23514") as refusal:
        fail(psycopg.errors.CheckViolation("no such edge"))
    with (
        pytest.raises(NotAsRequired, match=r"observed a refusal by 42501 \(no right\); expected a refusal by 23514"),
        expect.refused("23514"),
    ):
        fail(psycopg.errors.InsufficientPrivilege("no right"))
    assert refusal.text == "no such edge"
    assert recorded == ["refused by 23514"]


def test_a_refusal_is_by_the_constraint(expect: Expectation) -> None:
    """The same SQLSTATE for another reason is another refusal."""
    with (
        pytest.raises(NotAsRequired, match="expected a refusal by 23514 ticket_transition_is_legal"),
        expect.refused("23514", "ticket_transition_is_legal"),
    ):
        fail(psycopg.errors.CheckViolation("something else"))


def test_a_refusal_may_be_by_something_else(expect: Expectation, recorded: list[str]) -> None:
    """Where a missing right will do as well, it does so without the constraint; the evidence says which it was."""
    for error in (psycopg.errors.InsufficientPrivilege("no right"), psycopg.errors.NotNullViolation("null")):
        with expect.refused("23502", or_by="42501"):
            fail(error)
    with (
        pytest.raises(NotAsRequired, match="expected a refusal by 23514 ticket_transition_is_legal or 42501"),
        expect.refused("23514", "ticket_transition_is_legal", or_by="42501"),
    ):
        fail(psycopg.errors.CheckViolation("something else"))
    assert recorded == ["refused by 42501", "refused by 23502"]


def test_a_refusal_may_be_of_a_class_of_sqlstates(expect: Expectation) -> None:
    """The first two characters stand for it."""
    with expect.refused(("23", "42501")):
        fail(psycopg.errors.ForeignKeyViolation("still referred to"))
    with (
        pytest.raises(NotAsRequired, match="expected a refusal by class 23 or 42501"),
        expect.refused(("23", "42501")),
    ):
        fail(psycopg.errors.UndefinedTable("no such table"))


def test_a_refusal_is_by_the_class(expect: Expectation) -> None:
    """One error of the library is not another, nor is the driver's own."""
    with expect.refused(IllegalTransition):
        fail(IllegalTransition("no"))
    for error in (StaleTicket("no"), psycopg.errors.CheckViolation("no")):
        with (
            pytest.raises(NotAsRequired, match="expected a refusal by IllegalTransition"),
            expect.refused(IllegalTransition),
        ):
            fail(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.QueryCanceled("late"),
        psycopg.errors.DeadlockDetected("stuck"),
        AdapterBroken("garbage"),
        NotOffered("no claims"),
        ZeroDivisionError("oops"),
    ],
)
def test_what_was_never_answered_is_no_refusal(expect: Expectation, error: Exception) -> None:
    """A timeout, a deadlock, an adapter that is broken or incomplete, or a bug goes on as what it is."""
    with pytest.raises(type(error)), expect.refused("57014"):
        fail(error)


def test_unequal_values_are_told(expect: Expectation, recorded: list[str]) -> None:
    """What was observed and what was expected, under the name of the thing; equal ones are evidence."""
    expect.equal(1, 1, "steps:")
    expect.equal(1, 1)
    with pytest.raises(NotAsRequired, match="observed steps: 1; expected steps: 2"):
        expect.equal(1, 2, "steps:")
    assert recorded == ["steps: 1"]
