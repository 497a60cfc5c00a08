"""
What is measured, as pytest runs it: `pytest benchmarks`, on an embedded server or on `--database-url`.

Each benchmark checks its answer before its time. Percentiles and the plan's facts are in `extra_info` of
`--benchmark-json FILE`; `virtualq check` judges the same budgets with more statistics. `--tickets N` seeds more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_FINGERPRINT = pytest.StashKey[dict[str, Any]]()
TENANT_CLASSES = ("big", "median", "small", "empty")


@pytest.fixture(params=TENANT_CLASSES)
def tenant_class(request: pytest.FixtureRequest) -> str:
    """Each class of tenant: a plan that suits one may not suit another."""
    return str(request.param)


@pytest.fixture(scope="session", autouse=True)
def _environment(request: pytest.FixtureRequest, dataset: Database) -> None:
    """Find out what the figures are measured on."""
    from virtualq_core.database.fingerprint import fingerprint  # noqa: PLC0415 -- `--help` needs no database

    with dataset.connect() as connection:
        request.config.stash[_FINGERPRINT] = fingerprint(connection, dataset.server)


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Say in every saved result what it was measured on; unlike environments are not to be compared."""
    machine_info["virtualq"] = config.stash.get(_FINGERPRINT, None)
