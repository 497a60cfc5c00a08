"""
The ledger of a check: its stages in order, each with a verdict, a duration, a summary and its problems.

A stage that fails does not stop the check. One whose ground is missing, because a stage that it stands on could not
do its work, is skipped by name.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import psycopg

from virtualq_core.errors import VirtualQError
from virtualq_core.report.results import Problem, Stage, StageName

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        """Add problems of the database under test; the stage has failed."""
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

    @contextmanager
    def stage(self, name: StageName) -> Iterator[OpenStage]:
        """
        Run the body as one stage.

        An error of this package or of the server ends the stage as `error`; anything else that is raised is a defect of
        ours, is logged with its traceback, and ends the stage as `error` too: later stages still have their say.
        """
        self._progress.begin(name)
        open_stage = OpenStage(name)
        began = time.perf_counter()
        try:
            yield open_stage
        except CannotRun as reason:
            open_stage.conclude("skipped", str(reason))
        except VirtualQError as error:
            open_stage.conclude("error", error.what)
            open_stage.problems.append(Problem.of(error))
        except psycopg.Error as error:
            text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            open_stage.conclude("error", text)
            state = f"SQLSTATE {error.sqlstate}" if error.sqlstate else type(error).__name__
            open_stage.problems.append(
                Problem(code="server", what=text, observed=state, next_step="read the server's log")
            )
        except Exception as error:  # noqa: BLE001 (a defect in one stage must not silence the others)
            _log.exception("the stage %s met a defect of VirtualQ", name)
            open_stage.conclude("error", f"{type(error).__name__}: {error}")
            open_stage.problems.append(
                Problem(
                    code="internal",
                    what=f"the stage {name} met a defect of VirtualQ",
                    observed=f"{type(error).__name__}: {error}",
                    next_step="run it again with --debug and report the traceback",
                )
            )
        stage = Stage(
            name=name,
            verdict=open_stage.verdict,
            duration_s=round(time.perf_counter() - began, 3),
            summary=open_stage.summary,
            problems=tuple(open_stage.problems),
        )
        self.stages.append(stage)
        self._progress.end(stage)
