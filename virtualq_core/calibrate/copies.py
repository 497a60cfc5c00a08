"""
A/A trials on two copies of a database, as `virtualq compare` and `virtualq trial` time reads.

Two copies differ for as long as they live, by where their memory lies. So each trial has a pair of its own, which is
compared with itself first; what it differed by is taken off, as if the head had been changed meanwhile, and the gate
decides. Nothing has changed, and what it calls slower is a false alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.database.clone import fresh_database
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.paired import Gate
from virtualq_core.measure.twin import Reader, Timing

if TYPE_CHECKING:
    from virtualq_core.database.server import Database
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.paired import Judgement

FALSE_ALARM = 0.01
MISS = 0.01
"""What `compare.run` promises of a read that is the only one timed; learning the bias included in the first."""
_PREFIX = "vq_twin"


def copies_gate(gate: Gate) -> Gate:
    """The gate that decides, with what is left of the promise once the bias has been learnt."""
    return Gate(tolerance=gate.tolerance, limit_s=gate.limit_s, false_alarm=FALSE_ALARM / 2, miss=MISS)


def judge_copies(template: Database, case: Case, gate: Gate, *, seed: int) -> Judgement:
    """One trial on two fresh copies of a database that nobody is connected to."""
    server = template.server
    with (
        fresh_database(server, template=template.name, prefix=_PREFIX) as one,
        fresh_database(server, template=template.name, prefix=_PREFIX) as other,
        Reader(Observer.of(one), Observer.of(other), timing=Timing(error=FALSE_ALARM), seed=seed) as reader,
    ):
        reader.learn_bias([case])
        reader.renew()
        return reader.judge(case, copies_gate(gate))
