"""
Many clients at once on one database, and the proof that its history is still true.

`scenario` says what they do and `arrival` when. `fleet` starts Locust's processes, in which `user` and `generator`
drive the clients of `conformance.traffic`. `run` has the recording measured (`figure`, `distribution`) and judged, and
`capacity` looks for the rate that just holds. Locust patches the standard library when it is imported, so only `user`,
`generator` and `wire` import it or gevent, and only in processes of their own.
"""

from virtualq_core.load.capacity import Capacity, find_capacity
from virtualq_core.load.result import LoadResult
from virtualq_core.load.runner import run_load
from virtualq_core.load.scenario import Scenario, find_scenario

__all__ = ["Capacity", "LoadResult", "Scenario", "find_capacity", "find_scenario", "run_load"]
