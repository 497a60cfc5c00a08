"""What clients ask for: which operations how often, of which tickets, over how much of the database."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How often each operation is chosen, in weights that only matter against each other."""

    transition: int = 0
    bulk: int = 0
    claim: int = 0
    create: int = 0
    list: int = 0
    read: int = 0
    dashboard: int = 0
    search: int = 0
    publish: int = 0


@dataclass(frozen=True, kw_only=True)
class Contention:
    """
    Which tickets a transition goes to.

    All clients fight over `hot_tickets`; `hot_share` of the transitions go to these and the rest to any open ticket.
    `blind_share` asks for any transition of the machine, legal or not; `expecting_share` names the state or the version
    that the client expects.
    """

    hot_tickets: int = 8
    hot_share: float = 0.5
    blind_share: float = 0.1
    expecting_share: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Extent:
    """
    How much of the database takes part.

    The `tenants` with the most open tickets, at most `open_tickets` of theirs, and queues of at most `listed_tickets`
    open tickets for listing. A tenant is drawn by its open tickets to the power of `tenant_skew`: 0 makes all alike,
    more than 1 makes the big ones even more busy. `hot_tenant_share`, if any, is what the biggest one has of it all.
    A bulk call names `bulk_tickets` at once.
    """

    tenants: int = 4
    tenant_skew: float = 1.0
    hot_tenant_share: float = 0.0
    open_tickets: int = 4000
    listed_tickets: int = 200
    bulk_tickets: int = 10


@dataclass(frozen=True, kw_only=True)
class Demand:
    """All of it."""

    mix: Mix
    contention: Contention = field(default_factory=Contention)
    extent: Extent = field(default_factory=Extent)
