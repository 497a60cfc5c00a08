"""The main job: is the ticket-queue database correct, and is it fast enough?"""

from virtualq_core.check.run import CheckOptions, run_check

__all__ = ["CheckOptions", "run_check"]
