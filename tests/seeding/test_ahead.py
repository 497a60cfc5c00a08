"""Things prepared by another thread come in order, and none is left behind."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from virtualq_core.seeding.ahead import prepare_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


def workers() -> list[threading.Thread]:
    """The threads that prepare something."""
    return [thread for thread in threading.enumerate() if thread.name == "prepare-ahead"]


def test_items_come_in_order() -> None:
    """All of them, once."""
    assert list(prepare_ahead(range(1000))) == list(range(1000))
    assert not workers()


def test_an_error_comes_in_its_place() -> None:
    """What was made before it is delivered first."""

    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    ahead = prepare_ahead(items())
    found = [next(ahead), next(ahead)]
    with pytest.raises(ValueError, match="third"):
        next(ahead)
    assert found == [1, 2]


def test_whoever_stops_asking_stops_the_work() -> None:
    """Closing leaves no thread behind, and no more than the depth is made for nothing."""
    made = []

    def items() -> Iterator[int]:
        for number in range(1_000_000):
            made.append(number)
            yield number

    with closing(prepare_ahead(items(), depth=2)) as ahead:
        assert next(ahead) == 0
    assert not workers()
    assert len(made) <= 5
