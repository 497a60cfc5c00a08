"""A machine as a Mermaid drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.machine.draft import ANYWHERE, Edge

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_ANYWHERE_ID = "anywhere"
_ANYWHERE_LABEL = "any state"


def state_diagram(*, edges: Sequence[Edge], states: Sequence[str], init: Edge, final: Collection[str]) -> str:
    """
    A `stateDiagram-v2` in which every state is a numbered box with its name as an escaped label.

    The state before the start is Mermaid's filled circle, unless further edges make a real state of it. Wildcard edges
    leave one box named `any state` instead of every box, and a wildcard that stays is a loop there.
    """
    explicit = [edge for edge in edges if edge != init]
    is_circle = init.source != init.target and not any(init.source in edge[1:] for edge in explicit)
    drawn = [state for state in states if not (is_circle and state == init.source)]
    ids = {state: f"s{number}" for number, state in enumerate(drawn)} | {ANYWHERE: _ANYWHERE_ID}

    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{escape(state)}" as {ids[state]}' for state in drawn if state != ANYWHERE]
    if ANYWHERE in states or any(edge.source == ANYWHERE for edge in explicit):
        lines.append(f'    state "{_ANYWHERE_LABEL}" as {_ANYWHERE_ID}')
    if is_circle:
        lines.append(f"    [*] --> {ids[init.target]} : {escape(init.name)}")
    else:
        lines.append(f"    [*] --> {ids[init.source]}")
        explicit = list(edges)
    for edge in explicit:
        target = edge.source if edge.target == ANYWHERE else edge.target
        lines.append(f"    {ids[edge.source]} --> {ids[target]} : {escape(edge.name)}")
    lines += [f"    {ids[state]} --> [*]" for state in final]
    return "\n".join(lines) + "\n"


def escape(label: str) -> str:
    """The label with everything but letters, digits, `-`, `_` and inner spaces as Mermaid's entity codes."""
    last = len(label) - 1
    return "".join(
        character
        if character.isalnum() or character in "-_" or (character == " " and 0 < place < last)
        else f"#{ord(character)};"
        for place, character in enumerate(label)
    )
