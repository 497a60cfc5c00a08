"""What a seeded database holds, as its marker remembers it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Dataset:
    """
    The figures of a seeded dataset; `hash` tells two datasets apart.

    The hash covers the plan and every loaded byte, so that it is the same for the same plan on any machine.
    The landmarks are where measurements look: the queue that lists exactly `listed_open` open tickets of one type,
    and the largest, the median and the smallest tenant (the smallest of three or more has no tickets).
    """

    hash: str
    seed: int
    now: str
    tickets: int
    items: int
    history: int
    accounts: int
    tenants: int
    queues: int
    customers: int
    employees: int
    size_bytes: int
    listed_tenant_id: int
    listed_queue_id: int
    listed_type_id: int
    listed_open: int
    largest_tenant_id: int
    median_tenant_id: int
    smallest_tenant_id: int

    @property
    def moment(self) -> datetime:
        """The moment as of which the data was recorded; what `at` is to be for expiry and waits."""
        return datetime.fromisoformat(self.now)

    def to_json(self) -> dict[str, Any]:
        """As stored in `virtualq.Installation.dataset`."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """From what `to_json` gave; members that this version does not know are passed over."""
        return cls(**{field.name: document[field.name] for field in fields(cls)})
