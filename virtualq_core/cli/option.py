"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

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
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON to stdout.")]
