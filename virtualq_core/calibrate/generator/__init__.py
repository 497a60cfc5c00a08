"""How far the generator of loads can be believed: held against pgbench, and against a stall of known length."""

from virtualq_core.calibrate.generator.run import GeneratorTrust, try_generator

__all__ = ["GeneratorTrust", "try_generator"]
