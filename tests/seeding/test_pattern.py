"""Drawn strings match their pattern, and what is not understood is refused."""

from __future__ import annotations

import pytest
import re2  # type: ignore[import-untyped]  # published without types
from hypothesis import given
from hypothesis import strategies as st

from virtualq_core.errors import UsageError
from virtualq_core.seeding.draw import Draw
from virtualq_core.seeding.pattern import PatternWriter

ATOMS = st.sampled_from(["a", "é", "[a-f]", "[0-9A-F_]", r"\d", r"\w", r"\.", ".", "[-x]", "[x-]", r"[\]\\]"])
COUNTS = st.sampled_from(["", "?", "*", "+", "{3}", "{1,4}", "{2,}"])
SEQUENCES = st.lists(st.tuples(ATOMS, COUNTS).map("".join), min_size=1, max_size=4).map("".join)
PATTERNS = st.recursive(
    SEQUENCES,
    lambda inner: st.one_of(
        st.tuples(inner, COUNTS).map(lambda parts: f"(?:{parts[0]}){parts[1]}"),
        st.lists(inner, min_size=2, max_size=3).map(lambda choices: f"({'|'.join(choices)})"),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.integers(0, 2**32))
def test_drawn_strings_match(pattern: str, seed: int) -> None:
    """
    Whatever is drawn for an understood pattern matches the whole of it.

    Judged by RE2, which takes time linear in the string: `re` goes back, on such patterns for minutes.
    """
    draw = Draw(seed)
    writer = PatternWriter(f"^{pattern}$")
    for _ in range(5):
        drawn = writer.write(draw.one)
        assert re2.fullmatch(pattern, drawn), f"seed {seed}: '{drawn}' for {pattern}"


@pytest.mark.parametrize(
    "pattern",
    ["[^a]", r"\bx", r"\p{L}", "(?=a)", "a{", "a{2,1}", "a*?", "a++", "(a", "a)", "[a", r"(a)\1", "*a", "[z-a]", "\\"],
)
def test_what_is_not_understood_is_refused(pattern: str) -> None:
    """Rather no string than one that only looks right."""
    with pytest.raises(UsageError):
        PatternWriter(pattern)
