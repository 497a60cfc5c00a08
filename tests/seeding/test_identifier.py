"""Identifiers are version 7 in form, ordered by time, and never the same twice."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from virtualq_core.seeding.identifier import Kind, identifiers

MOMENT = 1_762_956_000_000_000  # 2025-11-12T14:00Z


def made(kind: Kind, ids: list[int], micros: list[int], seed: int = 1) -> list[UUID]:
    """Identifiers as Python knows them."""
    raw = identifiers(kind, np.array(ids), np.array(micros), seed)
    return [UUID(bytes=bytes(one)) for one in raw]


def test_identifiers_are_of_version_7() -> None:
    """Version, variant and the time's milliseconds are where RFC 9562 has them."""
    (one,) = made(Kind.TICKET, [42], [MOMENT + 123_456])
    assert (one.version, one.variant) == (7, RFC_4122)
    assert one.int >> 80 == (MOMENT + 123_456) // 1000


def test_identifiers_rise_with_time() -> None:
    """Rows of later milliseconds have greater identifiers."""
    times = [MOMENT + 1000 * step for step in range(1000)]
    found = made(Kind.ITEM, list(range(1, 1001)), times)
    assert found == sorted(found)


@given(st.sets(st.tuples(st.sampled_from(list(Kind)), st.integers(1, 2**50)), min_size=2), st.integers(0, 2**64))
def test_no_two_rows_of_any_tables_share_an_identifier(rows: set[tuple[Kind, int]], seed: int) -> None:
    """Also at one and the same moment: the table and the id alone make the difference."""
    found = {made(kind, [number], [MOMENT], seed)[0] for kind, number in rows}
    assert len(found) == len(rows), f"seed {seed}: {rows}"


def test_a_million_neighbours_differ() -> None:
    """The scrambling is one to one."""
    ids = np.arange(1, 1_000_001)
    raw = identifiers(Kind.HISTORY, ids, np.full(len(ids), MOMENT), 7)
    assert len(np.unique(raw.view(">u8").reshape(-1, 2)[:, 1])) == len(ids)
