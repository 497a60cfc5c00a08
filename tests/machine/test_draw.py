"""Drawings of machines."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtualq_core.machine import Machine
from virtualq_core.machine.draw import escape

TEXT = st.text(min_size=1, max_size=32).filter(lambda text: text != "*" and text.strip("-_") != "" and "\0" not in text)
LINE = re.compile(r'(stateDiagram-v2|direction \w+|state "[^"\n]+" as \w+|(\[\*\]|\w+) --> (\[\*\]|\w+)( : [^:\n"]+)?)')


def test_the_documented_example_is_drawn(documented: dict[str, Any]) -> None:
    """The start is Mermaid's circle, every state a box, the end a circle again."""
    assert Machine.parse(documented).to_mermaid() == (
        "stateDiagram-v2\n"
        "    direction LR\n"
        '    state "received" as s0\n'
        '    state "in_progress" as s1\n'
        '    state "ready" as s2\n'
        '    state "completed" as s3\n'
        "    [*] --> s0 : init\n"
        "    s0 --> s1 : start\n"
        "    s1 --> s2 : complete\n"
        "    s2 --> s3 : pickup\n"
        "    s3 --> [*]\n"
    )


def test_a_wildcard_is_drawn_once() -> None:
    """One edge from `any state` stands for an edge from every box, and a no-op is a loop."""
    drawing = Machine.parse(
        {
            "init": "A",
            "transitions": [
                {"name": "go", "from": "A", "to": "B"},
                {"name": "cancel", "from": "*", "to": "Z"},
                {"name": "touch", "from": "*", "to": "*"},
                {"name": "stay", "from": "B", "to": "*"},
            ],
        }
    ).to_mermaid()

    assert drawing.count(": cancel") == 1
    assert "anywhere --> s2 : cancel\n" in drawing
    assert "anywhere --> anywhere : touch\n" in drawing
    assert "s1 --> s1 : stay\n" in drawing


def test_a_state_before_the_start_that_can_be_returned_to_is_a_box() -> None:
    """It is a state like any other then, and the circle leads to it."""
    drawing = Machine.parse({"init": "A", "transitions": [{"name": "reset", "from": "A", "to": "none"}]}).to_mermaid()

    assert 'state "none" as s0\n' in drawing
    assert "[*] --> s0\n" in drawing
    assert "s0 --> s1 : init\n" in drawing


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXT, min_size=2, max_size=5, unique=True), TEXT.filter(lambda name: name != "init"))
def test_any_name_can_be_drawn(states: list[str], name: str) -> None:
    """Every state that a ticket can be in is mentioned, every edge drawn, and no line is anything but Mermaid."""
    transitions = [{"name": name, "from": source, "to": target} for source, target in pairwise(states)]
    machine = Machine.parse({"init": states[0], "transitions": transitions})

    drawing = machine.to_mermaid()

    for state in states:
        assert f'state "{escape(state)}" as s' in drawing
    assert drawing.count(f" : {escape(name)}\n") >= len(transitions)
    for line in drawing.splitlines():
        assert LINE.fullmatch(line.strip()), line


@pytest.mark.parametrize(
    ("label", "escaped"),
    [
        ("in_progress", "in_progress"),
        ("a b", "a b"),
        (' "x"', "#32;#34;x#34;"),
        ("a:b;c#d", "a#58;b#59;c#35;d"),
        ("<b>", "#60;b#62;"),
        ("*", "#42;"),
        ("é日", "é日"),
    ],
)
def test_what_mermaid_would_read_is_escaped(label: str, escaped: str) -> None:
    """Letters and digits of any script stay; whatever could mean something to Mermaid does not."""
    assert escape(label) == escaped
