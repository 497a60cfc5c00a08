"""What the clients of one process know of the tickets between them: shared, so that they race."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate, islice
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from virtualq_core.conformance.traffic.target import Target, TargetQueue, TargetType


class Card:
    """
    A ticket as the clients last knew it.

    `state` and `seq` (0 where it is not known) are from some client's answer; another one may have moved the ticket
    since. `is_doubtful` says that an answer did not fit, and somebody should look.
    """

    __slots__ = ("is_doubtful", "place", "queue", "seq", "state", "tenant_id", "ticket_id", "type")

    def __init__(self, ticket_id: int, queue: TargetQueue, kind: TargetType, state: str, seq: int = 0) -> None:
        self.tenant_id = queue.tenant_id
        self.ticket_id = ticket_id
        self.queue = queue
        self.type = kind
        self.state = state
        self.seq = seq
        self.is_doubtful = False
        self.place = 0

    @property
    def is_open(self) -> bool:
        """Whether the ticket can still be moved, as far as is known."""
        return self.state not in self.type.terminal_states


class Board:
    """
    Open tickets, so many `hot` ones among them.

    The hot ones are what everybody fights over: as soon as one of them is closed, another ticket takes its place. A
    tenant is drawn by its open tickets at the begin, to the power of `tenant_skew`; `hot_tenant_share`, if any, is the
    share of the first tenant, which has the most. With `at_most` there are no more cards than that, however long it
    goes on. Safe for threads; a card may change under the eyes of who holds it, as the ticket itself may.
    """

    def __init__(
        self,
        target: Target,
        hot: int,
        *,
        at_most: int | None = None,
        tenant_skew: float = 1.0,
        hot_tenant_share: float = 0.0,
    ) -> None:
        self._most_hot = hot
        self._at_most = at_most
        self._lock = Lock()
        self._piles: dict[int, list[Card]] = {}
        self._hot: list[Card] = []
        self._by_id: dict[tuple[int, int], Card] = {}
        self._queues: dict[int, list[TargetQueue]] = {}
        self._employees = dict(target.employees)
        for queue in target.queues:
            self._queues.setdefault(queue.tenant_id, []).append(queue)
        for ticket in target.tickets:
            self.add(Card(ticket.id, target.queues[ticket.queue], target.types[ticket.type], ticket.state))
        sizes = target.open_tickets
        self._tenants = list(sizes)
        self._weights = _crowd(sizes, tenant_skew, hot_tenant_share)

    def __len__(self) -> int:
        return len(self._by_id)

    def queues(self, tenant_id: int) -> list[TargetQueue]:
        """The tenant's queues, at least one."""
        return self._queues[tenant_id]

    def employees(self, tenant_id: int) -> list[int]:
        """Some of the tenant's employees, if it has any."""
        return self._employees.get(tenant_id, [])

    def pick_tenant(self, chance: random.Random) -> int:
        """A tenant by its weight."""
        return self._tenants[bisect(self._weights, chance.random() * self._weights[-1], hi=len(self._tenants) - 1)]

    def add(self, card: Card) -> None:
        """A ticket that was found or created; closed ones are of no use, nor is one for which there is no room."""
        if card.is_open:
            with self._lock:
                if self._at_most is not None and len(self._by_id) >= self._at_most:
                    return
                pile = self._piles.setdefault(card.tenant_id, [])
                card.place = len(pile)
                pile.append(card)
                self._by_id[card.tenant_id, card.ticket_id] = card
                if len(self._hot) < self._most_hot:
                    self._hot.append(card)

    def find(self, tenant_id: int, ticket_id: int) -> Card | None:
        """The card of a ticket, if it is on the board."""
        return self._by_id.get((tenant_id, ticket_id))

    def pick(self, chance: random.Random, hot_share: float) -> Card | None:
        """A hot ticket with that probability, else any of some tenant; None where there is none left."""
        is_hot = chance.random() < hot_share
        with self._lock:
            pile = self._hot if is_hot else self._piles.get(self.pick_tenant(chance))
            if not pile or (is_hot and len(pile) < self._most_hot):
                return None
            return pile[chance.randrange(len(pile))]

    def gather(self, chance: random.Random, like: Card, at_most: int) -> list[Card]:
        """Tickets of the same tenant and type that are thought to be in the same state, a hot one among them."""
        found = {like.ticket_id: like}
        with self._lock:
            pile = self._piles.get(like.tenant_id, [])
            for _ in range(4 * at_most if pile else 0):
                card = pile[chance.randrange(len(pile))]
                if (card.type, card.state) == (like.type, like.state):
                    found[card.ticket_id] = card
                if len(found) == at_most:
                    break
        return list(found.values())

    def update(self, card: Card, state: str, seq: int) -> None:
        """
        An answer said where the ticket was at `seq`; one that comes late changes nothing.

        A closed ticket leaves the board.
        """
        with self._lock:
            if seq < card.seq:
                return
            card.state, card.seq = state, seq
            card.is_doubtful = False
            if not card.is_open and self._by_id.get((card.tenant_id, card.ticket_id)) is card:
                self._remove(card)

    def _remove(self, card: Card) -> None:
        """The last one of the pile fills its place, and where it was hot, so does another one there."""
        del self._by_id[card.tenant_id, card.ticket_id]
        pile = self._piles[card.tenant_id]
        last = pile.pop()
        if last is not card:
            pile[card.place] = last
            last.place = card.place
        if card in self._hot:
            self._hot.remove(card)
            self._hot.extend(islice((one for one in pile if one not in self._hot), 1))


def _crowd(sizes: dict[int, int], skew: float, hot_share: float) -> list[float]:
    """The weights of tenants of these sizes, summed up."""
    weights = [float(max(1, size)) ** skew for size in sizes.values()]
    if hot_share and len(weights) > 1:
        others = sum(weights[1:])
        weights = [hot_share, *(weight * (1 - hot_share) / others for weight in weights[1:])]
    return list(accumulate(weights))
