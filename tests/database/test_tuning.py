"""The embedded server's settings follow the machine's memory, and never its durability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.database import tuning

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30


@pytest.mark.parametrize(
    ("memory_gib", "shared_buffers", "max_wal_size"),
    [(2, "256MB", "1024MB"), (8, "1024MB", "2048MB"), (512, "2048MB", "8192MB")],
)
def test_an_eighth_of_the_memory_and_at_most_two_gibibytes_are_shared(
    memory_gib: int, shared_buffers: str, max_wal_size: str
) -> None:
    """The machine does other work too, and more would only hide what a plan costs."""
    chosen = tuning.settings(memory_gib * GIB)

    assert (chosen["shared_buffers"], chosen["max_wal_size"]) == (shared_buffers, max_wal_size)


def test_durability_is_that_of_production() -> None:
    """A commit that costs nothing measures nothing."""
    chosen = tuning.settings(8 * GIB)

    assert {chosen[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"on"}


def test_a_small_shared_memory_is_not_used_for_parallel_queries() -> None:
    """Docker gives 64 MB, in which a parallel hash join fails."""
    assert tuning.settings(8 * GIB, shared_memory_bytes=64 * 2**20)["dynamic_shared_memory_type"] == "mmap"
    assert "dynamic_shared_memory_type" not in tuning.settings(8 * GIB, shared_memory_bytes=4 * GIB)


def test_a_containers_limit_counts_as_its_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine around it has more, and the kernel kills whoever takes it."""
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n")
    monkeypatch.setattr(tuning, "_CGROUP_LIMITS", [str(limit), str(tmp_path / "missing")])
    assert tuning.memory_bytes() == GIB

    limit.write_text("max\n")

    assert tuning.memory_bytes() > 0
