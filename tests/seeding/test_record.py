"""Rows as binary COPY takes them; what the server makes of them is tested with the load."""

from __future__ import annotations

import struct

import numpy as np

from virtualq_core.seeding import record


def decode(data: bytes) -> list[list[bytes | None]]:
    """The fields of each row, as bytes."""
    place, rows = 0, []
    while place < len(data):
        (fields,) = struct.unpack_from(">h", data, place)
        place += 2
        row: list[bytes | None] = []
        for _ in range(fields):
            (length,) = struct.unpack_from(">i", data, place)
            place += 4
            row.append(None if length == -1 else data[place : place + length])
            place += max(length, 0)
        rows.append(row)
    return rows


def test_every_pattern_of_nulls_keeps_its_row_in_place() -> None:
    """Rows with different nulls are packed apart and come out in their order."""
    rows = 64
    numbers = np.arange(rows)
    columns = [
        record.int4(numbers),
        record.int8(numbers * 10, numbers % 2 == 0),
        record.float8(numbers / 4, numbers % 3 == 0),
        record.timestamptz(numbers, numbers % 5 == 0),
    ]
    decoded = decode(record.encode(columns, rows, 4))
    for number, (one, ten, quarter, time) in enumerate(decoded):
        assert one == struct.pack(">i", number)
        assert ten == (struct.pack(">q", number * 10) if number % 2 == 0 else None)
        assert quarter == (struct.pack(">d", number / 4) if number % 3 == 0 else None)
        assert time == (struct.pack(">q", number - 946_684_800_000_000) if number % 5 == 0 else None)


def test_a_vocabulary_entry_may_hold_several_fields() -> None:
    """The count of fields is that of the column list, not of the columns given."""
    entries = record.segments([record.text("a") + record.text("bc"), record.text("ö") + record.NULL])
    decoded = decode(record.encode([record.Entry(entries, np.array([1, 0]))], 2, 2))
    assert decoded == [["ö".encode(), None], [b"a", b"bc"]]


def test_documents_of_pieces_carry_their_length() -> None:
    """A document's pieces become one field of jsonb; no pieces at all are null."""
    pieces = record.Pieces(
        [record.segments([b'{"a": 1', b"", b'{"a": 20']), record.segments([b"}", b"", b', "b": 2}'])],
        np.array([8, 0, 17]),
    )
    decoded = decode(record.encode([record.int4(np.arange(3)), pieces, record.int4(np.arange(3))], 3, 3))
    assert [row[1] for row in decoded] == [b'\x01{"a": 1}', None, b'\x01{"a": 20, "b": 2}']
    assert [row[2] for row in decoded] == [struct.pack(">i", number) for number in range(3)]


def test_bytes_that_end_in_zero_are_kept() -> None:
    """NumPy's byte strings lose trailing zeros; records must not."""
    values = np.array([256, 65_536, 0])
    assert [row[0] for row in decode(record.encode([record.int8(values)], 3, 1))] == [
        struct.pack(">q", value) for value in values.tolist()
    ]
