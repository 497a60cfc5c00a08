"""One load alone, as results that every form of the report takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from virtualq_core.check.alone import load_results
from virtualq_core.load import find_scenario, run_load
from virtualq_core.report import html
from virtualq_core.report.document import validate
from virtualq_core.seeding import SeedPlan, seed

if TYPE_CHECKING:
    from virtualq_core.database.server import Database


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.requires("own_server", "pg_stat_statements")
def test_a_load_s_results_fit_the_schema_and_make_a_page(database: Database) -> None:
    """What the server did is in both; the verdict is the load's own."""
    seed(database, SeedPlan(tickets=300, tenants=2))
    found = run_load(database, replace(find_scenario("check"), clients=3, duration_s=2))
    results = load_results(found, database, seed=1, command=("virtualq", "load"))
    document = json.loads(json.dumps(results.to_json()))
    validate(document)
    assert document["verdict"] == found.verdict
    assert document["load"]["server"]["samples"]
    assert 0 < document["load"]["server"]["execution_share"] < 1
    assert document["load"]["server"]["missing"] == {}
    assert "What the server did meanwhile" in html.render(results)
