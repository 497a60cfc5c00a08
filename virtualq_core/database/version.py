"""Which schema this is: a number for people, a hash for machines."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from virtualq_core import content

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1


@cache
def schema_hash(source: Path | None = None) -> str:
    """A hash over the installed files of `schema/` and the system-defined types, the same on every platform."""
    folder = content.folder("schema") if source is None else source
    digest = hashlib.sha256()
    for path in install_files(folder) + type_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_text(encoding="utf-8").encode() + b"\0")
    return digest.hexdigest()


def install_files(folder: Path) -> list[Path]:
    """The files of `install/`, in the order in which they are applied."""
    return sorted((folder / "install").glob("*.sql"))


def type_files(folder: Path) -> list[Path]:
    """The system-defined types, one JSON file each."""
    return sorted((folder / "types").glob("*.json"))
