"""
Two databases that differ in one thing, and what that one thing does to reads, writes and space.

`read` compares plans, blocks and times of the catalogue's queries, `write` the operations, `space` what lies on disk.
What repeats exactly is compared first; only what it leaves open is timed.
"""

from virtualq_core.measure.twin.effect import Ratio, ReadEffect, RelationSize, Updates, Waited, WriteEffect
from virtualq_core.measure.twin.read import Reader, Timing
from virtualq_core.measure.twin.space import changed_sizes, relation_sizes
from virtualq_core.measure.twin.write import compare_costs, time_writes

__all__ = [
    "Ratio",
    "ReadEffect",
    "Reader",
    "RelationSize",
    "Timing",
    "Updates",
    "Waited",
    "WriteEffect",
    "changed_sizes",
    "compare_costs",
    "relation_sizes",
    "time_writes",
]
