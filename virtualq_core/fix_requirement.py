"""
Requirements and the tests that prove them: the marker, the evidence, and the results that a run hands over.

All of it is about the tests in a folder that has a `requirements.toml`; other tests are not looked at.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtualq_core.fix_subject import found_breach

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from virtualq_core.conformance.expectation import Expectation

MARKER = "requirement(*ids): the requirements of conformance/requirements.toml that the test proves"
_FILE_NAME = "requirements.toml"
_WORST_FIRST = ("error", "failed", "inconclusive", "skipped", "passed")


@dataclass
class Outcome:
    """What one test showed."""

    test: str
    requirements: list[str]
    verdict: str = "passed"
    evidence: list[str] = field(default_factory=list)
    observed: str = ""
    expected: str = ""
    raised: str = ""


_OUTCOMES = pytest.StashKey[dict[str, Outcome]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the requirements, and say where the results go."""
    group = parser.getgroup("virtualq")
    group.addoption(
        "--only",
        metavar="ID",
        action="append",
        default=[],
        help="only the tests of this requirement or family of the conformance suite; may be given again",
    )
    group.addoption(
        "--virtualq-results", metavar="FILE", type=Path, help="write what the conformance tests showed, as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", MARKER)
    config.stash[_OUTCOMES] = {}
    is_child = config.getoption("--virtualq-results") is not None
    if is_child and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Whoever runs the suite interrupts it to let it clean up; a shell's background job would be deaf to that.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hold tests and requirements to each other, and leave out what was not selected."""
    folder = next((item.path.parent for item in items if (item.path.parent / _FILE_NAME).exists()), None)
    if folder is None:
        return
    from virtualq_core.conformance.requirement import load, unmatched
    from virtualq_core.errors import UsageError

    mine = [item for item in items if item.path.is_relative_to(folder)]
    try:
        registry = load(folder / _FILE_NAME)
        selected = registry.select(config.getoption("--only"))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    named_by = {item.nodeid: _requirements(item) for item in mine}
    is_whole = not session.testsfailed and any(
        folder.is_relative_to((config.invocation_params.dir / argument).resolve()) for argument in config.args
    )
    faults = unmatched(registry, named_by, is_whole=is_whole)
    if faults:
        raise pytest.UsageError("\n  ".join(["the conformance tests and their requirements do not match", *faults]))
    left_out = {item for item in mine if selected.keys().isdisjoint(named_by[item.nodeid])}
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    config.stash[_OUTCOMES].update(
        {item.nodeid: Outcome(item.nodeid, named_by[item.nodeid], "not run") for item in mine if item not in left_out}
    )


def _requirements(item: pytest.Item) -> list[str]:
    return list(dict.fromkeys(name for marker in item.iter_markers("requirement") for name in marker.args))


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Record a sentence about what the test observed; it goes into the results of the test's requirements."""
    outcome = request.config.stash[_OUTCOMES].setdefault(
        request.node.nodeid, Outcome(request.node.nodeid, _requirements(request.node))
    )
    return outcome.evidence.append


@pytest.fixture
def expect(evidence: Callable[[str], None]) -> Expectation:
    """Expectations that name what was observed and what was expected, and record what was met as evidence."""
    from virtualq_core.conformance.expectation import Expectation

    return Expectation(evidence)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test's outcome; the worst of its three phases counts."""
    report = yield
    outcome = item.config.stash[_OUTCOMES].get(item.nodeid)
    if outcome is None:
        return report
    if report.when != "call" and report.passed:
        return report
    verdict: str = "error" if report.failed and report.when != "call" else report.outcome
    if call.excinfo is not None and _is_inconclusive(call.excinfo.value):
        verdict = "inconclusive"
    if outcome.verdict == "not run" or _WORST_FIRST.index(verdict) < _WORST_FIRST.index(outcome.verdict):
        outcome.verdict = verdict
        if call.excinfo is not None:
            outcome.observed = getattr(call.excinfo.value, "observed", None) or _said(report, call.excinfo.value)
            outcome.expected = getattr(call.excinfo.value, "expected", None) or ""
            outcome.raised = _raised(call.excinfo.value)
    return report


def _is_inconclusive(error: BaseException) -> bool:
    from virtualq_core.conformance.expectation import Inconclusive

    return isinstance(error, Inconclusive)


def _raised(error: BaseException) -> str:
    """The SQLSTATE or the class of an error that is no assertion's."""
    return "" if isinstance(error, AssertionError) else getattr(error, "sqlstate", None) or type(error).__name__


def _said(report: pytest.TestReport, error: BaseException) -> str:
    if report.skipped:
        return str(getattr(error, "msg", error))
    lines = [line for line in f"{type(error).__name__}: {error}".splitlines() if line.strip()]
    return " ".join(lines[:3])


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand the results over."""
    target: Path | None = session.config.getoption("--virtualq-results")
    if target is None:
        return
    outcomes = session.config.stash[_OUTCOMES].values()
    told: dict[str, Any] = {
        "exit_status": int(exitstatus),
        "breach": found_breach(session.config),
        "tests": [vars(outcome) for outcome in outcomes],
    }
    target.write_text(json.dumps(told, indent=1), encoding="utf-8")
