"""
Custom data drawn from a type's JSON Schema.

Each property of an object becomes a vocabulary of `"key": value` pieces, and every row picks from each of them on
its own: a handful of small vocabularies makes as many documents as there are rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from virtualq_core.errors import UsageError
from virtualq_core.seeding.draw import Draw, Integers, Stream
from virtualq_core.seeding.record import Segments, segments
from virtualq_core.seeding.value import ENTRIES, Schema, ValueWriter

if TYPE_CHECKING:
    from virtualq_core.seeding.vocabulary import Words

_PRESENT = 600_000  # an optional property is there so many times in a million
_MISSING = 30_000  # a ticket has no custom data at all so many times in a million
# With no other rule on the whole, a document is valid if each of its properties is.
_OF_PARTS = {"$schema", "$id", "$defs", "$comment", "title", "description", "type", "properties", "required",
             "additionalProperties"}  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    """A part of a document: `values` entries, then one for its absence and one for no document at all."""

    entries: Segments
    lengths: Integers
    values: int
    is_optional: bool


class DocumentWriter:
    """
    Draws documents that are valid under one schema; `number` tells the types of one plan apart.

    An optional property for which nothing can be drawn is left out.

    Raises:
        UsageError: the schema demands something that cannot be drawn; the error says where.
    """

    def __init__(self, schema: Schema | bool | None, words: Words, seed: int, number: int) -> None:  # noqa: FBT001 - a schema may be `true`
        self._pieces: list[_Piece] = []
        if not isinstance(schema, Mapping) or not schema.get("properties"):
            return
        writer = ValueWriter(schema, words, Draw(seed, Stream.DOCUMENT, number))
        required = set(schema.get("required", ()))
        if set(schema) <= _OF_PARTS and required <= set(schema["properties"]):
            self._pieces = _split(writer, schema["properties"], required)
        else:
            drawn = writer.values(schema, "custom_data", ENTRIES)
            self._pieces = [_piece([_text(one) for one in drawn], "", "", is_optional=False)]

    @property
    def pieces(self) -> int:
        """How many pieces a document is put together from."""
        return len(self._pieces)

    def write(self, draw: Draw, rows: int) -> tuple[list[Segments], Integers]:
        """The pieces of `rows` documents, and each document's length in bytes; 0 means no custom data."""
        lengths = np.zeros(rows, dtype=np.int64)
        if not self._pieces:
            return [], lengths
        missing = draw.chance(_MISSING, rows)
        found: list[Segments] = []
        for piece in self._pieces:
            index = draw.early(piece.values, rows)
            if piece.is_optional:
                index[~draw.chance(_PRESENT, rows)] = piece.values
            index[missing] = piece.values + 1
            lengths += piece.lengths[index]
            found.append(piece.entries[index])
        return found, lengths


def _split(writer: ValueWriter, properties: Schema, required: set[str]) -> list[_Piece]:
    drawn: list[tuple[str, list[Any]]] = []
    # The first one is always there, so that each of the others can bring its own comma.
    for name in sorted(properties, key=lambda name: (name not in required, name)):
        try:
            drawn.append((name, writer.values(properties[name], name, ENTRIES)))
        except UsageError:
            if name in required:
                raise
    found = []
    for place, (name, values) in enumerate(drawn):
        before = f"{'{' if place == 0 else ', '}{_text(name)}: "
        after = "}" if place == len(drawn) - 1 else ""
        texts = list(dict.fromkeys(map(_text, values)))
        found.append(_piece(texts, before, after, is_optional=place > 0 and name not in required))
    return found


def _piece(texts: list[str], before: str, after: str, *, is_optional: bool) -> _Piece:
    entries = [f"{before}{text}{after}".encode() for text in texts]
    entries += [after.encode(), b""]
    lengths = np.array([len(entry) for entry in entries], dtype=np.int64)
    return _Piece(segments(entries), lengths, len(texts), is_optional)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, ensure_ascii=False)
