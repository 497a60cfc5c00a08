"""Stories as a correct queue would tell them: random operations, each with an instant at which it takes effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from virtualq_core.conformance.checker import Checker
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import MachineRevision, Step, TicketFact, TicketStory, TypeMachines
from virtualq_core.conformance.operation import Kind, Operation, Outcome

if TYPE_CHECKING:
    import random

    from virtualq_core.conformance.checker import Judgement

LAMP = MachineRevision("off", {"none": {"init": "off"}, "off": {"press": "on"}, "on": {"press": "off", "dim": "on"}})
LAMP_TYPE = (0, 9)


def broken(judgement: Judgement) -> set[str]:
    """The names of the invariants that were found broken."""
    return {finding.invariant.value for finding in judgement.findings if finding.verdict == "failed"}


def judge_lamp(story: TicketStory) -> Judgement:
    """What the checker makes of a simulated story."""
    thresholds = Thresholds(max_unknown_share=0.1)
    checker = Checker({LAMP_TYPE: TypeMachines({1: LAMP}, current=1)}, thresholds=thresholds)
    checker.examine(story)
    return checker.judgement()


def simulated_story(chance: random.Random, *, operations: int, clients: int) -> TicketStory:
    """
    Clients on one ticket of a machine that never ends, each operation taking effect at one instant of its own.

    Some answers are lost, some reads go along, some operations expect a state.
    """
    steps = [Step(1, 1, "none", "off", "init", UUID(int=0), is_new=False)]
    done: list[Operation] = []
    free = [chance.random() for _ in range(clients)]
    asked = []
    for number in range(operations):
        client = min(range(clients), key=free.__getitem__)
        begin = free[client] + chance.random() * 0.1
        effect = begin + chance.random()
        end = effect + chance.random() * 0.5
        free[client] = end
        asked.append((effect, number, client, begin, end))
    for _, number, client, begin, end in sorted(asked):
        state, seq = steps[-1].to_state, steps[-1].seq
        times = {"invoke_ns": int(begin * 1e9), "return_ns": int(end * 1e9)}
        given: dict[str, Any] = {
            "op_id": UUID(int=number + 1),
            "client": client,
            "tenant_id": 1,
            "ticket_id": 1,
            **times,
        }
        if chance.random() < 0.2:
            seen: dict[str, Any] = {"seq": seq, "version": seq, "from_state": state, "to_state": state}
            done.append(Operation(kind=Kind.READ, transition=None, outcome=Outcome.OK, **given, **seen))
            continue
        wanted = chance.choice(["press", "dim"])
        expected = chance.choice([None, None, "on", "off"])
        given |= {"kind": Kind.TRANSITION, "transition": wanted, "expected_state": expected}
        target = LAMP.edges[state].get(wanted)
        if expected not in {None, state}:
            done.append(Operation(outcome=Outcome.REFUSED, reason="stale-ticket", **given))
        elif target is None:
            done.append(Operation(outcome=Outcome.REFUSED, reason="illegal-transition", **given))
        else:
            steps.append(Step(seq + 1, 1, state, target, wanted, given["op_id"], is_new=True))
            if chance.random() < 0.005:
                done.append(Operation(outcome=Outcome.UNKNOWN, **given))
            else:
                answer: dict[str, Any] = {"seq": seq + 1, "from_state": state, "to_state": target}
                done.append(Operation(outcome=Outcome.OK, **given, **answer))
    fact = TicketFact(1, 1, LAMP_TYPE, steps[-1].to_state, len(steps))
    return TicketStory(1, 1, fact, steps, done)
