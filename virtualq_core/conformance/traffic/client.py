"""One client: does an operation on a subject's session, and records it as it saw it."""

from __future__ import annotations

from time import perf_counter_ns

from virtualq_core.conformance.operation import Kind, Outcome
from virtualq_core.conformance.traffic.board import Card
from virtualq_core.conformance.traffic.clerk import new_operation_id, operation
from virtualq_core.conformance.traffic.reader import Reader
from virtualq_core.conformance.witness import claimant
from virtualq_core.errors import IllegalTransition, OperationReused, TicketNotFound
from virtualq_core.tickets import Item
from virtualq_core.types import Types

_ITEMS = (Item("Flat white"), Item("Bagel", 2), Item("Repair kit", 1, "as on the phone"))
_UNEVENTFUL = 5  # an edge that closes the ticket is chosen so many times less often than one that does not
_HALF = 0.5
_NOTHING_TO_CLAIM = "nothing-to-claim"
_BULK: dict[str, tuple[Outcome, str | None]] = {
    "moved": (Outcome.OK, None),
    "replayed": (Outcome.OK, None),
    "illegal": (Outcome.REFUSED, IllegalTransition.code),
    "not-found": (Outcome.REFUSED, TicketNotFound.code),
    "operation-reused": (Outcome.REFUSED, OperationReused.code),
}


class Client(Reader):
    """
    One operation at a time, on a connection of its own or on one that `source` lends.

    Every public method is one operation (or two: a look at a ticket that moved unseen comes first) and does not raise
    for its outcome, whatever that is. With a connection of its own a client connects at once, and what the subject
    raises then is raised; it connects again after a connection was lost. A source that is an `OwnSession` is the
    client's, and is closed with it. Where the subject keeps its connection out of our sight, lists and reads go by one
    of the client's own. `told` hears of every operation; `waited_ns` tells how long whoever calls it has waited for the
    server so far.
    """

    @operation(Kind.TRANSITION)
    def transition(self) -> None:
        """Move a ticket, often one that others are at as well; look at it first where nobody knows how it stands."""
        plan, chance = self._demand.contention, self._chance
        card = self._board.pick(chance, plan.hot_share)
        if card is None:
            self._create()
            return
        if card.is_doubtful:
            self._look_at(card, is_aside=True)
            if not card.is_open:
                self._create()
                return
        session, known = self._ready(), card.seq
        name = self._choose_transition(card, is_blind=chance.random() < plan.blind_share)
        state, version = self._expect(card)
        op_id = new_operation_id()
        asked = self._asked(Kind.TRANSITION, op_id, card.tenant_id, card.ticket_id, name, state, version)
        try:
            done = session.transition(
                card.tenant_id,
                card.ticket_id,
                name,
                expected_state=state,
                expected_version=version,
                operation_id=op_id,
            )
        except BaseException as error:  # noqa: BLE001  whatever it is, it is this operation's outcome
            self._ended(asked, error)
            card.is_doubtful |= card.seq == known
        else:
            self._answered(asked, seq=done.seq, from_state=done.from_state, to_state=done.to_state)
            self._board.update(card, done.to_state, done.seq)

    @operation(Kind.BULK)
    def bulk(self) -> None:
        """Move several tickets in one call, hot ones among them."""
        card = self._board.pick(self._chance, 1.0)
        if card is None:
            self._create()
            return
        cards = self._board.gather(self._chance, card, self._demand.extent.bulk_tickets)
        self._chance.shuffle(cards)
        name = self._choose_transition(card, is_blind=False)
        session, op_ids = self._ready(), [new_operation_id() for _ in cards]
        operations = {
            card.ticket_id: self._asked(Kind.BULK, op_id, card.tenant_id, card.ticket_id, name)
            for card, op_id in zip(cards, op_ids, strict=True)
        }
        begin, wire_ns = next(iter(operations.values())).invoke_ns, self._waited_ns()
        operations = {ticket_id: one._replace(invoke_ns=begin) for ticket_id, one in operations.items()}
        try:
            outcomes = session.transition_many(
                card.tenant_id, [one.ticket_id for one in cards], name, operation_ids=op_ids
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended_all(list(operations.values()), error)
            return
        end, wire_ns = perf_counter_ns(), self._waited_ns() - wire_ns
        operations = {ticket_id: one._replace(return_ns=end, wire_ns=wire_ns) for ticket_id, one in operations.items()}
        for done in outcomes:
            outcome, reason = _BULK.get(done.outcome, (Outcome.FAILED, done.outcome))
            answered = operations.pop(done.ticket_id)._replace(outcome=outcome, reason=reason)
            if outcome is Outcome.OK:
                answered = answered._replace(seq=done.seq, from_state=done.from_state, to_state=done.to_state)
            self._record(answered)
            found = self._board.find(card.tenant_id, done.ticket_id)
            if found is not None and done.seq is not None and done.to_state is not None:
                self._board.update(found, done.to_state, done.seq)
            elif found is not None:
                found.is_doubtful = True
        for unanswered in operations.values():
            self._record(unanswered._replace(outcome=Outcome.UNKNOWN, reason="not-answered"))

    @operation(Kind.CLAIM)
    def claim(self) -> None:
        """Lease the next ticket of a queue and take it out of its initial state."""
        queue = self._choose_queue()
        kind = self._target.types[self._chance.choice(queue.types)]
        employees = self._board.employees(queue.tenant_id)
        names = sorted(kind.edges.get(kind.initial_state, {}))
        if not employees or not names:
            self._create()
            return
        session, op_id = self._ready(), new_operation_id()
        state, name = kind.initial_state, self._chance.choice(names)
        asked = self._asked(Kind.CLAIM, op_id, queue.tenant_id, None, name, state)
        try:
            lease = session.claim_next(
                queue.tenant_id,
                queue.id,
                state,
                self._chance.choice(employees),
                transition=name,
                actor=claimant(op_id),
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(asked, error)
            return
        if lease is None:
            self._answered(asked, outcome=Outcome.REFUSED, reason=_NOTHING_TO_CLAIM)
            return
        self._answered(asked, ticket_id=lease.ticket_id, from_state=state, to_state=lease.state)
        card = self._board.find(queue.tenant_id, lease.ticket_id)
        if card is not None:
            card.is_doubtful = True

    @operation(Kind.CREATE)
    def create(self) -> None:
        """Create a ticket that looks like those that are there; the board has one more then."""
        self._create()

    def _create(self) -> None:
        queue = self._choose_queue()
        kind = self._target.types[self._chance.choice(queue.types)]
        session, op_id = self._ready(), new_operation_id()
        asked = self._asked(Kind.CREATE, op_id, queue.tenant_id, None)
        try:
            made = session.create_ticket(
                queue.tenant_id,
                queue.id,
                kind.id,
                custom_data=self._chance.choice(kind.samples) if kind.samples else None,
                items=self._chance.sample(_ITEMS, self._chance.randint(1, len(_ITEMS))),
                operation_id=op_id,
            )
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(asked, error)
            return
        self._answered(asked, ticket_id=made.id, seq=1, to_state=made.state)
        self._board.add(Card(made.id, queue, kind, made.state, 1))

    @operation(Kind.PUBLISH)
    def publish(self) -> None:
        """Publish a type of the tenant's own anew, as it is: every ticket of that type waits for it, or it for them."""
        queue = self._choose_queue()
        own = [self._target.types[place] for place in queue.types if self._target.types[place].scope == queue.tenant_id]
        if not own:
            self._create()
            return
        connection = self._sight()
        kind = self._chance.choice(own)
        asked = self._asked(Kind.PUBLISH, new_operation_id(), queue.tenant_id, None)
        try:
            Types(connection, queue.tenant_id).publish(kind.id)
        except BaseException as error:  # noqa: BLE001  the same
            self._ended(asked, error)
        else:
            self._answered(asked)

    @operation(Kind.READ)
    def read(self) -> None:
        """Read a hot ticket together with the end of its history."""
        card = self._board.pick(self._chance, 1.0)
        if card is None:
            self._create()
        else:
            self._look_at(card)

    def _expect(self, card: Card) -> tuple[str | None, int | None]:
        """The state or the version to name with a transition, if either."""
        if self._chance.random() >= self._demand.contention.expecting_share:
            return None, None
        names_version = card.seq > 0 and self._chance.random() < _HALF
        return (None, card.seq) if names_version else (card.state, None)

    def _choose_transition(self, card: Card, *, is_blind: bool) -> str:
        edges = card.type.edges.get(card.state, {})
        if is_blind or not edges:
            return self._chance.choice(sorted({name for names in card.type.edges.values() for name in names}))
        if len(edges) == 1:
            return next(iter(edges))
        names = sorted(edges)
        weights = [1 if edges[name] in card.type.terminal_states else _UNEVENTFUL for name in names]
        return self._chance.choices(names, weights)[0]
