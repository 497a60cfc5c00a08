"""Options that several commands share, and what results tell of the command that made them."""

from __future__ import annotations

import importlib
from typing import get_args, get_type_hints

import pytest
from typer.models import OptionInfo
from typer.testing import CliRunner

from virtualq_core.cli import COMMANDS, app
from virtualq_core.cli.option import told_command
from virtualq_core.database import provider

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


def float_options() -> list[tuple[str, str]]:
    """Every option of every command that takes a number with a fraction."""
    found = []
    for name in COMMANDS:
        commands = importlib.import_module(f"virtualq_core.cli.{name}").app.registered_commands
        for command in commands:
            for hint in get_type_hints(command.callback, include_extras=True).values():
                kind, *more = get_args(hint) or (None,)
                if float in (kind, *get_args(kind)):
                    found += [(name, str(one.default)) for one in more if isinstance(one, OptionInfo)]
    return found


@pytest.mark.parametrize(("command", "option"), float_options())
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_what_is_no_finite_number_is_refused(
    command: str, option: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Infinity is within any bound but a greatest, and a run of so many seconds has no end."""
    monkeypatch.setattr(provider, "provide", None)

    refused = CliRunner().invoke(app, [command, option, number])

    assert refused.exit_code == 2
    assert f"Invalid value for '{option}'" in refused.output


def test_there_are_such_options() -> None:
    """The list above is none that has become empty."""
    assert {("calibrate", "--seconds"), ("load", "--rate"), ("compare", "--seconds")} <= set(float_options())
