"""How far a timed verdict can be believed: the gate, tried on what is the same and on what is slower by so much."""

from virtualq_core.calibrate.run import Effort, calibrate

__all__ = ["Effort", "calibrate"]
