"""Values drawn under a JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema import Draft202012Validator

from virtualq_core.errors import UsageError
from virtualq_core.seeding.pattern import PatternWriter

if TYPE_CHECKING:
    from virtualq_core.seeding.draw import Draw
    from virtualq_core.seeding.vocabulary import Words

Schema: TypeAlias = Mapping[str, Any]

ENTRIES = 1500  # different values of one property at most
_SPAN = 5000  # the width of a range that the schema leaves open
_ITEMS = 3
_LONG = 100  # from this length on a string is a sentence
_QUARTER = 4
_DEPTH = 8

_NOTES = {"$anchor", "$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "examples", "title"}
_UNDERSTOOD = {
    *_NOTES, "$ref", "additionalProperties", "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "items",
    "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "pattern", "properties",
    "required", "type", "uniqueItems",
}  # fmt: skip
_NESTING = ("items", "additionalProperties")


class ValueWriter:
    """
    Draws values under schemas that share one root, to which their references point.

    Where a schema says more than is understood here, drawn values are held against it and only those that fit are
    kept.
    """

    def __init__(self, root: Schema, words: Words, draw: Draw) -> None:
        self._root = root
        self._words = words
        self._draw = draw
        self._patterns: dict[str, PatternWriter] = {}

    def values(self, schema: Any, path: str, count: int) -> list[Any]:  # noqa: ANN401 - any JSON
        """
        Up to `count` values, fewer where the schema allows fewer.

        Raises:
            UsageError: not a single value could be drawn; the error names `path`.
        """
        wanted = min(count, self._variety(schema))
        drawn = [self._value(schema, path, number, _DEPTH) for number in range(wanted)]
        if self._is_understood(schema, _DEPTH):
            return drawn
        fits = self._judge(schema)
        kept = [value for value in drawn if fits(value)]
        if not kept:
            raise _refusal(path, schema)
        return kept

    def _judge(self, schema: Any) -> Callable[[Any], bool]:  # noqa: ANN401 - any JSON
        definitions = {"$defs": self._root.get("$defs", {})}
        whole = {**definitions, **schema} if isinstance(schema, Mapping) else schema
        return Draft202012Validator(whole).is_valid

    def _is_understood(self, schema: Any, depth: int) -> bool:  # noqa: ANN401 - any JSON
        if isinstance(schema, bool):
            return schema
        if depth == 0 or not set(schema) <= _UNDERSTOOD:
            step = schema.get("multipleOf")
            if depth == 0 or set(schema) - _UNDERSTOOD != {"multipleOf"} or not isinstance(step, int):
                return False
        inner = [*schema.get("properties", {}).values(), *(schema[name] for name in _NESTING if name in schema)]
        if "$ref" in schema:
            inner.append(self._resolve(schema["$ref"], "$ref"))
        return all(one is False or self._is_understood(one, depth - 1) for one in inner)

    @staticmethod
    def _variety(schema: Any) -> int:  # noqa: ANN401 - any JSON
        """How many values there are to draw, as far as that is plain to see."""
        if not isinstance(schema, Mapping) or "const" in schema:
            return 1
        if "enum" in schema:
            return len(schema["enum"])
        match schema.get("type"):
            case "boolean":
                return 2
            case "null":
                return 1
            case "integer" if "minimum" in schema and "maximum" in schema:
                first, last, _ = _range(schema)
                return max(1, last - first + 1)
        return ENTRIES

    def _value(self, schema: Any, path: str, number: int, depth: int) -> Any:  # noqa: ANN401 - any JSON
        """One value; `number` counts the values asked for, so that a short list or range is gone through in turn."""
        if not isinstance(schema, Mapping):
            return True
        schema = self._spell_out(schema, path, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        kind = schema.get("type") or _guess(schema)
        if isinstance(kind, list):
            kind = kind[self._draw.one(len(kind))]
        return self._of_type(kind, schema, path, number, depth)

    def _of_type(self, kind: str, schema: Schema, path: str, number: int, depth: int) -> Any:  # noqa: ANN401 - any JSON
        match kind:
            case "boolean":
                return number % 2 == 0
            case "integer" | "number":
                return self._number(schema, number, is_whole=kind == "integer")
            case "string":
                return self._string(schema)
            case "array":
                return self._array(schema, path, depth)
            case "object":
                return self._object(schema, path, depth)
        return None

    def _spell_out(self, schema: Schema, path: str, depth: int) -> Schema:
        """The schema with its reference, one of its alternatives and all of its parts written into it."""
        while True:
            more: list[Any] = []
            if "$ref" in schema:
                more.append(self._resolve(schema["$ref"], path))
            choices = [schema[name] for name in ("anyOf", "oneOf") if name in schema]
            more += [among[self._draw.one(len(among))] for among in choices]
            more += schema.get("allOf", [])
            if not more:
                return schema
            depth -= 1
            if depth == 0:
                raise _refusal(path, schema)
            own = {name: rule for name, rule in schema.items() if name not in ("$ref", "anyOf", "oneOf", "allOf")}
            schema = reduce(_merge, [one for one in more if isinstance(one, Mapping)], own)

    def _resolve(self, reference: str, path: str) -> Any:  # noqa: ANN401 - any JSON
        found: Any = self._root
        for step in reference.removeprefix("#").removeprefix("/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if name == "":
                continue
            if not isinstance(found, Mapping) or name not in found:
                raise _refusal(path, {"$ref": reference})
            found = found[name]
        return found

    def _number(self, schema: Schema, number: int, *, is_whole: bool) -> float:
        first, last, step = _range(schema)
        if not is_whole and "multipleOf" not in schema:
            # Quarters are exact in binary and in decimal.
            return first + self._draw.one((last - first) * _QUARTER + 1) / _QUARTER
        span = last - first + 1
        place = number % span if 0 < span <= ENTRIES else self._draw.one(max(1, span))
        found: float = (first + place) * step
        return found

    def _string(self, schema: Schema) -> str:
        if "pattern" in schema:
            pattern = schema["pattern"]
            if pattern not in self._patterns:
                self._patterns[pattern] = PatternWriter(pattern)
            return self._patterns[pattern].write(self._draw.one)
        shortest = schema.get("minLength", 0)
        longest = schema.get("maxLength", max(_LONG, shortest))
        if longest < _LONG:
            choices = self._words.goods
            drawn = choices[self._draw.one(len(choices))].split()[0]
        else:
            choices = self._words.people if longest == _LONG else self._words.notes
            drawn = choices[self._draw.one(len(choices))]
        if len(drawn) < shortest:
            drawn = drawn * (shortest // max(1, len(drawn)) + 1)
        return drawn[:longest]

    def _array(self, schema: Schema, path: str, depth: int) -> list[Any]:
        if depth == 0:
            raise _refusal(path, schema)
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + _ITEMS), least + _ITEMS)
        items = schema.get("items", {"type": "string", "maxLength": 20})
        if items is False:
            return []
        wanted = least + self._draw.one(max(0, most - least) + 1)
        drawn = [self._value(items, f"{path}[]", self._draw.one(ENTRIES), depth - 1) for _ in range(wanted)]
        return self._different(drawn, items, least, path, depth) if schema.get("uniqueItems") else drawn

    def _different(self, drawn: list[Any], items: Any, least: int, path: str, depth: int) -> list[Any]:  # noqa: ANN401 - any JSON
        """The different ones among some items, and more of them where there would be too few."""
        found = [one for place, one in enumerate(drawn) if one not in drawn[:place]]
        for number in range(self._variety(items)):
            if len(found) >= least:
                return found
            another = self._value(items, f"{path}[]", number, depth - 1)
            found += [another] if another not in found else []
        if len(found) < least:
            raise _refusal(path, {"items": items, "uniqueItems": True, "minItems": least})
        return found

    def _object(self, schema: Schema, path: str, depth: int) -> dict[str, Any]:
        if depth == 0:
            raise _refusal(path, schema)
        required = set(schema.get("required", ()))
        properties = schema.get("properties", {})
        names = [
            name for name in properties if name in required or (properties[name] is not False and self._draw.one(2))
        ]
        found = {
            name: self._value(properties[name], f"{path}.{name}", self._draw.one(ENTRIES), depth - 1) for name in names
        }
        return {**dict.fromkeys(sorted(required - set(properties)), True), **found}


def _range(schema: Schema) -> tuple[int, int, Any]:
    """The first and the last multiple that a number's schema allows, and what they are multiples of."""
    step = schema.get("multipleOf", 1)
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum", least + _SPAN * step))
    first, last = int(-(-least // step)), int(most // step)
    if first * step <= schema.get("exclusiveMinimum", first * step - 1):
        first += 1
    if last * step >= schema.get("exclusiveMaximum", last * step + 1):
        last -= 1
    return first, last, step


def _guess(schema: Schema) -> str:
    """The type that a schema without one is about."""
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "minItems" in schema:
        return "array"
    if {"minimum", "maximum", "multipleOf"} & set(schema):
        return "integer"
    return "string"


def _merge(one: Schema, other: Schema) -> Schema:
    """Both schemas at once, as far as drawing goes."""
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _refusal(path: str, schema: Any) -> UsageError:  # noqa: ANN401 - any JSON
    shown = str(dict(schema) if isinstance(schema, Mapping) else schema)
    return UsageError(
        f"no custom data can be drawn for '{path}'",
        observed=shown if len(shown) <= _LONG else f"{shown[:_LONG]}…",
        next_step="simplify the type's custom_fields_schema, or make the field optional",
    )
