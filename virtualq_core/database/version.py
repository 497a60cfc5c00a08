"""Which schema this is: a number for people, a hash for machines."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.database.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1


@cache
def schema_hash(source: Path | None = None, layout: Layout = Layout.NONE) -> str:
    """
    A hash over the files that install a layout and the system-defined types, the same on every platform.

    Raises:
        UsageError: the folder has no such layout.
    """
    folder = content.folder("schema") if source is None else source
    digest = hashlib.sha256()
    for path in layout.files(folder) + type_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_text(encoding="utf-8").encode() + b"\0")
    return digest.hexdigest()


def type_files(folder: Path) -> list[Path]:
    """The system-defined types, one JSON file each."""
    return sorted((folder / "types").glob("*.json"))
