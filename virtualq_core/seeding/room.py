"""How much disk a dataset takes, said and looked for before the first row."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.database.cache import require_free_disk

if TYPE_CHECKING:
    from virtualq_core.database.server import Server

_SQL = content.beside(__file__, "room.sql")

# Tables and indexes of one ticket with its items, its history and its share of the customers: 1,790 to 1,860 bytes were
# measured between 20,000 and 10,000,000 tickets on PostgreSQL 15 and 18, with either set of indexes.
BYTES_PER_TICKET = 1_825
ERROR = 0.04
# The largest sort of a load is that for the history's key: some six steps a ticket, at about 40 bytes each on disk.
_SORT_BYTES_PER_TICKET = 240
_CATALOGUE_BYTES = 32 * 2**20
_GIB = 2**30


@dataclass(frozen=True)
class Room:
    """
    Disk for `copies` databases with the same data, at the moment when a load takes most.

    `error_bytes` is how far `data_bytes` may be off, for all copies; `log_bytes` is what the server's log may grow to;
    `sort_bytes` is what sorting takes for a while.
    """

    data_bytes: int
    error_bytes: int
    log_bytes: int
    sort_bytes: int

    @property
    def most_bytes(self) -> int:
        """All of it, at the upper end of the error."""
        return self.data_bytes + self.error_bytes + self.log_bytes + self.sort_bytes

    def __str__(self) -> str:
        beside = self.log_bytes + self.sort_bytes
        return (
            f"{self.data_bytes / _GIB:.1f} GiB of disk (give or take {self.error_bytes / _GIB:.1f}), "
            f"and for a while up to {beside / _GIB:.1f} for log and sorting"
        )


def estimate_room(server: Server, tickets: int, *, copies: int = 1) -> Room:
    """What so many copies of a dataset take on a server, the first of which is loaded there."""
    with server.maintenance.connect() as connection:
        row = connection.execute(_SQL["read_log_limit"].sql).fetchone()
    data_bytes = tickets * BYTES_PER_TICKET
    return Room(
        data_bytes=(data_bytes + _CATALOGUE_BYTES) * copies,
        error_bytes=round(data_bytes * ERROR) * copies,
        # The log holds every row and index once, and is recycled from its limit on.
        log_bytes=min(data_bytes, int(row[0]) if row else data_bytes),
        sort_bytes=tickets * _SORT_BYTES_PER_TICKET,
    )


def require_room(server: Server, room: Room) -> int | None:
    """
    The bytes that are free where the server's data lie; None where that is not known.

    Raises:
        DiskFull: they are fewer than the room's most.
    """
    if server.data_dir is None:
        return None
    require_free_disk(server.data_dir, room.most_bytes)
    return shutil.disk_usage(server.data_dir).free
