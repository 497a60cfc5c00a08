"""The words of a file: which verbs there are, who may use them, what they are about, and what may come of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product
from typing import TYPE_CHECKING

from virtualq_core.conformance.interleaving.script import DEADLOCK, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from virtualq_core.conformance.interleaving.script import Kind, Step

REFUSED = "refused"
"""What becomes of a step that an integrity constraint or a missing right refuses, and no rule of the machine."""
NOTHING_DONE = "nothing"
"""What becomes of a step that finds no row to change."""
BULK_OUTCOMES = ("moved", "replayed", "illegal", "not-found", "operation-reused")
_ALWAYS = (REFUSED, DEADLOCK, SKIPPED)
_OF_TICKET = ("illegal-transition", "stale-ticket", "ticket-not-found", "operation-reused", "orphaned-state")


@dataclass(frozen=True)
class Names:
    """Everything that a step can name, by kind; `tickets` has those that steps create as well."""

    tickets: tuple[str, ...]
    queues: tuple[str, ...]
    customers: tuple[str, ...]
    employees: tuple[str, ...]
    types: tuple[str, ...]
    machines: tuple[str, ...]
    states: tuple[str, ...]
    transitions: tuple[str, ...]


def together(words: Mapping[str, str]) -> str:
    """What became of several tickets, in one phrase: one word where it is the same for all."""
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{name} {word}" for name, word in words.items())


def taken(verb: str, names: Sequence[str]) -> str:
    """Which tickets a claim or an expiry took: `claimed latte`, `expired nothing`."""
    return f"{verb} {', '.join(names) or NOTHING_DONE}"


def _fixed(*words: str) -> Callable[[Step, Names], Iterable[str]]:
    return lambda _step, _names: words


def _of_bulk(step: Step, _: Names) -> Iterable[str]:
    names = step.arguments["tickets"]
    for words in product(BULK_OUTCOMES, repeat=len(names)):
        yield together(dict(zip(names, words, strict=True)))
    yield from _OF_TICKET


def _of_claim(_: Step, names: Names) -> Iterable[str]:
    yield taken("claimed", [])
    yield from (taken("claimed", [ticket]) for ticket in names.tickets)
    yield from _OF_TICKET


def _of_expiry(_: Step, names: Names) -> Iterable[str]:
    for size in range(len(names.tickets) + 1):
        yield from (taken("expired", chosen) for chosen in combinations(names.tickets, size))
    yield from _OF_TICKET


def _of_reading(_: Step, names: Names) -> Iterable[str]:
    yield "saw nothing"
    yield from (f"saw {state}" for state in names.states)


@dataclass(frozen=True)
class Verb:
    """
    A word of the files.

    `value` is the kind of what the word itself is given, none where it stands alone; `arguments` are the kinds of its
    further arguments. `outcomes` are the words that it may end with, beside those that any step may.
    """

    speakers: tuple[Kind, ...]
    value: str | None
    arguments: Mapping[str, str] = field(default_factory=dict)
    outcomes: Callable[[Step, Names], Iterable[str]] = field(default=_fixed())

    def all_outcomes(self, step: Step, names: Names) -> frozenset[str]:
        """Every word that a step may end with."""
        return frozenset((*_ALWAYS, *self.outcomes(step, names)))


VERBS: Mapping[str, Verb] = {
    "transition": Verb(
        ("application", "subject"),
        "transition",
        {"ticket": "ticket", "expecting": "state", "at_version": "number", "operation": "operation"},
        _fixed("moved", "replayed", *_OF_TICKET),
    ),
    "bulk": Verb(
        ("application", "subject"), "transition", {"tickets": "tickets", "operations": "operations"}, _of_bulk
    ),
    "create": Verb(
        ("application", "subject"),
        "new",
        {"type": "type", "queue": "queue", "customer": "customer", "employee": "employee", "operation": "operation"},
        _fixed("created", "replayed", "operation-reused", "stale-type", "illegal-transition"),
    ),
    "claim": Verb(
        ("application", "subject"),
        "state",
        {"queue": "queue", "employee": "employee", "taking": "transition", "lease_minutes": "number"},
        _of_claim,
    ),
    "set_state": Verb(("application",), "state", {"ticket": "ticket"}, _fixed("moved", "nothing", *_OF_TICKET)),
    "read": Verb(("application",), "ticket", outcomes=_of_reading),
    "expire": Verb(("application",), None, outcomes=_of_expiry),
    "refresh_waits": Verb(("application",), None, outcomes=_fixed("refreshed")),
    "reassign": Verb(
        ("application",),
        "ticket",
        {"queue": "queue", "employee": "employee"},
        _fixed("reassigned", NOTHING_DONE),
    ),
    "publish": Verb(
        ("application",),
        "type",
        {"as": "machine", "mapping": "mapping"},
        _fixed("published", "orphaned-state", NOTHING_DONE),
    ),
    "delete": Verb(("application",), "thing", outcomes=_fixed("deleted", NOTHING_DONE)),
    "rename": Verb(("application",), "named", outcomes=_fixed("renamed", NOTHING_DONE)),
    "purge": Verb(("owner",), None, outcomes=_fixed("purged", "purged nothing")),
    "off_board": Verb(("owner",), None, outcomes=_fixed("off-boarded", "tenant-not-found")),
    "commit": Verb(("application", "owner"), None),
    "rollback": Verb(("application", "owner"), None),
}
