"""
Policies: what a change may cost and what it must bring, in `benchmarks/budgets.toml` beside the budgets.

A policy is one table of shares: 0.2 is a fifth. Every key is in the shipped file; a team's own file overrides it key by
key.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from virtualq_core import content
from virtualq_core.measure.budget import FILE_NAME, REFERENCE, BudgetFault, nearest, read_tables

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class _Policy:
    table: ClassVar[str]

    @classmethod
    def load(cls, override: Path | None = None) -> Self:
        """
        The shipped policy, with a team's own file laid over it.

        Raises:
            BudgetFault: a file cannot be read, or its table says something that cannot be meant.
        """
        given: dict[str, Any] = {}
        for path in filter(None, (content.folder("benchmarks") / FILE_NAME, override)):
            table = read_tables(path).get(cls.table, {})
            for key, value in table.items():
                cls._require(path, key, value)
            given |= table
        return cls(**given)

    @classmethod
    def _require(cls, path: Path, key: str, value: object) -> None:
        known = [part.name for part in fields(cls)]
        if key not in known:
            raise BudgetFault(
                f"{path.name}: [{cls.table}] has the unknown key '{key}'",
                expected=f"'{nearest(key, known)}', which is the nearest known key",
                next_step=f"{REFERENCE} lists them all",
            )
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            raise BudgetFault(
                f"{path.name}: [{cls.table}] {key}: not a share",
                observed=repr(value),
                expected="0 to 1, such as 0.1 for 10 %",
            )


@dataclass(frozen=True, kw_only=True)
class TrialPolicy(_Policy):
    """
    When a proposal is worth shipping: at least one gain, and no loss beyond these.

    A read's gain and loss are shares of its time, a write's of its log, and of the time that a client waits for it; the
    space is that of all tables and indexes.
    """

    table: ClassVar[str] = "trial"

    smallest_read_gain: float
    smallest_write_gain: float
    smallest_space_gain: float
    largest_read_loss: float
    largest_write_cost: float
    largest_space_growth: float


@dataclass(frozen=True, kw_only=True)
class ComparePolicy(_Policy):
    """How much slower, in time or in blocks, a read may become, and how much more a write may log or take."""

    table: ClassVar[str] = "compare"

    largest_read_loss: float
    largest_block_growth: float
    largest_write_cost: float
    largest_log_growth: float
