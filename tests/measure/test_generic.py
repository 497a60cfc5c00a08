"""What a plan for any parameters is held to: the rows that it fetches, not how often it touches a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure import generic
from virtualq_core.measure.catalogue import Case, draw
from virtualq_core.measure.explain import Modes, explain_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.plan import Plan


def test_a_plan_that_reads_a_queue_for_one_ticket_is_told(stored: Callable[[str], Plan]) -> None:
    """The plan for any parameters of who is next, which sorts the queue, is many times the work."""
    case = Case("next_to_claim", 1, "deep queue", {})

    assert generic.ratio(Modes(case, stored("next"), stored("next_generic"), is_flipped=True)) > 5


@pytest.mark.server
def test_the_same_rows_by_a_bitmap_or_by_the_index_are_the_same_work(observer: Observer) -> None:
    """In a small table a bitmap touches half the blocks, because many of the rows share one; nothing else differs."""
    [case, *_] = draw(observer, queries=["list_queue"], tickets_in_queue=1000)
    indexed = explain_after(observer, case, settings={"enable_bitmapscan": "off", "enable_seqscan": "off"})
    bitmap = explain_after(observer, case, settings={"enable_indexscan": "off", "enable_seqscan": "off"})

    assert indexed is not None
    assert bitmap is not None
    assert indexed.buffers > 2 * bitmap.buffers
    assert generic.ratio(Modes(case, bitmap, indexed, is_flipped=True)) < 1.2
