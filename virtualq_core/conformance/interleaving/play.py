"""One order, played from its beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from virtualq_core.conformance.expectation import NotAsRequired
from virtualq_core.conformance.interleaving.permutation import Choice, Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.conformance.interleaving.deed import Deed
    from virtualq_core.conformance.interleaving.player import Player
    from virtualq_core.conformance.interleaving.scene import Scene
    from virtualq_core.conformance.interleaving.waiting import Watcher


@dataclass
class Play:
    """What was played: the world, the points at which a session was chosen, what each did, and the story in words."""

    scene: Scene
    deeds: dict[str, list[Deed]]
    choices: list[Choice] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    waited: set[str] = field(default_factory=set)

    @property
    def order(self) -> Order:
        """The sessions as their steps came."""
        return tuple(choice.taken for choice in self.choices)

    @property
    def story(self) -> str:
        """What happened, in one line."""
        return "; ".join(self.lines)

    @property
    def outcomes(self) -> dict[str, tuple[str, ...]]:
        """What became of each session's operations, and of a commit that was refused."""
        return {
            name: tuple(
                f"{one.step.verb} {one.word}" if one.step.ends_transaction else one.word
                for one in deeds
                if not one.step.ends_transaction or one.is_error
            )
            for name, deeds in self.deeds.items()
        }


class ImpossibleOrder(NotAsRequired):
    """A step would have to be taken by a session that still waits."""


def play(scene: Scene, players: Sequence[Player], watcher: Watcher, beginning: Order) -> Play:
    """
    Play one order: as `beginning` says, and then on by the first session that can.

    Afterwards no transaction is open, whatever happened.

    Raises:
        ImpossibleOrder: somebody who is to take a step waits for a lock, or has none left.
        NotAsRequired: a session neither ends its step nor waits for another one.
    """
    by_name = {player.name: player for player in players}
    for player in players:
        player.enter(scene)
    played = Play(scene, {player.name: player.deeds for player in players})
    try:
        while ready := tuple(player.name for player in players if player.can_go_on):
            place = len(played.choices)
            chosen = beginning[place] if place < len(beginning) else ready[0]
            if chosen not in ready:
                reason = "still waits" if by_name.get(chosen) and by_name[chosen].pending else "has no step left"
                raise ImpossibleOrder(f"{played.story}; {chosen} {reason}", "an order that can be played")
            played.choices.append(Choice(chosen, ready))
            _take(played, by_name[chosen], players, watcher)
    finally:
        watcher.release(players)
    return played


def _take(played: Play, player: Player, players: Sequence[Player], watcher: Watcher) -> None:
    """One step, and all that it sets going."""
    deed = player.go_on()
    ended = watcher.settle(players)
    if player in ended:
        played.lines.append(f"{player.name}: {_told(deed)}")
    else:
        played.waited.add(player.name)
        played.lines.append(f"{player.name}: {deed.step} waits")
    for other in ended:
        if other is not player:
            played.lines.append(f"{other.name} goes on: {_told(other.deeds[-1])}")


def _told(deed: Deed) -> str:
    if deed.step.ends_transaction:
        return deed.word if not deed.is_error else f"{deed.step} {deed.word} ({deed.told})"
    return f"{deed.step}: {deed.word}" + (f" ({deed.told})" if deed.word.startswith("error ") else "")
