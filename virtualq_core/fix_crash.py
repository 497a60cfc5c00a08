"""The crashes: the option that says how many of them each subject has to survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose how long it lasts."""
    parser.getgroup("virtualq").addoption(
        "--cycles",
        metavar="N",
        type=int,
        help="how many crashes each subject has to survive, over the faults in turn (default: each fault once)",
    )


def chosen_cycles(config: pytest.Config) -> int:
    """
    The number of the option; as many as there are faults where it was not given.

    Raises:
        pytest.UsageError: it is not positive.
    """
    import pytest

    from virtualq_core.conformance.crash.fault import FAULTS

    cycles: int | None = config.getoption("--cycles")
    if cycles is None:
        return len(FAULTS)
    if cycles < 1:
        raise pytest.UsageError(f"--cycles {cycles}: expected at least 1")
    return cycles
