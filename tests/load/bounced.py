"""A harness with a PgBouncer, to be interrupted or killed: prints its port, then waits; the database as in runs.py."""

from __future__ import annotations

import os
import sys
import threading

from virtualq_core.database import remote
from virtualq_core.load.scenario import Pool
from virtualq_core.load.way import open_ways

if __name__ == "__main__":
    database = remote.server(os.environ["VIRTUALQ_TEST_DSN"]).maintenance
    pool = Pool(mode="pgbouncer-transaction", size=1)
    with open_ways(database, [pool], clients=2, application_name="virtualq test") as ways:
        bouncer = ways.ways[0].bouncer
        sys.stdout.write(f"{bouncer and bouncer.port}\n")
        sys.stdout.flush()
        threading.Event().wait()
