"""Pools of connections between the clients and the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtualq_core.conformance.traffic.source import Source
    from virtualq_core.load.scenario import Pool
    from virtualq_core.subjects import Subject


def open_pool(pool: Pool, subject: Subject, dsn: str, *, processes: int = 1) -> Source | None:  # noqa: ARG001
    """The pool of one of so many processes, which share its size; None where every client has its own connection."""
    return None
