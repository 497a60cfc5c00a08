"""
A claim leases its ticket first and takes the transition afterwards: if that is illegal, the lease stays.

breaks: LIF-008
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE, dsn_as

if TYPE_CHECKING:
    from virtualq_core.tickets import Lease


class GraspingSession(ProceduralSession):
    """Takes before it asks."""

    def claim_next(
        self,
        tenant_id: int,
        queue_id: int,
        state: str,
        employee_id: int,
        *,
        transition: str | None = None,
        actor: str | None = None,
        **details: Any,
    ) -> Lease | None:
        """The lease, and then the step."""
        lease = super().claim_next(tenant_id, queue_id, state, employee_id, **details)
        if lease is None or transition is None:
            return lease
        step = self.transition(tenant_id, lease.ticket_id, transition, actor=actor)
        return replace(lease, state=step.to_state)


class GraspingSubject(ProceduralSubject):
    """The procedural subject with two transactions to a claim."""

    name = "claim_in_two_transactions"

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> GraspingSession:
        """Connect one client."""
        return GraspingSession(psycopg.connect(dsn_as(dsn, role), autocommit=True))


subject = GraspingSubject()
