"""
The command `virtualq`.

Each command lives in a module of its own that holds a Typer app named `app`. It is imported when it is called, so that
`virtualq --help` is quick; its line in `COMMANDS` is all there is to registering it.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from virtualq_core.errors import ExitCode, VirtualQError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

COMMANDS = {
    "check": "The main job: is the database correct, and is it fast enough?",
    "conform": "Hold a database and an implementation to the requirements.",
    "plans": "Show how PostgreSQL answers each operational query, and whether as demanded.",
    "bench": "Measure latencies and judge the budgets.",
    "trial": "Say whether a change of indexes is worth shipping: reads, writes, space.",
    "compare": "Hold HEAD against BASE: revisions, indexes, settings, PostgreSQL versions, results.",
    "calibrate": "Try how far timed verdicts can be believed on this machine.",
    "capacity": "What a machine holds, and what gives way first, from saved results.",
    "growth": "How costs grow with the number of tickets, and what that says of more.",
    "load": "Let many clients move tickets at once, and check the history that they leave.",
    "seed": "Fill a database with data that looks like a live queue's.",
    "report": "Show saved results again, in any form.",
    "machine": "State machines: check one against the rules, or draw it.",
    "db": "The database: start, stop, install, look into it.",
    "doctor": "Say what this machine offers, and what is missing.",
}

INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141
FAULT_OF_OURS = 70  # BSD's EX_SOFTWARE: neither a verdict nor the environment


class _Commands(TyperGroup):
    """The commands, known by name and summary until one is called; every way in which one can end."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary, short_help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- Typer has click inside or beside it
        """Import the module of the command that is called."""
        if args and args[0] in COMMANDS:
            module = importlib.import_module(f"{__name__}.{args[0].replace('-', '_')}")
            command = typer.main.get_command(module.app)
            command.name = args[0]
            self.add_command(command)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 -- the same
        """Run the command; its outcome becomes an exit code, and an error one message without a traceback."""
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            _say("interrupted; what was begun has been cleaned up")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(BROKEN_PIPE) from None
        except VirtualQError as error:
            _say(str(error))
            raise typer.Exit(error.exit_code) from None
        except Exception as error:
            known = _known(error)
            if known is None:
                raise
            _say(str(known))
            raise typer.Exit(known.exit_code) from None
        if isinstance(outcome, int) and outcome:
            raise typer.Exit(outcome)
        return outcome


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from virtualq_core import __version__

        typer.echo(f"virtualq {__version__}")
        raise typer.Exit


@app.callback()
def virtualq(
    _is_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """
    Is this ticket-queue database correct, and is it fast enough?

    Example: virtualq check --profile smoke --out out/smoke
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `virtualq` and end the process with its exit code (`ExitCode`; 130 after Ctrl-C)."""
    logging.basicConfig(level=logging.WARNING, format="warning: %(message)s")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(args=arguments, prog_name="virtualq")
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(INTERRUPTED)
    except Exception:  # noqa: BLE001 -- the last place where an error can be told from a verdict
        traceback.print_exc()
        _say("internal-error: this is a fault of virtualq itself\n  next: report it with the lines above")
        sys.exit(FAULT_OF_OURS)
    sys.exit(ExitCode.PASSED)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End by way of the clean-up, which a signal's default would skip."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _say("terminated; cleaning up")
    sys.exit(TERMINATED)


def _known(error: Exception) -> VirtualQError | None:
    """What an error from below means where that is known: the server went away, the disk is full."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        from virtualq_core.database.cache import DiskFull

        return DiskFull("the disk is full", observed=error.filename or error.strerror, next_step="free some space")
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege)):
        from virtualq_core.database.fault import explain

        return explain(error)
    return None


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _close_stdout() -> None:
    """Whoever reads the output has seen enough; let the interpreter's last flush not fail on it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
