"""Transitions: a ticket moves along the edges of its machine, whatever the application says and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core import content

if TYPE_CHECKING:
    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Application

SQL = content.beside(__file__, "transition.sql")
WAYS = [name for name in SQL if name.startswith("move_")]


@pytest.mark.requirement("TRN-001")
@pytest.mark.parametrize("way", WAYS)
def test_no_statement_moves_a_ticket_along_an_edge_that_is_not_there(
    app: Application, expect: Expectation, way: str
) -> None:
    """Every way to write the state is refused where the machine has no such edge, and leaves the ticket as it was."""
    ticket_id = app.create()

    with expect.refused("23514", "ticket_transition_is_legal"):
        app.change(SQL[way], ticket_id=ticket_id, target="completed")
    expect.equal(app.ticket(ticket_id).current_state, "received")
