"""Verdicts: how many become one, and with which exit code a command then ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

Verdict: TypeAlias = Literal["passed", "failed", "inconclusive", "error"]
"""What a whole run can end with."""

PartVerdict: TypeAlias = Literal["passed", "failed", "inconclusive", "error", "skipped"]
"""What a stage, requirement, plan or budget can end with."""

SEVERITY: tuple[PartVerdict, ...] = ("failed", "error", "inconclusive", "skipped", "passed")
"""The worst first: the order in which reports show what needs a reader's attention."""

_EXIT: dict[Verdict, ExitCode] = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.FAILED,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "error": ExitCode.ENVIRONMENT,
}


def fold(verdicts: Iterable[PartVerdict]) -> Verdict:
    """
    One verdict of many: any failed, else any error, else any inconclusive, else passed.

    A failure outranks an error because it is knowledge about the database that no later run takes back. Skipped parts
    have no say; where nothing at all passed there is nothing to vouch for, which is inconclusive.
    """
    seen = set(verdicts)
    worst: tuple[Verdict, ...] = ("failed", "error", "inconclusive", "passed")
    return next((verdict for verdict in worst if verdict in seen), "inconclusive")


def exit_code(verdict: Verdict) -> ExitCode:
    """The exit status of a command whose run ended so: 0 passed, 1 failed, 3 inconclusive, 4 error."""
    return _EXIT[verdict]
