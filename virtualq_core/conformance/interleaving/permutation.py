"""
The orders that the steps of several sessions can come in, each session's own order kept.

Which of them are possible is known only while they are played: a session that waits for a lock cannot take its next
step. So a play tells at each point who could have gone on, and the next play differs from it at the last point where
somebody else could. Each possible order is played once; the impossible ones are the rest.
"""

from __future__ import annotations

from math import factorial, prod
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Order = tuple[str, ...]
"""The names of sessions, as their steps come."""
_Played = TypeVar("_Played")


class Choice(NamedTuple):
    """One point of a play: who took a step there, and who could have, in the order of the file."""

    taken: str
    among: Order


def count_orders(lengths: Iterable[int]) -> int:
    """How many orders sessions of so many steps can come in, if nobody ever waits: the multinomial coefficient."""
    counts = list(lengths)
    return factorial(sum(counts)) // prod(factorial(count) for count in counts)


def next_order(choices: Sequence[Choice]) -> Order | None:
    """How the next play begins: as this one did, up to the last point where somebody else could go; none is the end."""
    for place in range(len(choices) - 1, -1, -1):
        taken, among = choices[place]
        later = among[among.index(taken) + 1 :]
        if later:
            return (*(choice.taken for choice in choices[:place]), later[0])
    return None


def every_order(
    play: Callable[[Order], _Played], choices_of: Callable[[_Played], Sequence[Choice]]
) -> Iterator[_Played]:
    """
    Play every possible order, in the order of the file's sessions.

    `play` begins as it is told, and then lets the first session go on that can; `choices_of` are its points.
    """
    order: Order | None = ()
    while order is not None:
        played = play(order)
        yield played
        order = next_order(choices_of(played))
