"""The process of a comparison's clients (`turn`), as the harness sees it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from virtualq_core.database.child import search_path
from virtualq_core.load.fleet import LoadFailed

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from virtualq_core.load.plan import LoadPlan

_PROGRAM = Path(__file__).with_name("turn.py")
_ALLOWANCE_S = 60.0
_TERMINATE_S = 5.0
_LAST_LINES = 3


class Turn(NamedTuple):
    """
    What is asked for: clients on a pool, whose first `warm_s` do not count, and then `seconds` that do.

    The clients of a turn are numbered from `first` on, by which a turn's operations are found again.
    """

    number: int
    first: int
    pool: dict[str, Any]
    dsn: str
    prepares: bool
    warm_s: float
    seconds: float


class Taken(NamedTuple):
    """
    When the part of a turn that counts began and ended (`perf_counter_ns`).

    `busy_share` is how much of it this process used of one processor: near 1 the clients are what is measured.
    """

    begin_ns: int
    end_ns: int
    busy_share: float


class Crew:
    """The running process; leaving it ends it. Its log is in the plan's folder."""

    def __init__(self, plan: LoadPlan) -> None:
        self._log = plan.folder / "crew.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PSYCOPG_WAIT")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gevent.monkey", _PROGRAM, plan.write()],
                env={**kept, "PYTHONPATH": search_path()},
                cwd=plan.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            try:
                process.wait(_TERMINATE_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def take(self, turn: dict[str, Any], *, for_s: float) -> dict[str, Any]:
        """
        Have a turn taken that lasts so long, and return the answer.

        Raises:
            LoadFailed: the process ended, or does not answer.
        """
        entry, answers = self._process.stdin, self._process.stdout
        if entry is None or answers is None:
            raise LoadFailed("the clients have no pipe")
        with contextlib.suppress(OSError):
            entry.write(json.dumps(turn) + "\n")
            entry.flush()
        ready, _, _ = select.select([answers], [], [], for_s + _ALLOWANCE_S)
        line = answers.readline() if ready else ""
        if not line:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            said = " / ".join([one.strip() for one in lines if one.strip()][-_LAST_LINES:])
            raise LoadFailed(
                "the clients ended" if ready else "the clients do not answer", observed=said or "no message"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
