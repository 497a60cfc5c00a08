"""
How the tables lie: as they are written in `install/`, partitioned, or spread over nodes.

A layout other than the plain one is an overlay: a folder of numbered SQL files whose names are sorted in among those of
`install/`. A file of the same name as one of `install/` stands in its place. The files whose names begin with a 9 come
last of all: after the indexes and the system-defined types, when the schema is whole.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Layout(Enum):
    """One way in which the tables lie; the value names it, and is kept in the record of an installation."""

    NONE = "none"
    TENANT = "tenant"
    MONTH = "month"
    DISTRIBUTED = "distributed"

    def __str__(self) -> str:
        return self.value

    @property
    def told(self) -> str:
        """What it does to the tables, in words."""
        match self:
            case Layout.NONE:
                return "not partitioned"
            case Layout.DISTRIBUTED:
                return "spread over nodes by tenant"
            case _:
                return f"partitioned by {self}"

    @classmethod
    def named(cls, name: str) -> Layout:
        """
        The layout of that name.

        Raises:
            UsageError: there is none.
        """
        for layout in cls:
            if layout.value == name:
                return layout
        raise UsageError(f"no layout named '{name}'", expected=", ".join(map(str, cls)))

    def files(self, schema: Path) -> list[Path]:
        """
        The files that install this layout, in the order in which they are applied.

        Raises:
            UsageError: `schema`, a folder with the layout of `schema/`, holds no overlay for it.
        """
        chosen = {path.name: path for path in (schema / "install").glob("*.sql")}
        place = _OVERLAYS.get(self)
        if place is not None:
            overlay = {path.name: path for path in (schema / place).glob("*.sql")}
            if not overlay:
                raise UsageError(f"the schema has no layout '{self}'", observed=f"no SQL files in {schema / place}")
            chosen |= overlay
        return [chosen[name] for name in sorted(chosen)]


def comes_last(file: Path) -> bool:
    """Whether a file of a layout is applied after the indexes and the types."""
    return file.name.startswith("9")


def all_files(schema: Path) -> list[Path]:
    """Every file that installs any of the layouts."""
    places = ["install", *_OVERLAYS.values()]
    return [path for place in places for path in sorted((schema / place).glob("*.sql"))]


_OVERLAYS = {
    Layout.TENANT: "partition/tenant",
    Layout.MONTH: "partition/month",
    Layout.DISTRIBUTED: "distributed",
}
PARTITIONINGS = (Layout.NONE, Layout.TENANT, Layout.MONTH)
"""The layouts on a single server, which `--partition` chooses from."""
