"""What became of the mutants and the controls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from virtualq_core.errors import ExitCode

SCHEMA_VERSION = "1"
_EXIT = {"passed": ExitCode.PASSED, "failed": ExitCode.FAILED, "inconclusive": ExitCode.INCONCLUSIVE}


@dataclass(frozen=True)
class MutantResult:
    """
    What became of one mutant.

    `verdict` is killed (a rule that it breaks caught it), survived (no rule did, or only others) or not applied (it
    could not be tried, which says nothing about the suite). `caught_by` are all requirements that were seen broken.
    """

    name: str
    group: str
    sentence: str
    breaks: tuple[str, ...]
    verdict: str
    caught_by: tuple[str, ...]
    duration_s: float
    detail: str = ""


@dataclass(frozen=True)
class ControlResult:
    """
    What became of one control: passed, failed (the suite is overfitted), inconclusive or not applied.

    `requirements` is how many it was held to, `broken` those that it failed (one that passed may fail a should),
    `skipped` those whose tests ask for what the design does not have.
    """

    name: str
    sentence: str
    subjects: tuple[str, ...]
    verdict: str
    requirements: int
    broken: tuple[str, ...]
    skipped: tuple[str, ...]
    duration_s: float
    detail: str = ""


@dataclass(frozen=True)
class SelfTestResult:
    """
    The whole: passed if every mutant was killed and every control passed.

    It is inconclusive where all that is missing is a control's undecided verdict.
    """

    mutants: tuple[MutantResult, ...]
    controls: tuple[ControlResult, ...]
    duration_s: float

    @property
    def verdict(self) -> str:
        """Passed, failed or inconclusive."""
        judged = {each.verdict for each in self.controls} - {"passed"}
        if judged - {"inconclusive"} or any(each.verdict != "killed" for each in self.mutants):
            return "failed"
        return "inconclusive" if judged else "passed"

    @property
    def exit_code(self) -> ExitCode:
        """The command's exit status."""
        return _EXIT[self.verdict]

    @property
    def summary(self) -> str:
        """The self-test in one line."""
        killed = sum(each.verdict == "killed" for each in self.mutants)
        passed = sum(each.verdict == "passed" for each in self.controls)
        told = f"{killed} of {len(self.mutants)} mutants killed"
        return f"{told}, {passed} of {len(self.controls)} controls passed" if self.controls else told

    def as_json(self) -> dict[str, Any]:
        """The whole as JSON values, as `selftest.schema.json` says."""
        return {"schema_version": SCHEMA_VERSION, "verdict": self.verdict, **asdict(self)}
