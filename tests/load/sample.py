"""What tests of loads share: operations as they could have been recorded, and a way to wait."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from virtualq_core.conformance.journal import JournalWriter, Recording, read_journals
from virtualq_core.conformance.operation import Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MS = 1_000_000
PATIENCE_S = 30.0


def operation(begin_ms: float, elapsed_ms: float = 10, **details: Any) -> Operation:
    """An acknowledged transition, unless said otherwise."""
    given: dict[str, Any] = {
        "op_id": uuid.uuid4(),
        "client": 1,
        "kind": Kind.TRANSITION,
        "tenant_id": 1,
        "ticket_id": 1,
        "transition": "start",
        "invoke_ns": int(begin_ms * MS),
        "return_ns": int((begin_ms + elapsed_ms) * MS),
        "outcome": Outcome.OK,
    }
    return Operation(**{**given, **details})


def recorded(folder: Path, *operations: Operation) -> Recording:
    """These operations, through a journal."""
    with JournalWriter(folder, "one") as journal:
        for one in operations:
            journal.append(one)
    return read_journals(folder)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        threading.Event().wait(0.05)
