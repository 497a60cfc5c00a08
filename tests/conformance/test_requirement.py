"""Requirements: the file's form, how tests and requirements are held to each other, and how verdicts are made."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.requirement import (
    LEVELS,
    Requirement,
    as_markdown,
    load,
    proving_modules,
    unmatched,
)
from virtualq_core.conformance.result import TestOutcome, conclude, judge
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """
[families]
AAA = "first"
BBB = "second"
[AAA-001]
level = "must"
text = "It holds."
source = "VirtualQ"
since = "0.1"
[BBB-001]
level = "should"
text = "It holds, too."
source = "VirtualQ"
since = "0.1"
"""
PASSING = """
import pytest

@pytest.mark.requirement("AAA-001")
def test_first(evidence):
    evidence("seen")

@pytest.mark.requirement("BBB-001")
def test_second():
    pass
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sound file of two requirements."""
    path = tmp_path / "requirements.toml"
    path.write_text(ENTRY, encoding="utf-8")
    return path


def test_the_shipped_requirements_are_sound() -> None:
    """Every family has requirements, every requirement a level, a sentence and a source."""
    registry = load()

    assert len(registry.requirements) >= 45
    assert {each.family for each in registry.requirements.values()} == set(registry.families)
    assert {each.level for each in registry.requirements.values()} <= set(LEVELS)


def test_the_reference_lists_the_requirements() -> None:
    """`virtualq conform --list > docs/reference/requirements.md` makes the page anew."""
    page = content.root() / "docs" / "reference" / "requirements.md"

    assert page.read_text(encoding="utf-8") == as_markdown(load())


@pytest.mark.parametrize(
    ("sound", "broken", "said"),
    [
        ("[AAA-001]", "[AAA-1]", "AAA-1 is not an id"),
        ("[AAA-001]", "[CCC-001]", "CCC-001 is not an id"),
        ("[AAA-001]", "[BBB-001]", "not TOML"),
        (
            'level = "must"',
            'level = "shall"',
            "AAA-001 has no such level; observed shall; expected must or should or may",
        ),
        ('level = "must"', 'levle = "must"', "AAA-001 has an unknown key 'levle'; expected level"),
        ('level = "must"', "", "AAA-001 has no level"),
        ('source = "VirtualQ"', 'source = " "', "AAA-001 has no source"),
        ('"It holds."', '"It holds"', "AAA-001: the text is a sentence"),
        ('since = "0.1"', 'since = "soon"', "AAA-001: since is a version"),
        ('AAA = "first"', 'AAA = "first"\nCCC = "third"', "families.CCC has no requirement"),
        ('AAA = "first"', 'aaa = "first"', "families.aaa"),
    ],
)
def test_a_file_that_breaks_its_form_is_refused_at_the_place(file: Path, sound: str, broken: str, said: str) -> None:
    """The error names the requirement and what is wrong with it."""
    file.write_text(ENTRY.replace(sound, broken, 1), encoding="utf-8")

    with pytest.raises(UsageError) as refused:
        load(file)
    assert said in str(refused.value)


def test_requirements_are_selected_by_id_or_family(file: Path) -> None:
    """All of them if nothing is named; what does not exist is an error that names the nearest."""
    registry = load(file)

    assert list(registry.select([])) == ["AAA-001", "BBB-001"]
    assert list(registry.select(["BBB"])) == ["BBB-001"]
    assert list(registry.select(["second"])) == ["BBB-001"]
    assert list(registry.select(["AAA-001"])) == ["AAA-001"]
    with pytest.raises(UsageError, match="no requirement or family 'AAB'; expected AAA"):
        registry.select(["AAB"])


def test_a_test_without_a_requirement_is_a_fault(file: Path) -> None:
    """So is one that names a requirement which does not exist."""
    registry = load(file)
    named_by = {"test_a": ["AAA-001"], "test_b": [], "test_c": ["BBB-001", "BBB-002"]}

    assert unmatched(registry, named_by, is_whole=True) == [
        "test_b names no requirement",
        "test_c names BBB-002, which requirements.toml does not have",
    ]


def test_a_requirement_without_a_test_is_a_fault_of_the_whole_suite(file: Path) -> None:
    """A part of the suite need not prove everything."""
    registry = load(file)

    assert unmatched(registry, {"test_a": ["AAA-001"]}, is_whole=True) == ["no test proves BBB-001"]
    assert unmatched(registry, {"test_a": ["AAA-001"]}, is_whole=False) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "arguments", "said"),
    [
        (PASSING, (), "2 tests collected"),
        (PASSING.replace('@pytest.mark.requirement("BBB-001")', ""), (), "test_second names no requirement"),
        (PASSING.replace("BBB-001", "AAA-001"), (), "no test proves BBB-001"),
        (PASSING.replace("BBB-001", "BBB-009"), (), "names BBB-009"),
        (PASSING, ("--only", "BBB"), "1/2 tests collected"),
        (PASSING, ("--only", "CCC"), "no requirement or family 'CCC'"),
    ],
    ids=["sound", "test-without", "without-test", "unheard-of", "selected", "selected-unheard-of"],
)
def test_collection_holds_tests_and_requirements_to_each_other(
    file: Path, suite: str, arguments: tuple[str, ...], said: str
) -> None:
    """What does not match ends the run before a test is run, and says which."""
    (file.parent / "test_suite.py").write_text(suite, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "PYTHONPATH": str(content.root()),
    }
    command = [sys.executable, "-m", "pytest", str(file.parent), "-c", os.devnull, "--rootdir", str(file.parent)]
    command += ["-p", "virtualq_core.pytest_plugin", "-p", "no:cacheprovider", "--collect-only", "-q", *arguments]

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert said in ended.stdout + ended.stderr
    assert (ended.returncode == 0) == said.endswith("collected")


def outcome(verdict: str, *, evidence: str = "", observed: str = "", test: str = "test_a") -> TestOutcome:
    """A test's outcome for the requirement AAA-001."""
    return TestOutcome(test, ("AAA-001",), verdict, (evidence,) if evidence else (), observed, "that")


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        (("passed",), "passed"),
        (("passed", "failed", "passed"), "failed"),
        (("failed", "error"), "error"),
        (("passed", "skipped"), "passed"),
        (("skipped", "skipped"), "skipped"),
        (("passed", "inconclusive"), "inconclusive"),
        (("inconclusive", "failed"), "failed"),
        (("passed", "not run"), "error"),
        ((), "error"),
    ],
)
def test_the_worst_test_decides(verdicts: tuple[str, ...], together: str) -> None:
    """A requirement holds if all of its tests that could be run have passed, and at least one was."""
    [result] = judge([Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")], map(outcome, verdicts))

    assert result.verdict == together


@pytest.mark.parametrize(
    ("raised", "is_observation"),
    [("", True), ("40P01", True), ("23514", True), ("42501", True), ("42883", False), ("TypeError", False)],
    ids=["expectation", "deadlock", "check", "no-right", "no-function", "type"],
)
def test_a_test_that_breaks_itself_has_seen_nothing(raised: str, *, is_observation: bool) -> None:
    """A missing function or a slip of the code fails a run, but is no sight of a broken requirement."""
    requirement = Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")
    failed = replace(outcome("failed"), raised=raised)

    [result] = judge([requirement], [failed, outcome("error", test="test_b")])
    assert result.is_broken
    assert result.failures == (("test_a",) if is_observation else ())


def test_only_the_modules_that_may_prove_it_are_read(tmp_path: Path) -> None:
    """Those that name the requirement, and those that compute what they name."""
    for name, mark in (("named", '("AAA-001")'), ("other", '("BBB-001")'), ("computed", "(*found)")):
        (tmp_path / f"test_{name}.py").write_text(f"@pytest.mark.requirement{mark}\ndef test(): ...\n", "utf-8")

    assert [path.stem for path in proving_modules(tmp_path, {"AAA-001"})] == ["test_computed", "test_named"]


def test_a_certificate_allows_no_skip() -> None:
    """A requirement that a skipped test proves is undecided then, and says what was missing; a broken one stays so."""
    requirement = Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")
    skipped = outcome("skipped", observed="missing: a thing", test="test_b")

    [kept] = judge([requirement], [outcome("passed"), skipped])
    [undecided] = judge([requirement], [outcome("passed"), skipped], certify=True)
    [broken] = judge([requirement], [outcome("failed"), skipped], certify=True)
    assert (kept.verdict, kept.skips) == ("passed", ("missing: a thing",))
    assert (undecided.verdict, undecided.observed) == ("inconclusive", "skipped: missing: a thing")
    assert [conclude([each]) for each in (kept, undecided, broken)] == ["passed", "inconclusive", "failed"]


def test_what_is_done_wrong_is_told_before_what_is_not_offered() -> None:
    """An implementation that lacks an operation has its faults named all the same."""
    requirement = Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")
    missing = replace(outcome("failed", observed="the adapter does not offer it"), raised="NotOffered")

    [broken] = judge([requirement], [missing, outcome("failed", observed="a wrong state")])
    [incomplete] = judge([requirement], [missing, outcome("passed")])
    assert (broken.observed, incomplete.observed) == ("a wrong state", "the adapter does not offer it")


def test_a_broken_requirement_is_repeated_alone() -> None:
    """With the options of the run, and on the subject that broke it."""
    requirement = Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")
    failed = outcome("failed", test="test_c[orm-start]")

    options = {name: ("--subject", name) for name in ("procedural", "orm")}
    [broken] = judge([requirement], [failed], subjects=options, command="virtualq conform --certify")
    assert broken.next_step == "virtualq conform --certify --only AAA-001 --subject orm"


def test_a_verdict_has_its_evidence() -> None:
    """Passed: what the tests recorded, once each. Failed: what was observed, and for which variant."""
    requirement = Requirement("AAA-001", "must", "It holds.", "VirtualQ", "0.1")
    passed = [outcome("passed", evidence="seen"), outcome("passed", evidence="seen", test="test_b")]
    failed = outcome("failed", observed="this", test="test_c[orm]")

    [held] = judge([requirement], passed)
    [broken] = judge([requirement], [*passed, failed])
    assert held.evidence == "2 tests passed; seen"
    assert (broken.observed, broken.expected) == ("this [orm]", "that")
    assert broken.tests == ("test_a", "test_b", "test_c[orm]")
