"""The interleavings: the option that plays one order alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from virtualq_core.conformance.interleaving.permutation import Order


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the order."""
    parser.getgroup("virtualq").addoption(
        "--order",
        metavar="SESSIONS",
        help="play an interleaving in this order alone: its sessions as their steps come, such as 'clerk rival clerk'",
    )


@pytest.fixture
def order(request: pytest.FixtureRequest) -> Order | None:
    """The order that the caller chose; none for every one."""
    chosen: str | None = request.config.getoption("--order")
    return None if chosen is None else tuple(chosen.split())
