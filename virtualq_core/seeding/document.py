"""
Custom data drawn from a type's JSON Schema.

Each property of an object becomes a vocabulary of `"key": value` pieces, and every row picks from each of them on
its own: a handful of small vocabularies makes as many documents as there are rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from virtualq_core.errors import UsageError
from virtualq_core.seeding.draw import Booleans, Draw, Integers, Stream
from virtualq_core.seeding.pattern import PatternWriter
from virtualq_core.seeding.record import Segments, segments
from virtualq_core.seeding.vocabulary import Words

Schema: TypeAlias = Mapping[str, Any]

_ENTRIES = 1500  # different values of one property at most
_SPAN = 5000  # the width of an integer range that the schema leaves open
_ITEMS = 3
_PRESENT = 600_000  # an optional property is there so many times in a million
_MISSING = 30_000  # a ticket has no custom data at all so many times in a million
_LONG = 100  # from this length on a string is a sentence


@dataclass(frozen=True)
class _Piece:
    """A property: its entries, their lengths, and the place of the entry that stands for its absence."""

    entries: Segments
    lengths: Integers
    values: int
    optional: bool


class DocumentWriter:
    """
    Draws documents that are valid under one schema.

    Raises:
        UsageError: the schema demands something that cannot be drawn; the error says where.
    """

    def __init__(self, schema: Schema | bool | None, words: Words, seed: int, number: int) -> None:  # noqa: FBT001 - a schema may be `true`
        self._words = words
        self._draw = Draw(seed, Stream.DOCUMENT, number)
        self._root: Schema = schema if isinstance(schema, Mapping) else {}
        self._pieces = self._read() if self._root.get("properties") else []

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
            if piece.optional:
                absent: Booleans = ~draw.chance(_PRESENT, rows)
                index[absent] = piece.values
            index[missing] = piece.values + 1
            lengths += piece.lengths[index]
            found.append(piece.entries[index])
        return found, lengths

    def _read(self) -> list[_Piece]:
        properties: Schema = self._root["properties"]
        required = set(self._root.get("required", ()))
        unknown = required - set(properties)
        if unknown:
            raise UsageError("custom data cannot be drawn", observed=f"required but not described: {sorted(unknown)}")
        names = sorted(properties, key=lambda name: (name not in required, name))
        found = []
        for place, name in enumerate(names):
            before = "{" if place == 0 else ", "
            after = "}" if place == len(names) - 1 else ""
            values = self._values(properties[name], name)
            entries = [f"{before}{json.dumps(name)}: {value}{after}".encode() for value in values]
            # Two more entries: the property is absent; there is no document at all.
            entries += [after.encode(), b""]
            lengths = np.array([len(entry) for entry in entries], dtype=np.int64)
            optional = place > 0 and name not in required
            found.append(_Piece(segments(entries), lengths, len(values), optional))
        return found

    def _values(self, schema: Any, path: str) -> list[str]:
        count = self._variety(schema)
        drawn = (json.dumps(self._value(schema, path, number), ensure_ascii=False) for number in range(count))
        return list(dict.fromkeys(drawn))

    @staticmethod
    def _variety(schema: Any) -> int:
        if isinstance(schema, Mapping):
            if "enum" in schema:
                return len(schema["enum"])
            if schema.get("type") == "boolean":
                return 2
            if schema.get("type") == "integer" and "minimum" in schema and "maximum" in schema:
                step = int(schema.get("multipleOf", 1))
                return min(_ENTRIES, (schema["maximum"] - schema["minimum"]) // step + 1)
        return _ENTRIES

    def _below(self, bound: int) -> int:
        return self._draw.one(bound)

    def _value(self, schema: Any, path: str, number: int) -> Any:
        """A value under a schema; `number` counts the values asked for, so that small ranges are covered in turn."""
        if not isinstance(schema, Mapping):
            return True
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        match schema.get("type", "string"):
            case "boolean":
                return number % 2 == 0
            case "integer" | "number":
                return self._number(schema, number)
            case "string":
                return self._string(schema, path)
            case "array":
                return self._array(schema, path)
            case "object":
                return self._object(schema, path)
            case "null":
                return None
            case other:
                raise UsageError("custom data cannot be drawn", observed=f"{path} has the type {other}")

    def _number(self, schema: Schema, number: int) -> int:
        step = int(schema.get("multipleOf", 1))
        least = int(schema.get("minimum", 0))
        most = int(schema.get("maximum", least + _SPAN * step))
        first = -(-least // step)
        span = most // step - first + 1
        place = number % span if span <= _ENTRIES else self._below(span)
        return (first + place) * step

    def _string(self, schema: Schema, path: str) -> str:
        if "pattern" in schema:
            return PatternWriter(schema["pattern"]).write(self._below)
        longest = schema.get("maxLength", _LONG)
        if "minLength" not in schema and longest < _LONG:
            choices = self._words.goods
            return choices[self._below(len(choices))].split()[0][:longest]
        choices = self._words.people if longest == _LONG else self._words.notes
        return choices[self._below(len(choices))][:longest]

    def _array(self, schema: Schema, path: str) -> list[Any]:
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + _ITEMS), least + _ITEMS)
        items = schema.get("items", {})
        wanted = least + self._below(most - least + 1)
        drawn = [self._value(items, f"{path}[]", self._below(_ENTRIES)) for _ in range(wanted)]
        if schema.get("uniqueItems"):
            drawn = [one for place, one in enumerate(drawn) if one not in drawn[:place]]
        return drawn

    def _object(self, schema: Schema, path: str) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            name: self._value(inner, f"{path}.{name}", self._below(_ENTRIES))
            for name, inner in schema.get("properties", {}).items()
            if name in required or self._below(2)
        }
