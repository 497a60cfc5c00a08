"""
Many clients at once on one database, and the proof that its history is still true.

`scenario` says what they do, `user` makes Locust drive the clients of `conformance.traffic`, and `runner` starts
Locust, measures and has the recording judged. Locust patches the standard library when it is imported, so only `user`
imports it, and only in a process of its own.
"""

from virtualq_core.load.result import LoadResult
from virtualq_core.load.runner import run_load
from virtualq_core.load.scenario import Scenario, find_scenario

__all__ = ["LoadResult", "Scenario", "find_scenario", "run_load"]
