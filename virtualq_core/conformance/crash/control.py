"""
The positive control: commits that do not wait for the log are lost with the server, and the judgement says so.

A durability check that cannot see this loss proves nothing by seeing none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from virtualq_core import content
from virtualq_core.conformance.crash.campaign import run_cycle
from virtualq_core.conformance.crash.fault import FAULTS
from virtualq_core.database.clone import fresh_database

if TYPE_CHECKING:
    from virtualq_core.database.server import Database
    from virtualq_core.subjects import Subject

_SQL = content.beside(__file__, "control.sql")
_FAULTS = ("immediate stop", "killed postmaster")
_ATTEMPTS = 4


@dataclass(frozen=True)
class Control:
    """What the control showed: so many of the acknowledged operations were found to be lost, at which attempt."""

    lost: int
    acknowledged: int
    attempts: int

    @property
    def is_flagged(self) -> bool:
        """Whether the loss was seen."""
        return self.lost > 0

    @property
    def summary(self) -> str:
        """The control in one line."""
        return (
            f"control: with synchronous_commit off, {self.lost} of {self.acknowledged} acknowledged operations were "
            f"found lost in {self.attempts} crash{'' if self.attempts == 1 else 'es'}"
        )


def run_control(database: Database, subject: Subject, *, seed: int = 1) -> Control:
    """
    Crash a clone of a private copy whose commits do not wait, until the loss is seen, four times at most.

    Raises as `run_cycle`; the copy itself stays as it is.
    """
    lost = acknowledged = attempts = 0
    with fresh_database(database.server, template=database.name, prefix="vq_control") as clone:
        with clone.connect() as connection:
            statement = sql.SQL(_SQL["commit_lazily"].sql)
            connection.execute(statement.format(name=sql.Identifier(clone.name)))
        while not lost and attempts < _ATTEMPTS:
            fault = FAULTS[_FAULTS[attempts % len(_FAULTS)]]
            tally = run_cycle(clone, subject, fault, seed=seed + attempts).tally
            lost, acknowledged, attempts = lost + tally.lost, acknowledged + tally.ok, attempts + 1
    return Control(lost, acknowledged, attempts)
