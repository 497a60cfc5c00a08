"""
Many clients move tickets: bare, by one validating statement, by the database's function, by a table of transitions.

In each block every variant has one turn, in an order that is drawn anew, so that a slow moment of the machine falls on
all of them; ratios are taken within blocks.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.measure.guarantee import scene
from virtualq_core.measure.guarantee.pgbench import BenchmarkBroke, TooShort, run_script
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    import random

    from virtualq_core.measure.guarantee.pgbench import Log
    from virtualq_core.measure.guarantee.scene import Scene

CLIENTS = 8
TRANSACTIONS = 250
LEAST_TRANSACTIONS = 100
LEAST_BLOCKS = 8
_LONGER = (1, 2, 4)


@dataclass(frozen=True)
class Variant:
    """One way to move a ticket: its script, the role that it works as, and whether it leaves a history."""

    name: str
    role: str | None = None
    is_recorded: bool = True


BARE_UPDATE = Variant("bare_update", is_recorded=False)
STATEMENT = Variant("statement")
TRANSITION_TABLE = Variant("transition_table")
PROCEDURAL = Variant("procedural", role=APPLICATION_ROLE)
VARIANTS = (BARE_UPDATE, STATEMENT, TRANSITION_TABLE, PROCEDURAL)


def measure_writing(place: Scene, *, limit_s: float, draw: random.Random) -> dict[str, list[float]]:
    """
    Each variant's transitions a second, block by block.

    At least eight blocks are done, and more until `limit_s` is over. A turn counts once its tickets have moved as often
    as pgbench says, and as many steps are recorded.

    Raises:
        BenchmarkBroke: a transaction failed, or the rows do not bear out what pgbench says.
    """
    rates: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    # The first block writes whole pages into the log, because a checkpoint came before it, and is not counted.
    begin = time.monotonic()
    for variant in VARIANTS:
        _turn(place, variant, TRANSACTIONS)
    deadline = time.monotonic() + limit_s
    size = turn_size(time.monotonic() - begin, limit_s)
    while len(rates[BARE_UPDATE.name]) < LEAST_BLOCKS or time.monotonic() < deadline:
        for variant in draw.sample(VARIANTS, len(VARIANTS)):
            rates[variant.name].append(_rate(place, variant, size))
    return rates


def turn_size(block_s: float, limit_s: float) -> int:
    """
    How many transactions of each client make a turn, where a block of whole turns takes `block_s`.

    A slow machine's turns are shorter, so that the least number of blocks fits into the time, or nearly.
    """
    fitting = round(TRANSACTIONS * limit_s / (LEAST_BLOCKS * block_s))
    return max(min(TRANSACTIONS, LEAST_TRANSACTIONS), min(TRANSACTIONS, fitting))


def _rate(place: Scene, variant: Variant, transactions: int) -> float:
    """The rate of one turn; of a longer one where the machine let the clients work one after the other."""
    for longer in _LONGER:
        with suppress(TooShort):
            return _turn(place, variant, transactions * longer).rate
    return _turn(place, variant, transactions * 2 * _LONGER[-1]).rate


def _turn(place: Scene, variant: Variant, transactions: int) -> Log:
    """One variant's part in a block, borne out by the rows."""
    moves, records = place.counts(variant.name)
    log = run_script(
        place.database,
        scene.script(variant.name),
        clients=CLIENTS,
        transactions=transactions,
        variables=place.variables,
        role=variant.role,
    )
    moved, recorded = place.counts(variant.name)
    found = (moved - moves, recorded - records if variant.is_recorded else len(log))
    if found != (len(log), len(log)):
        raise BenchmarkBroke(
            f"'{variant.name}' did not do what it was timed for",
            observed=f"{found[0]:,} moves and {found[1]:,} recorded steps",
            expected=f"{len(log):,} of each",
        )
    return log
