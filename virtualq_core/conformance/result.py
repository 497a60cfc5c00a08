"""What a run of the suite says of each requirement."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from virtualq_core.errors import ExitCode
from virtualq_core.subjects.adapter import NotOffered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from virtualq_core.conformance.requirement import Requirement

_WORST_FIRST = ("error", "failed", "not run", "inconclusive", "passed", "skipped")
_LONGEST_EVIDENCE = 600
# Mistakes in the code, and a server that went away: they end a test, but say nothing about what it asks.
_MISTAKES = {"AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "SyntaxError", "TypeError"}
_MISTAKEN_CLASSES = ("08", "42", "53", "57P", "58", "XX")
_NO_RIGHT = "42501"
_EXIT = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.FAILED,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "error": ExitCode.ENVIRONMENT,
}


@dataclass(frozen=True)
class TestOutcome:
    """
    What one test showed; `verdict` is passed, failed, inconclusive, skipped, error or not run.

    `raised` is the SQLSTATE or the class of an error that ended the test and that it did not expect at all.
    """

    __test__ = False

    test: str
    requirements: tuple[str, ...]
    verdict: str
    evidence: tuple[str, ...] = ()
    observed: str = ""
    expected: str = ""
    raised: str = ""

    @property
    def is_observation(self) -> bool:
        """The test saw the requirement broken, and was not just broken itself."""
        is_mistake = self.raised in _MISTAKES or self.raised.startswith(_MISTAKEN_CLASSES)
        return self.verdict == "failed" and (not is_mistake or self.raised == _NO_RIGHT)

    @property
    def is_not_offered(self) -> bool:
        """The subject does not have what the test asks of it; what it has and does wrong is told before."""
        return self.raised == NotOffered.__name__

    @property
    def variant(self) -> str:
        """What a parametrized test was run for, such as the subject's name."""
        return self.test.partition("[")[2].removesuffix("]")

    def subject(self, known: Collection[str]) -> str:
        """The subject among those `known` that the test was run for; empty where it was for none."""
        return next((name for name in known if f"-{name}-" in f"-{self.variant}-"), "")


@dataclass(frozen=True)
class RequirementResult:
    """
    A requirement's verdict over all tests that prove it: passed, failed, inconclusive, skipped or error.

    `observed` and `expected` are the first disappointment's, or a skip's reason; `next_step` is the command that
    repeats it alone. `skips` are the reasons of all its tests that were skipped, whatever the others showed;
    `failures` are the tests that saw it broken, without those that only broke themselves.
    """

    id: str
    level: str
    text: str
    family: str
    verdict: str
    evidence: str
    tests: tuple[str, ...]
    observed: str = ""
    expected: str = ""
    next_step: str = ""
    skips: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def is_broken(self) -> bool:
        """It does not hold, or could not be judged because something broke."""
        return self.verdict in {"failed", "error"}


@dataclass(frozen=True)
class ConformanceResult:
    """
    A run of the suite.

    Its `verdict` is passed, failed (a `must` is broken), inconclusive (one could not be decided, or was skipped where
    no skip is allowed) or error (the run broke; `fault` says how). Requirements of the levels should and may are told,
    but do not fail the run.
    """

    verdict: str
    requirements: tuple[RequirementResult, ...]
    subjects: tuple[str, ...]
    tests: int
    duration_s: float
    fault: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """The command's exit status."""
        return _EXIT[self.verdict]

    @property
    def broken(self) -> tuple[RequirementResult, ...]:
        """The requirements that failed or broke, the musts first."""
        found = [each for each in self.requirements if each.is_broken]
        return tuple(sorted(found, key=lambda each: each.level != "must"))

    @property
    def undecided(self) -> tuple[RequirementResult, ...]:
        """The requirements on which there is no verdict, the musts first."""
        found = [each for each in self.requirements if each.verdict == "inconclusive"]
        return tuple(sorted(found, key=lambda each: each.level != "must"))

    @property
    def summary(self) -> str:
        """The run in one line."""
        counted = dict.fromkeys(("passed", "failed", "error", "inconclusive", "skipped"), 0)
        for each in self.requirements:
            counted[each.verdict] += 1
        parts = [f"{number} {verdict}" for verdict, number in counted.items() if number]
        told = f"{len(self.requirements)} requirements: {', '.join(parts)}" if parts else "no requirement was judged"
        return f"{told}; {self.tests} tests on {' and '.join(self.subjects)}" + (
            f"; {self.fault}" if self.fault else ""
        )

    def as_json(self) -> dict[str, Any]:
        """The whole as JSON values."""
        return asdict(self)


def judge(
    requirements: Iterable[Requirement],
    outcomes: Iterable[TestOutcome],
    *,
    subjects: Mapping[str, Sequence[str]] | None = None,
    command: str = "virtualq conform",
    certify: bool = False,
) -> tuple[RequirementResult, ...]:
    """
    The verdict on each requirement, in their order; one that no test was run for is an error.

    `subjects` has the option that chooses each, by its name; `command` runs the suite with the other options. `certify`
    leaves a requirement undecided that a skipped test proves.
    """
    by_requirement: dict[str, list[TestOutcome]] = {}
    for outcome in outcomes:
        for identifier in outcome.requirements:
            by_requirement.setdefault(identifier, []).append(outcome)
    judged = (_judge(each, by_requirement.get(each.id, []), subjects or {}, command) for each in requirements)
    return tuple(_certified(each) if certify else each for each in judged)


def conclude(requirements: Collection[RequirementResult]) -> str:
    """The verdict of a run that came to its end."""
    musts = [each for each in requirements if each.level == "must"]
    if any(each.is_broken for each in musts):
        return "failed"
    return "inconclusive" if any(each.verdict == "inconclusive" for each in musts) else "passed"


def read_outcomes(document: Mapping[str, Any]) -> list[TestOutcome]:
    """The outcomes in a file that the plugin wrote."""
    return [
        TestOutcome(
            test=entry["test"],
            requirements=tuple(entry["requirements"]),
            verdict=entry["verdict"],
            evidence=tuple(entry["evidence"]),
            observed=entry["observed"],
            expected=entry["expected"],
            raised=entry["raised"],
        )
        for entry in document["tests"]
    ]


def _certified(result: RequirementResult) -> RequirementResult:
    if not result.skips or result.verdict not in {"passed", "skipped"}:
        return result
    observed = f"skipped: {'; '.join(result.skips)}"
    return replace(result, verdict="inconclusive", evidence=observed, observed=observed, expected="no skip")


def _judge(
    requirement: Requirement, outcomes: list[TestOutcome], subjects: Mapping[str, Sequence[str]], command: str
) -> RequirementResult:
    ranked = sorted(outcomes, key=lambda outcome: (_WORST_FIRST.index(outcome.verdict), outcome.is_not_offered))
    worst = ranked[0] if ranked else TestOutcome("", (requirement.id,), "not run")
    verdict = "error" if worst.verdict == "not run" else worst.verdict
    observed = "no test of it was run" if worst.verdict == "not run" else worst.observed
    is_disappointing = verdict != "passed"
    where = f" [{worst.variant}]" if worst.variant else ""
    option = subjects.get(worst.subject(subjects), ())
    alone = " ".join(filter(None, (command, "--only", requirement.id, shlex.join(option))))
    return RequirementResult(
        id=requirement.id,
        level=requirement.level,
        text=requirement.text,
        family=requirement.family,
        verdict=verdict,
        evidence=f"{observed}{where}" if is_disappointing else _evidence(outcomes),
        tests=tuple(outcome.test for outcome in outcomes),
        observed=f"{observed}{where}" if is_disappointing else "",
        expected=worst.expected if is_disappointing else "",
        next_step=alone if is_disappointing else "",
        skips=tuple(dict.fromkeys(outcome.observed for outcome in outcomes if outcome.verdict == "skipped")),
        failures=tuple(outcome.test for outcome in outcomes if outcome.is_observation),
    )


def _evidence(outcomes: list[TestOutcome]) -> str:
    """How many tests passed, and what they recorded, once each."""
    passed = [outcome for outcome in outcomes if outcome.verdict == "passed"]
    recorded = dict.fromkeys(sentence for outcome in passed for sentence in outcome.evidence)
    told = "; ".join([f"{len(passed)} test{'' if len(passed) == 1 else 's'} passed", *recorded])
    return told if len(told) <= _LONGEST_EVIDENCE else f"{told[: _LONGEST_EVIDENCE - 1]}…"
