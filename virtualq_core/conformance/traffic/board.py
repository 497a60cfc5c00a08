"""What the clients of one process know of the tickets between them: shared, so that they race."""

from __future__ import annotations

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
    Open tickets, `hot` ones before the others.

    The hot places are what everybody fights over: as soon as a ticket there is closed, another one takes its place.
    Safe for threads; a card may change under the eyes of who holds it, as the ticket itself may.
    """

    def __init__(self, target: Target, hot: int) -> None:
        self._hot = hot
        self._lock = Lock()
        self._cards: list[Card] = []
        self._by_id: dict[tuple[int, int], Card] = {}
        for ticket in target.tickets:
            self.add(Card(ticket.id, target.queues[ticket.queue], target.types[ticket.type], ticket.state))

    def __len__(self) -> int:
        return len(self._cards)

    def add(self, card: Card) -> None:
        """A ticket that was found or created; closed ones are of no use."""
        if card.is_open:
            with self._lock:
                card.place = len(self._cards)
                self._cards.append(card)
                self._by_id[card.tenant_id, card.ticket_id] = card

    def find(self, tenant_id: int, ticket_id: int) -> Card | None:
        """The card of a ticket, if it is on the board."""
        return self._by_id.get((tenant_id, ticket_id))

    def pick(self, chance: random.Random, hot_share: float) -> Card | None:
        """A hot ticket with that probability, else any other; None where there are too few hot ones left."""
        with self._lock:
            hot = self._hot if chance.random() < hot_share else len(self._cards)
            if not self._cards or len(self._cards) < min(hot, self._hot):
                return None
            return self._cards[chance.randrange(min(hot, len(self._cards)))]

    def gather(self, chance: random.Random, like: Card, at_most: int) -> list[Card]:
        """Tickets of the same tenant and type that are thought to be in the same state, a hot one among them."""
        found = {like.ticket_id: like}
        with self._lock:
            for _ in range(4 * at_most if self._cards else 0):
                card = self._cards[chance.randrange(len(self._cards))]
                if (card.tenant_id, card.type, card.state) == (like.tenant_id, like.type, like.state):
                    found[card.ticket_id] = card
                if len(found) == at_most:
                    break
        return list(found.values())

    def update(self, card: Card, state: str, seq: int) -> None:
        """
        An answer said where the ticket was at `seq`; one that comes late changes nothing.

        A closed ticket leaves the board, and the last one fills its place.
        """
        with self._lock:
            if seq < card.seq:
                return
            card.state, card.seq = state, seq
            card.is_doubtful = False
            if card.is_open or self._by_id.get((card.tenant_id, card.ticket_id)) is not card:
                return
            del self._by_id[card.tenant_id, card.ticket_id]
            last = self._cards.pop()
            if last is not card:
                self._cards[card.place] = last
                last.place = card.place
