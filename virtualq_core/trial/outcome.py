"""The exit code that a trial's verdict means, alone and of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.trial.proposal import Answer

_WORST = (ExitCode.FAILED, ExitCode.ENVIRONMENT, ExitCode.USAGE, ExitCode.INCONCLUSIVE, ExitCode.PASSED)


def exit_code(verdict: Answer, *, known_answer: Answer = "accept") -> ExitCode:
    """Whether the verdict is the answer that is known, or else to accept; inconclusive is neither."""
    if verdict == "inconclusive":
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASSED if verdict == known_answer else ExitCode.FAILED


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The worst of several: failed, then what could not be tried, then inconclusive."""
    return min(codes, key=_WORST.index, default=ExitCode.PASSED)
