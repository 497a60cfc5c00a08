"""What is recorded is read back as it was, however the recording process ended."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from virtualq_core.conformance.journal import RECORD, JournalWriter, read_journals
from virtualq_core.conformance.operation import Kind, Operation, Outcome
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

FULL = Operation(
    op_id=uuid.UUID(bytes=b"\x00" * 15 + b"\x07"),
    client=3,
    kind=Kind.TRANSITION,
    tenant_id=7,
    ticket_id=2**40,
    transition="zurück\u2028",
    invoke_ns=2**60,
    return_ns=2**60 + 5,
    outcome=Outcome.OK,
    expected_state="a",
    version=4,
    seq=5,
    from_state="a",
    to_state="b",
)
BARE = Operation(
    op_id=uuid.UUID(bytes=b"\xff" * 15 + b"\x00"),
    client=4,
    kind=Kind.CLAIM,
    tenant_id=7,
    ticket_id=None,
    transition=None,
    invoke_ns=1,
    return_ns=2,
    outcome=Outcome.REFUSED,
    reason="nothing-to-claim",
)


def test_operations_are_read_back_as_they_were(tmp_path: Path) -> None:
    """Every field, absent ones too; by ticket and, where no ticket is known, apart."""
    with JournalWriter(tmp_path, "one") as journal:
        journal.append(FULL)
        journal.append(BARE)
        journal.note_failure("40P01", "deadlock detected")
        journal.note_failure("40P01", "the second message is not kept")
    recording = read_journals(tmp_path)
    assert list(recording.by_ticket()) == [((7, 2**40), [FULL])]
    assert recording.unplaced() == [BARE]
    assert recording.is_complete
    assert recording.failures == {"40P01": "deadlock detected"}


def test_journals_of_several_processes_become_one(tmp_path: Path) -> None:
    """Each numbers its names in its own way; a ticket's operations come by invocation."""
    later = FULL._replace(invoke_ns=2**60 + 1, transition="b", from_state="zurück\u2028")
    with JournalWriter(tmp_path, "one") as journal:
        journal.append(later)
    with JournalWriter(tmp_path, "two") as journal:
        journal.append(BARE)
        journal.append(FULL)
    recording = read_journals(tmp_path)
    assert list(recording.by_ticket()) == [((7, 2**40), [FULL, later])]


def test_memory_is_bounded_by_spilling(tmp_path: Path) -> None:
    """What is beyond the limit is on disk before the journal is closed."""
    with JournalWriter(tmp_path, "one", spill_every=10) as journal:
        for _ in range(25):
            journal.append(FULL)
        assert (tmp_path / "one.ops").stat().st_size == 20 * RECORD.itemsize


def test_what_a_killed_process_left_is_read_and_is_called_incomplete(tmp_path: Path) -> None:
    """Up to the last whole record; the last line is missing."""
    journal = JournalWriter(tmp_path, "one", spill_every=1)
    journal.append(FULL)
    journal.append(BARE)
    with (tmp_path / "one.ops").open("ab") as torn:
        torn.write(b"torn")
    recording = read_journals(tmp_path)
    assert len(recording.records) == 2
    assert not recording.is_complete
    assert recording.unplaced() == [BARE]
    journal.close()


def test_no_journal_at_all_is_an_error(tmp_path: Path) -> None:
    """Nothing recorded is not nothing wrong."""
    with pytest.raises(EnvironmentFault, match="no operation was recorded"):
        read_journals(tmp_path)
