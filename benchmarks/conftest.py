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

TENANT_CLASSES = ("big", "median", "small", "empty")


@pytest.fixture(params=TENANT_CLASSES)
def tenant_class(request: pytest.FixtureRequest) -> str:
    """Each class of tenant: a plan that suits one may not suit another."""
    return str(request.param)


@pytest.fixture(scope="session", autouse=True)
def _environment(dataset: Database, record_testsuite_property: Any) -> None:  # noqa: ANN401 -- pytest does not name it
    """Say in every report what the figures were measured on; unlike environments are not compared."""
    from virtualq_core.database.fingerprint import fingerprint  # noqa: PLC0415 -- `--help` needs no database

    with dataset.connect() as connection:
        for name, value in fingerprint(connection, dataset.server).items():
            record_testsuite_property(name, value)
