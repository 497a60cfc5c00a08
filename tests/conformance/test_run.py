"""A run of the suite: a good database passes, a wrong one fails for the right reason, and nothing is left behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.run import run_conformance
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.errors import GuardRefusal, UsageError
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.database.server import Database, Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

SQL = content.beside(__file__, "test_run.sql")
MUTANTS = content.folder("conformance") / "mutants"
TOGETHER = {
    "audit/allow_truncation": "HIS-007",
    "tenancy/check_nothing_on_write": "TEN-003",
    "tenancy/unpin_search_path": "TEN-012",
    "machine/forget_the_wildcard": "FSM-004",
    "field/look_elsewhere": "FLD-008",
}


def make(database: Database, *mutants: str) -> None:
    """Make a good database into a wrong one."""
    with database.connect() as connection:
        for mutant in mutants:
            connection.execute((MUTANTS / f"{mutant}.sql").read_text(encoding="utf-8"))


def test_a_good_database_passes(database: Database) -> None:
    """Every requirement holds, each with evidence from at least one test, on both subjects."""
    result = run_conformance(database)

    assert [(each.id, each.observed) for each in result.requirements if each.verdict != "passed"] == []
    assert (result.verdict, result.exit_code, result.fault) == ("passed", 0, "")
    assert all(each.evidence and each.tests for each in result.requirements)
    assert result.subjects == ("procedural", "orm")


def test_several_faults_are_all_named(database: Database) -> None:
    """One does not hide another."""
    make(database, *TOGETHER)

    result = run_conformance(
        database, subjects=["procedural"], only=["HIS", "TEN-003", "TEN-012", "FSM-004", "FLD-008"]
    )
    assert {each.id for each in result.broken} == set(TOGETHER.values())


def test_a_broken_should_is_told_and_does_not_fail_the_run(database: Database) -> None:
    """Only a `must` decides."""
    make(database, "identity/draw_random_extids")

    result = run_conformance(database, only=["IDN"])
    assert [(each.id, each.level) for each in result.broken] == [("IDN-004", "should")]
    assert (result.verdict, result.exit_code) == ("passed", 0)


def test_a_broken_requirement_says_what_and_what_instead(database: Database) -> None:
    """What was observed, what was expected, and the command that repeats it alone."""
    make(database, "transition/disable_enforcement")

    [broken] = run_conformance(database, only=["TRN-001"]).broken
    assert broken.observed.startswith("that it was accepted [")
    assert broken.expected == "a refusal by 23514 ticket_transition_is_legal or 42501"
    assert "virtualq conform --only TRN-001" in broken.next_step


def test_a_run_leaves_nothing_behind(database: Database) -> None:
    """Not a row more or less, another tenant's included; every trigger is as it was."""
    with database.connect(role=MAINTAINER_ROLE) as connection:
        row = connection.execute(SQL["add_neighbour"].sql).fetchone()
        assert row is not None
        connection.execute(SQL["add_neighbours_ticket"].sql, {"tenant_id": row[0], "queue_id": row[1]})
        before = connection.execute(SQL["read_everything"].sql).fetchone()

        result = run_conformance(database, only=["HIS", "REV", "TEN", "INT"])
        assert result.verdict == "passed"
        assert connection.execute(SQL["read_everything"].sql).fetchone() == before
        assert connection.execute(SQL["list_disabled_triggers"].sql).fetchall() == []


def test_what_a_killed_run_left_is_removed_by_the_next(database: Database) -> None:
    """The suite's account that no session holds goes, with its tenants."""
    with database.connect(role=MAINTAINER_ROLE) as connection:
        before = connection.execute(SQL["read_everything"].sql).fetchone()
        connection.execute(SQL["add_leftover"].sql)

        run_conformance(database, only=["IDN-005", "TRN-003"])
        assert connection.execute(SQL["read_everything"].sql).fetchone() == before


def test_only_what_was_selected_is_judged(database: Database) -> None:
    """By requirement or family, and on the subjects that were named."""
    result = run_conformance(database, subjects=["orm"], only=["TRN-009", "IDN"])

    assert {each.id for each in result.requirements} == {"TRN-009", *(f"IDN-00{number}" for number in range(1, 7))}
    assert not any("procedural" in test for each in result.requirements for test in each.tests)


def test_what_does_not_exist_is_refused_before_anything_runs(database: Database) -> None:
    """A subject or requirement that nobody knows is an error of usage."""
    with pytest.raises(UsageError, match="no subject named 'imaginary'"):
        run_conformance(database, subjects=["imaginary"])
    with pytest.raises(UsageError, match="no requirement or family 'XXX'"):
        run_conformance(database, only=["XXX"])


def test_the_guard_is_asked_first(server: Server, database: Database) -> None:
    """Without the mark, or without the schema, nothing is written."""
    guard.mark(database, may_write=False)
    with pytest.raises(GuardRefusal):
        run_conformance(database)
    with fresh_database(server) as empty, pytest.raises(GuardRefusal, match="nothing to test"):
        run_conformance(empty)


def write_suite(folder: Path, test: str) -> Path:
    """A suite of one requirement and one test that needs no database."""
    (folder / "requirements.toml").write_text(
        """
        families.AAA = "first"
        [AAA-001]
        level = "must"
        text = "It holds."
        source = "VirtualQ"
        since = "0.1"
        """,
        encoding="utf-8",
    )
    (folder / "test_suite.py").write_text(test, encoding="utf-8")
    return folder


HANGING = """
import pytest
from threading import Event

@pytest.mark.requirement("AAA-001")
def test_quick():
    pass

@pytest.mark.requirement("AAA-001")
def test_hanging():
    Event().wait(120)
"""


def test_a_run_that_hangs_is_ended(database: Database, tmp_path: Path) -> None:
    """It is interrupted, and told as an error; what was not run is not taken for passed."""
    suite = write_suite(tmp_path, HANGING)

    began = time.monotonic()
    result = run_conformance(database, folder=suite, timeout_s=4)
    assert time.monotonic() - began < 60
    assert result.verdict == "error"
    assert "longer than 4 s" in result.fault
    assert [each.verdict for each in result.requirements] in ([], ["error"])


def test_a_suite_that_cannot_be_read_is_an_error(database: Database, tmp_path: Path) -> None:
    """The last lines of what pytest said are in the result."""
    result = run_conformance(database, folder=write_suite(tmp_path, "import no_such_module\n"))

    assert result.verdict == "error"
    assert "no_such_module" in result.fault
