"""The steps that a subject offers: the operations of the protocol, on a subject's session or on one of our own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from virtualq_core.conformance.interleaving.vocabulary import taken, together
from virtualq_core.conformance.operation import Kind, Operation, Outcome
from virtualq_core.conformance.witness import claimant
from virtualq_core.errors import IllegalTransition, OperationReused, TicketNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtualq_core.conformance.interleaving.deed import Deed
    from virtualq_core.conformance.interleaving.scene import Scene
    from virtualq_core.conformance.interleaving.script import Step
    from virtualq_core.subjects import SubjectSession

_KINDS: Mapping[str, Kind] = {
    "transition": Kind.TRANSITION,
    "set_state": Kind.TRANSITION,
    "bulk": Kind.BULK,
    "create": Kind.CREATE,
    "claim": Kind.CLAIM,
    "read": Kind.READ,
}
_BULK: Mapping[str, tuple[Outcome, str | None]] = {
    "moved": (Outcome.OK, None),
    "replayed": (Outcome.OK, None),
    "illegal": (Outcome.REFUSED, IllegalTransition.code),
    "not-found": (Outcome.REFUSED, TicketNotFound.code),
    "operation-reused": (Outcome.REFUSED, OperationReused.code),
}


def asked(step: Step, scene: Scene, client: int) -> list[Operation]:
    """What a client asks for by a step, one operation a ticket; nothing where no history would tell of it."""
    given = step.arguments
    kind = _KINDS.get(step.verb)
    if kind is None or (kind is Kind.CLAIM and "taking" not in given):
        return []
    tickets: tuple[str | None, ...] = given.get("tickets", (step.value if kind is Kind.READ else given.get("ticket"),))
    return [
        Operation(
            op_id=scene.operation_id(name),
            client=client,
            kind=kind,
            tenant_id=scene.tenant_id,
            ticket_id=None if ticket is None else scene.ticket_id(ticket),
            transition=step.value if step.verb in {"transition", "bulk"} else given.get("taking"),
            invoke_ns=0,
            return_ns=0,
            outcome=Outcome.OK,
            expected_state=step.value if kind is Kind.CLAIM else given.get("expecting"),
            version=given.get("at_version"),
        )
        for name, ticket in zip(given.get("operations", (given.get("operation"),) * len(tickets)), tickets, strict=True)
    ]


def transition(deed: Deed, scene: Scene, session: SubjectSession) -> str:
    """Move one ticket."""
    [wanted] = deed.operations
    done = session.transition(
        scene.tenant_id,
        scene.ticket_id(deed.step.arguments["ticket"]),
        deed.step.value,
        expected_state=wanted.expected_state,
        expected_version=wanted.version,
        operation_id=wanted.op_id,
    )
    deed.answer(seq=done.seq, from_state=done.from_state, to_state=done.to_state)
    return "replayed" if done.replayed else "moved"


def bulk(deed: Deed, scene: Scene, session: SubjectSession) -> str:
    """Move several tickets in one call."""
    names = deed.step.arguments["tickets"]
    wanted = {scene.ticket_id(name): operation for name, operation in zip(names, deed.operations, strict=True)}
    op_ids = [operation.op_id for operation in deed.operations]
    words = dict.fromkeys(wanted, "not-answered")
    for done in session.transition_many(scene.tenant_id, list(wanted), deed.step.value, operation_ids=op_ids):
        outcome, reason = _BULK.get(done.outcome, (Outcome.FAILED, done.outcome))
        answer = wanted[done.ticket_id]._replace(outcome=outcome, reason=reason)
        if outcome is Outcome.OK:
            answer = answer._replace(seq=done.seq, from_state=done.from_state, to_state=done.to_state)
        wanted[done.ticket_id], words[done.ticket_id] = answer, done.outcome
    deed.operations = list(wanted.values())
    return together(dict(zip(names, words.values(), strict=True)))


def create(deed: Deed, scene: Scene, session: SubjectSession) -> str:
    """Create a ticket, which goes by its name from then on."""
    given = deed.step.arguments
    made = session.create_ticket(
        scene.tenant_id,
        scene.queues[given.get("queue", scene.setting.queues[0])],
        scene.types[given.get("type", scene.setting.types[0])],
        customer_id=scene.customers[given["customer"]] if "customer" in given else None,
        employee_id=scene.employees[given["employee"]] if "employee" in given else None,
        operation_id=deed.operations[0].op_id,
    )
    scene.tickets.setdefault(deed.step.value, made.id)
    deed.answer(ticket_id=made.id, seq=1, to_state=made.state)
    return "replayed" if made.replayed else "created"


def claim(deed: Deed, scene: Scene, session: SubjectSession) -> str:
    """Lease the next ticket of a queue."""
    given = deed.step.arguments
    lease = session.claim_next(
        scene.tenant_id,
        scene.queues[given.get("queue", scene.setting.queues[0])],
        deed.step.value,
        scene.employees[given.get("employee", scene.setting.employees[0])],
        lease=timedelta(minutes=given["lease_minutes"]) if "lease_minutes" in given else None,
        transition=given.get("taking"),
        actor=claimant(deed.operations[0].op_id) if deed.operations else None,
    )
    if lease is None:
        deed.answer(outcome=Outcome.REFUSED, reason="nothing-to-claim")
        return taken("claimed", [])
    deed.answer(ticket_id=lease.ticket_id, from_state=deed.step.value, to_state=lease.state)
    return taken("claimed", [scene.ticket_name(lease.ticket_id)])


OFFERED: Mapping[str, Callable[[Deed, Scene, SubjectSession], str]] = {
    "transition": transition,
    "bulk": bulk,
    "create": create,
    "claim": claim,
}
"""The steps that a session of a subject can take, by their verbs; each answers in a word."""
