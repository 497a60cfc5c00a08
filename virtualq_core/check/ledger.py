"""
The ledger of a check: its stages in order, each with a verdict, a duration, a summary and its problems.

A stage that fails does not stop the check. One whose ground is missing, because a stage that it stands on could not
do its work, is skipped by name.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import psycopg

from virtualq_core.errors import VirtualQError
from virtualq_core.measure.result import Problem
from virtualq_core.report.results import Stage, StageName

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.report.verdict import PartVerdict

_log = logging.getLogger(__name__)


class Progress(Protocol):
    """Who wants to hear how the check gets on."""

    def begin(self, stage: StageName) -> None:
        """A stage begins."""

    def advance(self, phase: str, done: int, total: int) -> None:
        """A phase of the present stage is done to `done` of `total`."""

    def end(self, stage: Stage) -> None:
        """A stage has ended."""


class Silence:
    """Nobody wants to hear."""

    def begin(self, stage: StageName) -> None:
        """Say nothing."""

    def advance(self, phase: str, done: int, total: int) -> None:
        """Say nothing."""

    def end(self, stage: Stage) -> None:
        """Say nothing."""


@dataclass
class OpenStage:
    """A stage under way."""

    name: StageName
    verdict: PartVerdict = "passed"
    summary: str = ""
    problems: list[Problem] = field(default_factory=list)

    def conclude(self, verdict: PartVerdict, summary: str) -> None:
        """Set the verdict, with one line that says why."""
        self.verdict = verdict
        self.summary = summary

    def fail(self, *problems: Problem) -> None:
        """Add problems of the database under test; with any, the stage has failed."""
        if problems:
            self.problems += problems
            self.verdict = "failed"


class CannotRun(Exception):
    """A stage's ground is missing; raised before its work and caught by the ledger."""


class Ledger:
    """The stages of one check so far."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.stages: list[Stage] = []

    def verdict(self, name: StageName) -> PartVerdict | None:
        """How a stage ended, or None where it has not."""
        return next((stage.verdict for stage in self.stages if stage.name == name), None)

    def tell(self, phase: str, done: int, total: int) -> None:
        """Pass on how far a phase of the present stage is."""
        self._progress.advance(phase, done, total)

    def stage(self, name: StageName) -> StageScope:
        """Run the body of a `with` as one stage; it is entered here when it has ended."""
        return StageScope(name, self._progress, self.stages.append)


class StageScope:
    """
    The span of one stage.

    An error of this package or of the server ends the stage as `error`. Any other exception is a defect of ours: it is
    logged with its traceback and ends the stage as `error` too, so that later stages still have their say. What is no
    `Exception`, such as Ctrl-C, passes through.
    """

    def __init__(self, name: StageName, progress: Progress, enter: Callable[[Stage], None]) -> None:
        self._open = OpenStage(name)
        self._progress = progress
        self._enter = enter

    def __enter__(self) -> OpenStage:
        self._progress.begin(self._open.name)
        self._began = time.perf_counter()
        return self._open

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False
        if error is not None:
            self._conclude(error)
        stage = Stage(
            name=self._open.name,
            verdict=self._open.verdict,
            duration_s=round(time.perf_counter() - self._began, 3),
            summary=self._open.summary,
            problems=tuple(self._open.problems),
        )
        self._enter(stage)
        self._progress.end(stage)
        return True

    def _conclude(self, error: Exception) -> None:
        stage = self._open
        match error:
            case CannotRun():
                stage.conclude("skipped", str(error))
            case VirtualQError():
                stage.conclude("error", error.what)
                stage.problems.append(Problem.of(error))
            case psycopg.Error():
                text = next(iter(str(error).strip().splitlines()), type(error).__name__)
                state = f"SQLSTATE {error.sqlstate}" if error.sqlstate else type(error).__name__
                stage.conclude("error", text)
                stage.problems.append(
                    Problem(code="server", what=text, observed=state, next_step="read the server's log")
                )
            case _:
                _log.error("the stage %s met a defect of VirtualQ", stage.name, exc_info=error)
                told = f"{type(error).__name__}: {error}"
                stage.conclude("error", told)
                stage.problems.append(
                    Problem(
                        code="internal",
                        what=f"the stage {stage.name} met a defect of VirtualQ",
                        observed=told,
                        next_step="run it again with --debug and report the traceback",
                    )
                )
