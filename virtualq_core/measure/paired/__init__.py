"""
Two variants against each other, as surely as the noise allows, and no surer.

`block` runs them in an order that a coin decides, `rank` computes limits that rest on nothing but that coin, `gate`
stops when they decide, and `variant` makes variants of queries.
"""

from virtualq_core.measure.paired.block import Block, Pair, Variant
from virtualq_core.measure.paired.gate import Estimate, Gate, GateVerdict, Judgement, estimate, judge
from virtualq_core.measure.paired.variant import QueryVariant, require_same_answers

__all__ = [
    "Block",
    "Estimate",
    "Gate",
    "GateVerdict",
    "Judgement",
    "Pair",
    "QueryVariant",
    "Variant",
    "estimate",
    "judge",
    "require_same_answers",
]
