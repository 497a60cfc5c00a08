"""`virtualq machine`: check and draw state machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from virtualq_core.cli.option import AsJson
from virtualq_core.errors import ExitCode, UsageError
from virtualq_core.fields import parse_json

if TYPE_CHECKING:
    from virtualq_core.machine import Machine

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="State machines: check one against the rules, or draw it.",
)

MachineFile = Annotated[Path, typer.Argument(metavar="FILE", help="A machine, or a type with an fsm_schema, as JSON.")]
Compat = Annotated[bool, typer.Option("--compat", help="Judge as javascript-state-machine 3.1.0 does.")]


@app.command()
def check(file: MachineFile, compat: Compat = False, as_json: AsJson = False) -> int:
    """
    Say whether a machine is one that the database accepts; exits 2 with the path and the rule where it is not.

    Example: virtualq machine check schema/types/order.json
    """
    machine = _read(file, compat=compat)
    if as_json:
        typer.echo(json.dumps({"compiled": machine.compile(), "warnings": [str(each) for each in machine.warnings]}))
        return ExitCode.PASSED
    for warning in machine.warnings:
        typer.echo(f"warning: {warning}", err=True)
    states = ", ".join(state for state in machine.states if state != machine.init_from)
    typer.echo(f"{file}: sound; starts in '{machine.initial}'; states: {states}")
    return ExitCode.PASSED


@app.command()
def draw(file: MachineFile, compat: Compat = False) -> int:
    """
    Print a machine as a Mermaid state diagram.

    Example: virtualq machine draw schema/types/order.json
    """
    typer.echo(_read(file, compat=compat).to_mermaid())
    return ExitCode.PASSED


def _read(file: Path, *, compat: bool) -> Machine:
    from virtualq_core.machine import Machine, Profile

    try:
        document: Any = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}", observed=str(error), expected="a JSON file") from error
    if isinstance(document, dict) and "fsm_schema" in document:
        document = document["fsm_schema"]
    return Machine.parse(document, Profile.COMPAT if compat else Profile.STRICT)
