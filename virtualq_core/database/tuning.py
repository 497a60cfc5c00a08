"""
The embedded server's settings, from the machine's memory.

They are meant for a measuring machine that others use as well: an eighth of its memory for shared buffers. Durability
stays as a production server has it (`fsync`, `synchronous_commit`, `full_page_writes`), for it is part of the cost.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from virtualq_core.database.account import Account
    from virtualq_core.database.binaries import Binaries

FILE_NAME = "virtualq.conf"
_MIB = 2**20
_GIB = 2**30
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- its size is read, nothing is put there
_AMPLE_SHARED_MEMORY_BYTES = 512 * _MIB


def memory_bytes() -> int:
    """The machine's memory, or the container's limit where that is less."""
    total = psutil.virtual_memory().total
    for path in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(path).read_text(encoding="ascii")))
    return total


def settings(memory: int, *, preload: str = "", shared_memory_bytes: int | None = None) -> dict[str, str]:
    """The settings for a machine with so many bytes of memory."""
    chosen = {
        "shared_buffers": _mib(min(memory // 8, 2 * _GIB)),
        "effective_cache_size": _mib(memory // 2),
        "maintenance_work_mem": _mib(min(max(memory // 32, 64 * _MIB), 512 * _MIB)),
        "work_mem": "16MB",
        "max_wal_size": _mib(min(max(memory // 4, 1 * _GIB), 8 * _GIB)),
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_compression": "on",
        "max_connections": "400",
        "jit": "off",
        "random_page_cost": "1.1",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "track_io_timing": "on",
        "client_connection_check_interval": "1s",  # a killed harness's query does not go on for long
        "lc_messages": "C",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %d %a ",
        "password_encryption": "scram-sha-256",
        "shared_preload_libraries": preload,
    }
    if shared_memory_bytes is not None and shared_memory_bytes < _AMPLE_SHARED_MEMORY_BYTES:
        # A container's /dev/shm often has 64 MB, and a parallel hash join fails there.
        chosen["dynamic_shared_memory_type"] = "mmap"
    return chosen


def configuration(binaries: Binaries, account: Account) -> str:
    """The text of the included configuration file for this machine and these programs."""
    libraries = binaries.run("pg_config", "--pkglibdir", account=account, timeout_s=30).stdout.strip()
    preload = "pg_stat_statements" if libraries and any(Path(libraries).glob("pg_stat_statements.*")) else ""
    shared_memory = psutil.disk_usage(str(_SHARED_MEMORY)).total if _SHARED_MEMORY.is_dir() else None
    chosen = settings(memory_bytes(), preload=preload, shared_memory_bytes=shared_memory)
    return "".join(f"{name} = '{value}'\n" for name, value in chosen.items())


def _mib(size_bytes: int) -> str:
    return f"{size_bytes // _MIB}MB"
