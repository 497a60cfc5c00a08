"""Options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from virtualq_core.database.layout import PARTITIONINGS, Layout
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def finite(value: float | None) -> float | None:
    """An option's number, to be called by Typer: `nan` and `inf` are none, though bounds let infinity through."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number")
    return value


DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        help="Your own server and database (or VIRTUALQ_DATABASE_URL); its password is never shown.",
    ),
]
PostgresBin: TypeAlias = Annotated[
    Path | None,
    typer.Option("--postgres-bin", metavar="DIR", help="Start another installed PostgreSQL (`pg_config --bindir`)."),
]
Image: TypeAlias = Annotated[
    str | None, typer.Option("--image", metavar="NAME:TAG", help="Start a container of this image (needs Docker).")
]
Partition: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--partition",
        metavar="|".join(map(str, PARTITIONINGS)),
        help="How the tables of a database that is made here are partitioned.",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON to stdout.")]
_ADDRESS = "--database-url"


def chosen_layout(partition: str | None, *, is_distributed: bool = False) -> Layout:
    """
    The layout that `--partition` or `--distributed` names; without them, the plain one.

    Raises:
        UsageError: no partitioning has that name, or both are given.
    """
    if is_distributed:
        if partition is not None:
            raise UsageError("--partition and --distributed exclude each other", next_step="leave one of them out")
        return Layout.DISTRIBUTED
    if partition is None:
        return Layout.NONE
    if partition not in map(str, PARTITIONINGS):
        raise UsageError(f"no partitioning named '{partition}'", expected=", ".join(map(str, PARTITIONINGS)))
    return Layout.named(partition)


def require_writable(path: Path) -> None:
    """
    Make sure that a file can be written before the work begins whose result goes there; what is in it stays.

    Raises:
        UsageError: it cannot.
    """
    is_new = not path.exists()
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise UsageError(f"cannot write {path}", observed=error.strerror) from error
    if is_new:
        path.unlink()


def told_command(arguments: Sequence[str]) -> tuple[str, ...]:
    """The command of these arguments as results tell it: an address, which may hold a password, is not shown."""
    words = ["virtualq"]
    rest = iter(arguments)
    for argument in rest:
        option, has_value, _ = argument.partition("=")
        words += [_ADDRESS, "URL"] if option == _ADDRESS else [argument]
        if option == _ADDRESS and not has_value:
            next(rest, None)
    return tuple(words)
