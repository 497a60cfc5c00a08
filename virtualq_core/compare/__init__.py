"""BASE against HEAD: revisions, sets of indexes, PostgreSQL versions, settings, or results that were saved."""

from virtualq_core.compare.result import Comparison, Difference
from virtualq_core.compare.run import Effort, compare_now
from virtualq_core.compare.saved import compare_saved
from virtualq_core.compare.spec import Spec

__all__ = ["Comparison", "Difference", "Effort", "Spec", "compare_now", "compare_saved"]
