"""Regressions planted in a copy of the data, to see that the gate catches each and names its cause."""

from virtualq_core.measure.fault.specimen import Fault, read_faults
from virtualq_core.measure.fault.trial import Outcome, Trials, run_faults

__all__ = ["Fault", "Outcome", "Trials", "read_faults", "run_faults"]
