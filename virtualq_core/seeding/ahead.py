"""Preparing the next things while the present one is being dealt with."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

Item = TypeVar("Item")


def prepare_ahead(items: Iterable[Item], depth: int = 2) -> Generator[Item, None, None]:
    """
    The same items, made by another thread, at most `depth` of them ahead.

    An error in the other thread is raised here in its place. Closing the generator, also by an error at its user's,
    stops the other thread and waits for it.
    """
    ready: deque[Item] = deque()
    failures: list[BaseException] = []
    changed = threading.Condition()
    is_over = False  # nothing more will come
    is_wanted = True  # somebody still asks

    def work() -> None:
        nonlocal is_over
        try:
            for item in items:
                with changed:
                    changed.wait_for(lambda: len(ready) < depth or not is_wanted)
                    if not is_wanted:
                        return
                    ready.append(item)
                    changed.notify_all()
        except BaseException as failure:  # noqa: BLE001 - it is raised where the items are used
            failures.append(failure)
        finally:
            with changed:
                is_over = True
                changed.notify_all()

    worker = threading.Thread(target=work, name="prepare-ahead", daemon=True)
    worker.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: ready or is_over)
                if not ready:
                    break
                item = ready.popleft()
                changed.notify_all()
            yield item
        if failures:
            raise failures[0]
    finally:
        with changed:
            is_wanted = False
            changed.notify_all()
        worker.join()
