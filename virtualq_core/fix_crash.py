"""The crashes: the option that says how many of them each subject has to survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose how long it lasts."""
    parser.getgroup("virtualq").addoption(
        "--cycles",
        metavar="N",
        type=int,
        help="how many crashes each subject has to survive, over the faults in turn (default: each fault once)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a number that is none before anything runs."""
    cycles: int | None = config.getoption("--cycles")
    if cycles is not None and cycles < 1:
        raise pytest.UsageError(f"--cycles {cycles}: expected at least 1")


def chosen_cycles(config: pytest.Config, faults: Collection[object]) -> int:
    """The number of the option; as many as there are faults where it was not given."""
    cycles: int | None = config.getoption("--cycles")
    return len(faults) if cycles is None else cycles
