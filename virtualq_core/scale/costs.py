"""What a transition and a ticket cost, from results that were saved: of a check's load, and of a sweep over sizes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from virtualq_core.report.results import Results
    from virtualq_core.scale.result import Sweep

_HISTORY = "ticketstatehistory"
_OPERATION_KEY = "ticketstatehistory_operation_key"


@dataclass(frozen=True, kw_only=True)
class Costs:
    """
    The figures that capacity follows from.

    Per transition, as clients made it in the check's load with the creations, claims, lists and reads that went with
    it: `core_s` seconds of a core on the server's side, `log_bytes` of the write-ahead log. `alone_s` is the median of
    one client's transitions one after the other, and `transitions_per_s` what the load reached on `cores` cores, which
    the clients had their share of. Per ticket: `ticket_bytes` of everything but its history, `index_bytes` of all
    indexes, `key_bytes` of the key of operation ids, and `steps` of history at `step_bytes` each, indexes included.
    """

    cores: int
    memory_bytes: int
    transitions_per_s: float
    core_s: float
    log_bytes: float
    alone_s: float
    steps: float
    ticket_bytes: float
    step_bytes: float
    index_bytes: float
    key_bytes: float
    tickets_per_tenant: float

    @property
    def whole_bytes(self) -> float:
        """One ticket with its history and all indexes."""
        return self.ticket_bytes + self.steps * self.step_bytes


def read_costs(results: Results, sweep: Sweep) -> Costs:
    """
    The costs that the results of a check and a sweep tell.

    Raises:
        UsageError: the check had no load, or the processor could not be read meanwhile.
    """
    load = results.load
    shares = (
        [one.server_share for one in load.server.samples if one.server_share is not None]
        if load and load.server
        else []
    )
    logged = [one.wal_bytes_per_s for one in load.server.samples if one.wal_bytes_per_s] if load and load.server else []
    medians = [one.p50_ms for one in results.subjects if load is not None and one.name == load.subject]
    alone = [one for one in medians if one is not None]
    if load is None or not load.transitions_per_s or not shares or not logged or not alone:
        raise UsageError(
            "the results do not say what a transition costs the server",
            observed="no load, or one during which neither processor nor log could be read",
            expected="a results.json of `virtualq check` on the harness's own server",
            next_step="virtualq check --profile standard --out out/standard",
        )
    last = sweep.sizes[-1]
    sizes = {one.name: one.size_bytes for one in last.relations}
    history_bytes = sum(one.size_bytes for one in last.relations if one.table == _HISTORY)
    cores, memory_bytes = (int(str(results.environment[name])) for name in ("cores", "memory_bytes"))
    return Costs(
        cores=cores,
        memory_bytes=memory_bytes,
        transitions_per_s=load.transitions_per_s,
        core_s=statistics.fmean(shares) * cores / load.transitions_per_s,
        log_bytes=statistics.fmean(logged) / load.transitions_per_s,
        alone_s=alone[0] / 1000,
        steps=last.history / last.tickets,
        ticket_bytes=(last.size_bytes - history_bytes) / last.tickets,
        step_bytes=history_bytes / last.history,
        index_bytes=sum(one.size_bytes for one in last.relations if one.is_index) / last.tickets,
        key_bytes=sizes[_OPERATION_KEY] / last.tickets,
        tickets_per_tenant=last.tickets / sweep.tenants,
    )
