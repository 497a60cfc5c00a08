"""Rules about the record alone: path, edges, numbering, states, tenants (invariants 1, 2, 3, 9, 10)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from virtualq_core.conformance.case import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.case import Case


def check_path(case: Case) -> Iterator[Fault]:
    """Invariant 1: from the initial state, step by step, to where the ticket is."""
    steps, fact = case.story.steps, case.story.fact
    if steps and case.machines is not None:
        first = steps[0]
        machine = case.machines.revisions.get(first.revision)
        if machine is not None and first.to_state != machine.initial_state:
            what = f"it begins in '{first.to_state}'; revision {first.revision} begins in '{machine.initial_state}'"
            yield Fault(what, [first])
    for before, after in pairwise(steps):
        if before.to_state != after.from_state:
            what = f"seq {after.seq} leaves '{after.from_state}'; seq {before.seq} had reached '{before.to_state}'"
            yield Fault(what, [before, after])
    if fact is None:
        if steps:
            yield Fault(f"it has {len(steps)} steps of history and no row", steps[-1:])
    elif not steps:
        yield Fault(f"it is in '{fact.current_state}' at version {fact.version} and has no history")
    elif (fact.current_state, fact.version) != (steps[-1].to_state, steps[-1].seq):
        last = steps[-1]
        what = (
            f"it is in '{fact.current_state}' at version {fact.version}; "
            f"its history ends in '{last.to_state}' at seq {last.seq}"
        )
        yield Fault(what, [last])


def check_edges(case: Case) -> Iterator[Fault]:
    """Invariant 2: every step is an edge of the revision that it names."""
    if case.machines is None:
        return
    for step in case.story.steps:
        machine = case.machines.revisions.get(step.revision)
        if machine is None:
            yield Fault(f"seq {step.seq} names revision {step.revision}, which was never published", [step])
        elif not machine.allows(step):
            what = (
                f"seq {step.seq} takes '{step.transition}' from '{step.from_state}' to '{step.to_state}', "
                f"no edge of revision {step.revision}"
            )
            yield Fault(what, [step])


def check_numbering(case: Case) -> Iterator[Fault]:
    """Invariant 3: 1 to n without gaps."""
    expected = 1
    for step in case.story.steps:
        if step.seq != expected:
            yield Fault(f"seq {step.seq} where {expected} was expected", [step])
        expected = step.seq + 1


def check_state(case: Case) -> Iterator[Fault]:
    """Invariant 9: the ticket's state is in its type's current machine."""
    fact, machines = case.story.fact, case.machines
    if fact is None:
        return
    if machines is None:
        yield Fault(f"its type {fact.type_key} is not there")
    elif fact.current_state not in machines.revisions[machines.current].edges:
        yield Fault(f"it is in '{fact.current_state}', which revision {machines.current} of its type lacks")


def check_tenant(case: Case) -> Iterator[Fault]:
    """Invariant 10: no reference leaves the tenant or comes from outside; nobody else's operation moved the ticket."""
    fact = case.story.fact
    if fact is None:
        return
    for stray in fact.strays:
        yield Fault(f"{stray} is not of its tenant")
    if fact.type_key[0] not in {0, fact.tenant_id}:
        yield Fault(f"its type is of tenant {fact.type_key[0]}")
    for attempt in case.attempts.values():
        if attempt.steps and attempt.operation.tenant_id != fact.tenant_id:
            what = f"an operation of tenant {attempt.operation.tenant_id} wrote seq {attempt.steps[0].seq}"
            yield Fault(what, attempt.steps, [attempt.operation])
