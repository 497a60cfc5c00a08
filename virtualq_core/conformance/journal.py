"""
Recorded operations on disk: one pair of files per client process.

`NAME.ops` holds records of fixed length (`RECORD`), so that a recording of any length is read as one array without
being parsed; `NAME.names` holds JSON lines: the strings that the records point to by number, the first message of each
kind of failure, and a last line that says how many records there are. Names are on disk before the records that use
them, so what a killed process leaves behind can be read up to its last whole record.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import numpy as np

from virtualq_core.conformance.operation import WRITES, Kind, Operation, Outcome
from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

FORMAT = 2
_RECORD = struct.Struct("<16sqqqqqqiiiiHHHHHBB")
RECORD = np.dtype(
    [
        ("op_id", "V16"),
        ("ticket_id", "<i8"),
        ("invoke_ns", "<i8"),
        ("return_ns", "<i8"),
        ("due_ns", "<i8"),
        ("pooled_ns", "<i8"),
        ("wire_ns", "<i8"),
        ("tenant_id", "<i4"),
        ("client", "<i4"),
        ("seq", "<i4"),
        ("version", "<i4"),
        ("transition", "<u2"),
        ("expected_state", "<u2"),
        ("from_state", "<u2"),
        ("to_state", "<u2"),
        ("reason", "<u2"),
        ("kind", "u1"),
        ("outcome", "u1"),
    ]
)
_NONE = -1


class JournalWriter:
    """
    Appends operations of one process, at most `spill_every` of them in memory. A context manager.

    Not for several threads at once; greenlets are fine, as `append` does no I/O but the spill's own.
    """

    def __init__(self, folder: Path, name: str, *, spill_every: int = 2000) -> None:
        self._ops = (folder / f"{name}.ops").open("wb")
        self._names_file = (folder / f"{name}.names").open("w", encoding="utf-8")
        self._codes: dict[str | None, int] = {None: 0}
        self._buffer = bytearray()
        self._limit = spill_every * _RECORD.size
        self._count = 0
        self._noted: set[str] = set()
        self._skipped: list[int] = []
        self._line({"format": FORMAT})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, operation: Operation) -> None:
        """Record one operation."""
        code = self._code
        self._buffer += _RECORD.pack(
            operation.op_id.bytes,
            _NONE if operation.ticket_id is None else operation.ticket_id,
            operation.invoke_ns,
            operation.return_ns,
            _NONE if operation.due_ns is None else operation.due_ns,
            operation.pooled_ns,
            operation.wire_ns,
            operation.tenant_id,
            operation.client,
            _NONE if operation.seq is None else operation.seq,
            _NONE if operation.version is None else operation.version,
            code(operation.transition),
            code(operation.expected_state),
            code(operation.from_state),
            code(operation.to_state),
            code(operation.reason),
            operation.kind,
            operation.outcome,
        )
        self._count += 1
        if len(self._buffer) >= self._limit:
            self.spill()

    def note_failure(self, reason: str, message: str) -> None:
        """Keep the first message of each kind of failure."""
        if reason not in self._noted:
            self._noted.add(reason)
            self._line({"failure": reason, "message": message})

    def note_begin(self, begin_ns: int) -> None:
        """The clients begin now, and a schedule with them."""
        self._line({"begun": begin_ns})

    def note_clock(self, ahead_ns: int, slack_ns: int) -> None:
        """The clock that the recording is read by is so far ahead of this process's own, give or take."""
        self._line({"clock": {"ahead_ns": ahead_ns, "slack_ns": slack_ns}})

    def skip(self, due_ns: int) -> None:
        """An operation that was due then is never begun."""
        self._skipped.append(due_ns)

    def spill(self) -> None:
        """Bring what is in memory to disk, names first."""
        if self._skipped:
            self._line({"skipped": self._skipped})
            self._skipped.clear()
        self._names_file.flush()
        self._ops.write(self._buffer)
        self._ops.flush()
        self._buffer.clear()

    def close(self) -> None:
        """Spill, and say that this is all. Closing twice is fine."""
        if self._ops.closed:
            return
        self.spill()
        self._line({"closed": self._count})
        self._names_file.close()
        self._ops.close()

    def _code(self, name: str | None) -> int:
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = len(self._codes)
            self._line({"name": name})
        return code

    def _line(self, entry: dict[str, Any]) -> None:
        self._names_file.write(json.dumps(entry) + "\n")


@dataclass(frozen=True)
class Recording:
    """
    All operations of a run as one array of `RECORD`, whose name codes point into `names`.

    `is_complete` is false where a process ended without closing its journal. `failures` holds the first message of
    each kind of failure. Operations that were due at `skipped_ns` were never begun. `begun_ns` is when the first
    process let its clients begin. `slack_ns`, if any, runs parallel to the records: how far off their times may
    be, because their process had another clock.
    """

    records: NDArray[np.void]
    names: tuple[str | None, ...]
    is_complete: bool
    failures: dict[str, str] = field(default_factory=dict)
    skipped_ns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    begun_ns: int | None = None
    slack_ns: NDArray[np.int64] | None = None

    def by_ticket(self) -> Iterator[tuple[tuple[int, int], list[Operation]]]:
        """The operations of each ticket by invocation, the tickets in order."""
        records = self.records
        order = np.lexsort((records["invoke_ns"], records["ticket_id"], records["tenant_id"]))
        keys = records[["tenant_id", "ticket_id"]][order]
        borders = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        for start, end in zip([0, *borders.tolist()], [*borders.tolist(), len(order)], strict=True):
            if start < end and keys[start]["ticket_id"] != _NONE:
                found = self._operations(order[start:end])
                yield (int(keys[start]["tenant_id"]), int(keys[start]["ticket_id"])), found

    def unplaced(self) -> list[Operation]:
        """The writes whose client never learnt the ticket."""
        records = self.records
        is_unplaced = (records["ticket_id"] == _NONE) & np.isin(records["kind"], list(WRITES))
        return self._operations(np.flatnonzero(is_unplaced))

    def _operations(self, places: NDArray[np.int64]) -> list[Operation]:
        """Those at these places, each as long as it may have been."""
        records = self.records[places]
        if self.slack_ns is not None:
            records["invoke_ns"] -= self.slack_ns[places]
            records["return_ns"] += self.slack_ns[places]
        names = self.names
        kinds, outcomes = {kind.value: kind for kind in Kind}, {outcome.value: outcome for outcome in Outcome}
        return [
            Operation(
                UUID(bytes=op_id),
                client,
                kinds[kind],
                tenant_id,
                None if ticket_id == _NONE else ticket_id,
                names[transition],
                invoke_ns,
                return_ns,
                outcomes[outcome],
                names[expected],
                None if version == _NONE else version,
                None if seq == _NONE else seq,
                names[origin],
                names[target],
                names[reason],
                None if due_ns == _NONE else due_ns,
                pooled_ns,
                wire_ns,
            )
            for (
                op_id,
                ticket_id,
                invoke_ns,
                return_ns,
                due_ns,
                pooled_ns,
                wire_ns,
                tenant_id,
                client,
                seq,
                version,
                transition,
                expected,
                origin,
                target,
                reason,
                kind,
                outcome,
            ) in records.tolist()
        ]


def read_journals(folder: Path) -> Recording:
    """
    Everything that was recorded into a folder.

    Raises:
        EnvironmentFault: there is nothing, or it is of another format.
    """
    names: dict[str | None, int] = {None: 0}
    failures: dict[str, str] = {}
    parts, complete = [], True
    skipped: list[int] = []
    begins: list[int] = []
    slacks: list[NDArray[np.int64]] = []
    for path in sorted(folder.glob("*.ops")):
        told = _read_names(path.with_suffix(".names"))
        failures = told.failures | failures
        skipped += [instant + told.ahead_ns for instant in told.skipped]
        begins += [instant + told.ahead_ns for instant in told.begins]
        size_bytes = path.stat().st_size
        whole = size_bytes // RECORD.itemsize
        complete &= told.closed == whole and size_bytes == whole * RECORD.itemsize
        part = np.fromfile(path, dtype=RECORD, count=whole)
        translated = np.array([names.setdefault(name, len(names)) for name in told.names], dtype="<u2")
        for column in ("transition", "expected_state", "from_state", "to_state", "reason"):
            part[column] = translated[part[column]]
        part["due_ns"] += np.where(part["due_ns"] < 0, 0, told.ahead_ns)
        for column in ("invoke_ns", "return_ns"):
            part[column] += told.ahead_ns
        parts.append(part)
        slacks.append(np.full(whole, told.slack_ns))
    if not parts:
        raise EnvironmentFault("no operation was recorded", next_step="look at the clients' own messages")
    return Recording(
        np.concatenate(parts),
        tuple(names),
        complete,
        failures,
        np.array(sorted(skipped), dtype=np.int64),
        min(begins, default=None),
        np.concatenate(slacks) if any(slack.any() for slack in slacks) else None,
    )


@dataclass
class _Told:
    """What the names of one process say."""

    names: list[str | None] = field(default_factory=lambda: [None])
    failures: dict[str, str] = field(default_factory=dict)
    skipped: list[int] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    closed: int | None = None
    ahead_ns: int = 0
    slack_ns: int = 0


def _read_names(path: Path) -> _Told:
    told = _Told()
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        match json.loads(line):
            case {"name": name}:
                told.names.append(name)
            case {"failure": reason, "message": message}:
                told.failures.setdefault(reason, message)
            case {"skipped": instants}:
                told.skipped += instants
            case {"begun": instant}:
                told.begins.append(instant)
            case {"clock": clock}:
                told.ahead_ns, told.slack_ns = clock["ahead_ns"], clock["slack_ns"]
            case {"closed": closed}:
                told.closed = closed
            case {"format": version} if version != FORMAT:
                raise EnvironmentFault("a journal is of another format", observed=version, expected=FORMAT)
    return told
