"""The tenancy matrix: what comes later and has no policy, revocation or tenant is found by itself, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from psycopg import sql

from virtualq_core import content
from virtualq_core.conformance.expectation import Expectation, NotAsRequired
from virtualq_core.conformance.matrix.catalogue import Column
from virtualq_core.conformance.matrix.probe import Answer
from virtualq_core.conformance.matrix.row import literal, missing, value_for
from virtualq_core.conformance.matrix.tally import Tally
from virtualq_core.conformance.run import run_conformance
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

SQL = content.beside(__file__, "tenancy_fault.sql")
FAULTS = {
    # the statement: (the requirement that it breaks, what its verdict names)
    "table_without_policy": ("TEN-014", "select from note"),
    "table_of_the_unknown": ("TEN-014", "no row can be made up for area"),
    "view_of_its_owner": ("TEN-014", "select from board"),
    "view_that_counts": ("TEN-015", "select from busy"),
    "policy_that_checks_nothing": ("TEN-016", "insert into customer for another"),
    "key_that_may_be_null": ("TEN-018", "note_ticket_fkey of note to no row, without a tenant"),
    "function_that_changes": ("TEN-019", "rename_queue with their queue_id"),
    "function_of_the_unknown": ("TEN-019", "'salutation' (text) of virtualq.greet(text)"),
    "function_that_tells": ("TEN-020", "find_ticket with their ticket_id"),
    "error_that_differs": ("TEN-020", "create_ticket for no tenant"),
    "right_to_truncate": ("TEN-023", "it may truncate ticketitem"),
    "function_for_everybody": ("TEN-023", "everybody may execute on virtualq.twice(integer)"),
}


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_what_came_later_is_held_to_the_rules(database: Database, fault: str) -> None:
    """The requirement is broken, by a test and not by an error of it, and the verdict names the culprit."""
    requirement, said = FAULTS[fault]
    with database.connect() as connection:
        connection.execute(SQL[fault].sql)

    [judged] = run_conformance(database, only=[requirement], subjects=["procedural"]).requirements
    assert judged.verdict == "failed"
    assert said in judged.observed


def answer(**parts: Any) -> Answer:
    """An answer of one row, or an error."""
    return Answer(tuple(parts), (tuple(parts.values()),), 1)


def test_answers_that_differ_in_an_id_are_alike() -> None:
    """The ids of the two questions, what was drawn for the occasion and a result's own id are blotted out."""
    one = answer(ticket_id=7, extid=UUID(int=1), note="ticket 7 of queue 70", seq=1)
    other = answer(ticket_id=8, extid=UUID(int=2), note="ticket 8 of queue 70", seq=1)

    assert one.without([7, 8]) == other.without([7, 8])
    assert one.without([]) != other.without([])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answer(seq=1), answer(seq=2)),
        (answer(found=True), answer(found=False)),
        (answer(extid=UUID(int=1)), answer(extid=None)),
        (answer(note="it is there"), answer(note="it is not there")),
        (answer(seq=1), Answer(error=(("sqlstate", "42501"),))),
        (Answer(error=(("sqlstate", "42501"), ("context", "line 3"))), Answer(error=(("sqlstate", "42501"),))),
        (Answer(changed=1), Answer(changed=0)),
        (Answer(notices=("beware",)), Answer()),
    ],
    ids=["number", "truth", "null", "text", "error", "context", "count", "notice"],
)
def test_answers_that_differ_otherwise_are_not_alike(one: Answer, other: Answer) -> None:
    """Each such difference tells something."""
    assert one.without([1]) != other.without([1])


def test_one_fault_does_not_hide_another() -> None:
    """A tally names each; it does not pass where nothing was asked."""
    told: list[str] = []
    tally = Tally(Expectation(told.append), told.append)
    with pytest.raises(NotAsRequired, match="nothing to ask"):
        tally.conclude("peace")
    tally.hold(condition=True, what="a", answer="fine")
    tally.hold(condition=False, what="b", answer="broken")
    tally.refuse(("42501",), "c", answer(seq=1))

    with pytest.raises(NotAsRequired, match=r"observed b: broken; c: 1 rows: \(1,\); expected peace"):
        tally.conclude("peace")


def test_what_no_row_has_is_new_each_time() -> None:
    """Of every type that identifies a row; of others nothing is made up."""
    for type_name in ("smallint", "integer", "bigint", "uuid", "text"):
        assert missing(type_name) != missing(type_name)
    with pytest.raises(UsageError, match="a polygon"):
        missing("polygon")


def test_a_value_fits_its_column() -> None:
    """A text as long as the column takes, and nothing for a type that is not known."""
    column = Column("name", "character varying", 5, True, False, False, False, frozenset())  # noqa: FBT003 -- a row of the catalogue
    assert len(value_for(column)) <= 5

    with pytest.raises(UsageError, match="the column outline, a polygon"):
        value_for(Column("outline", "polygon", None, True, False, False, False, frozenset()))  # noqa: FBT003 -- the same


@pytest.mark.parametrize(
    ("value", "written"),
    [({"a": [1]}, "'{\"a\": [1]}'::jsonb"), ([{"a": 1}], "'[{\"a\": 1}]'::jsonb"), (None, "NULL"), ("a", "'a'")],
)
def test_a_value_is_written_as_sql(value: object, written: str) -> None:
    """Objects and lists of them as jsonb, other lists as arrays."""
    assert sql.SQL("{}").format(literal(value)).as_string().strip() == written
