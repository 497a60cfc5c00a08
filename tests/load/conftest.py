"""A stage for loads: three tenants with queues, employees and open tickets; and faults to plant in its database."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.conformance.traffic.demand import Contention, Mix
from virtualq_core.load.scenario import Scenario, find_scenario
from virtualq_core.tenancy import MAINTAINER_ROLE

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

SQL = content.beside(__file__, "stage.sql")
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Stage:
    """A database with open tickets, all of them created before anything is recorded."""

    database: Database

    def plant(self, *statements: str) -> None:
        """Run statements of `stage.sql` as the owner."""
        with self.database.connect() as connection:
            for name in statements:
                connection.execute(SQL[name].sql)

    def count(self, statement: str) -> int:
        """A statement's single number, as the maintainer sees it."""
        with self.database.connect(role=MAINTAINER_ROLE) as connection:
            row = connection.execute(SQL[statement].sql).fetchone()
        return row[0] if row else 0


@pytest.fixture
def stage(database: Database) -> Stage:
    """A fresh stage."""
    with database.connect(role=MAINTAINER_ROLE) as connection:
        row = connection.execute(SQL["add_account"].sql).fetchone()
        assert row is not None
        connection.execute(SQL["add_tenants"].sql, {"account_id": row[0], "tenants": 3})
        connection.execute(SQL["add_queues"].sql)
        connection.execute(SQL["add_employees"].sql)
        connection.execute(SQL["add_tickets"].sql, {"each": 15})
    return Stage(database)


@pytest.fixture(scope="session")
def rush() -> Scenario:
    """The shipped scenario, short, by eight clients."""
    return replace(find_scenario("check"), clients=8, duration_s=2.5)


@pytest.fixture(scope="session")
def duel() -> Scenario:
    """Nothing but single transitions, on tickets that all clients fight over, and the creations that replace them."""
    return Scenario(
        name="duel",
        clients=8,
        duration_s=2.5,
        mix=Mix(transition=9, create=1),
        contention=Contention(hot_tickets=3, hot_share=1.0, blind_share=0.0, expecting_share=0.0),
    )


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """The environment of a process that finds this checkout and nothing of Locust's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "VIRTUALQ", "PYTEST"))}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *sys.path])}
