"""What results tell of the command that made them."""

from __future__ import annotations

import pytest

from virtualq_core.cli.option import told_command

ADDRESS = "postgresql://ada:geheim@db.example/queue"


@pytest.mark.parametrize(
    "given",
    [["check", "--database-url", ADDRESS, "--json"], ["check", f"--database-url={ADDRESS}", "--json"]],
    ids=["apart", "together"],
)
def test_an_address_is_not_told(given: list[str]) -> None:
    """It may hold a password; that there was one is told, and all the rest."""
    assert told_command(given) == ("virtualq", "check", "--database-url", "URL", "--json")


def test_an_address_that_is_missing_is_no_error() -> None:
    """Whoever reads the command line properly has said so already."""
    assert told_command(["check", "--database-url"]) == ("virtualq", "check", "--database-url", "URL")
