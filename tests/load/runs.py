"""A harness that runs a load, to be interrupted or killed: `runs.py SECONDS`, the database in the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from virtualq_core.database import remote
from virtualq_core.load import find_scenario, run_load

if __name__ == "__main__":
    database = remote.server(os.environ["VIRTUALQ_TEST_DSN"]).maintenance
    run_load(database, replace(find_scenario("check"), clients=4, duration_s=float(sys.argv[1])))
