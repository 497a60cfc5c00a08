"""
Knowing that a session waits, without guessing by the clock.

A session waits if the server says that others of the play block it, and these are idle or wait themselves: nothing will
happen until somebody takes a further step. Sessions that block one another in a circle do not count as waiting, because
the server is about to end one of them.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.conformance.expectation import NotAsRequired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from virtualq_core.conformance.interleaving.player import Player

_SQL = content.beside(__file__, "waiting.sql")
_PATIENCE_S = 30.0
_GRACE_S = 5.0  # longer than the server takes to end a deadlock
_POLL_S = 0.001


class Watcher:
    """Looks at the sessions of a play over a connection of its own."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def settle(self, players: Sequence[Player]) -> list[Player]:
        """
        Wait until every session has ended its step or waits for another one's; those whose step ended, as they did.

        Raises:
            NotAsRequired: half a minute passed, and one neither ended nor waited.
        """
        ended: list[Player] = []
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            pending = [player for player in players if player.pending is not None]
            wait([player.pending for player in pending if player.pending], _POLL_S, FIRST_COMPLETED)
            ended += [player for player in pending if player.collect()]
            pending = [player for player in pending if player.pending is not None]
            if not pending or self._all_wait(pending, players):
                return ended
            if time.monotonic() > deadline:
                names = " and ".join(player.name for player in pending)
                raise NotAsRequired(
                    f"that {names} neither ended nor waited for another session for {_PATIENCE_S:.0f} s",
                    "an end, or a wait for a lock",
                )

    def release(self, players: Sequence[Player]) -> None:
        """End every transaction: those that wait for one end with it, and are cancelled if they do not."""
        left = list(players)
        for cancels in (False, True):
            deadline = time.monotonic() + (_PATIENCE_S if cancels else _GRACE_S)
            while left and time.monotonic() < deadline:
                for player in [one for one in left if one.pending is None]:
                    player.let_go()
                    left.remove(player)
                if cancels:
                    self._connection.execute(_SQL["cancel"].sql, {"pids": [player.pid for player in left]})
                wait([player.pending for player in left if player.pending], _POLL_S, FIRST_COMPLETED)
                for player in left:
                    player.collect()
        if left:
            raise NotAsRequired(f"that {left[0].name} cannot be stopped", "a step that can be cancelled")

    def _all_wait(self, pending: Sequence[Player], players: Sequence[Player]) -> bool:
        pids = [player.pid for player in pending]
        ours = {player.pid for player in players}
        rows = self._connection.execute(_SQL["find_blockers"].sql, {"pids": pids}).fetchall()
        blockers = {pid: ours.intersection(found) for pid, found in rows}
        return all(blockers.values()) and not _has_circle(blockers)


def _has_circle(blockers: Mapping[int, set[int]]) -> bool:
    """Whether somebody waits, by way of others, for itself."""
    ahead = dict(blockers)
    while ahead:
        free = [pid for pid, found in ahead.items() if not found & ahead.keys()]
        if not free:
            return True
        for pid in free:
            del ahead[pid]
    return False
