"""Adapters held to the suite: what one claims is judged, what it leaves out fails by name, a broken one is told."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.run import run_conformance
from virtualq_core.subjects.adapter import AdapterBroken
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

pytestmark = [pytest.mark.server, pytest.mark.slow]

SQL = content.statements(Path(__file__).parents[1] / "cli" / "test_conform.sql")
SUBJECTS = Path(__file__).parents[1] / "subjects"
NODE = shlex.join(["node", str(content.folder("conformance") / "adapters" / "node_sample.mjs")])
SERVED = shlex.join([sys.executable, "-P", str(SUBJECTS / "served.py")])
RACES = [f"CON-{number:03}" for number in (1, 2, 3, 4, 5, 30, 31, 32)]
BREACHES = {
    ("garbage", "hello"): r"at request 1 \(hello\); observed «Hello, world!», which is not JSON",
    ("version", "hello"): r"1 was expected at \$.ok.version",
    ("missing", "create_ticket"): r"request 3 \(create_ticket\); observed 'extid' is a required property",
    ("death", "transition"): r"request 4 \(transition\); observed that it ended with status 3",
    ("noise", "history"): "which is not JSON|more than one line",
    ("error", "transition"): "failed itself at its first transition; observed .*: I have a headache",
    ("lost", "open"): "does not connect; observed the server closed the connection",
    ("more", "end"): "at the end of its input; observed one line too many: «goodbye»",
}


def talker(*arguments: str) -> str:
    """The command of an adapter that misbehaves as it is told to."""
    return shlex.join([sys.executable, "-IS", str(SUBJECTS / "talker.py"), *arguments])


def count_tenants(database: Database) -> int:
    """The tenants that are there."""
    with database.connect(role=MAINTAINER_ROLE) as connection:
        row = connection.execute(SQL["count_tenants"].sql).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.requires("node")
def test_the_sample_passes_what_it_claims_and_fails_the_rest_with_reasons(database: Database) -> None:
    """It takes part in races and storms as eight processes, and lacks bulk calls, claims and custom fields."""
    result = run_conformance(database, adapters=[NODE], only=["TRN", "HIS", *RACES, "TEN-006", "FLD-003", "FLD-004"])

    passed = {each.id for each in result.requirements if each.verdict == "passed"}
    assert passed >= {"TRN-006", "TRN-007", "TRN-009", "TRN-015", "HIS-002", "HIS-003", "HIS-005"}
    assert passed >= {"CON-001", "CON-004", "CON-005", "CON-031", "CON-032", "TEN-006"}
    assert {each.id for each in result.broken} >= {"TRN-012", "CON-002", "CON-003", "CON-030", "FLD-003", "FLD-004"}
    reasons = {each.id: each.observed for each in result.broken}
    assert [each for each in reasons.items() if "does not offer" not in each[1]] == []
    assert "does not offer claim_next [node-sample]" in reasons["CON-002"]
    assert "does not offer custom_fields [node-sample]" in reasons["FLD-004"]
    assert result.broken[0].next_step.endswith(f"--adapter {shlex.quote(NODE)}")
    assert (result.verdict, result.exit_code, result.subjects) == ("failed", 1, ("node-sample",))


def test_an_implementation_that_is_right_passes_behind_an_adapter(database: Database) -> None:
    """Nothing is lost on the way through the protocol: each of its messages is used, and every answer is as it was."""
    result = run_conformance(database, adapters=[SERVED], only=["TRN", "HIS", "FLD", "TEN-006", "TEN-008", *RACES])

    assert [(each.id, each.observed) for each in result.broken] == []
    assert result.subjects == ("served",)


def test_a_wrong_answer_in_the_right_form_fails_the_implementation(database: Database) -> None:
    """The smoke run lets it pass, and the suite says what is wrong with it."""
    result = run_conformance(database, adapters=[talker()], only=["HIS-003", "TRN-015"])

    assert (result.verdict, result.exit_code, result.fault) == ("failed", 1, "")
    assert {each.id for each in result.broken} == {"HIS-003", "TRN-015"}


@pytest.mark.parametrize("fault", BREACHES, ids=" at ".join)
def test_a_broken_adapter_is_told_before_the_suite(database: Database, fault: tuple[str, str]) -> None:
    """It fails no requirement, and leaves no tenant behind."""
    with pytest.raises(AdapterBroken, match=BREACHES[fault]) as broken:
        run_conformance(database, adapters=[talker(*fault)], only=["HIS-004"])
    assert broken.value.exit_code == 4
    assert count_tenants(database) == 0


def test_an_adapter_that_breaks_during_the_suite_ends_it(database: Database) -> None:
    """At once, with the test in which it happened; no requirement is judged by what a broken adapter said."""
    command = talker("death", "transition", "operation_id")
    with pytest.raises(AdapterBroken, match=r"request 4 \(transition\), in test_a_step_says_who_did_what") as broken:
        run_conformance(database, adapters=[command], only=["HIS-004"])
    assert "TypeError: undefined is not a function" in str(broken.value)
    assert count_tenants(database) == 0


def test_an_error_that_a_test_expects_is_no_refuge(database: Database) -> None:
    """A breach is none of the refusals that a requirement may ask for, and ends the run as well."""
    with pytest.raises(AdapterBroken, match=r"\(transition\), in test_a_refused_transition_leaves_no_trace"):
        run_conformance(database, adapters=[talker("garbage", "transition", "operation_id")], only=["TRN-007"])
