"""Custom data is valid under its type's schema, and varied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.seeding.facts import TYPE_FILES
from virtualq_core.errors import UsageError
from virtualq_core.fields import FieldSchema
from virtualq_core.seeding import world
from virtualq_core.seeding.document import DocumentWriter
from virtualq_core.seeding.draw import Draw
from virtualq_core.seeding.vocabulary import Words, gather

ALL_TYPES = [*TYPE_FILES, *sorted(Path(world.__file__).with_name("types").glob("*.json"))]


@pytest.fixture(scope="module")
def words() -> Words:
    """One locale's words."""
    return gather(("de_DE",), 1).words[0]


def draw_documents(schema: Any, words: Words, count: int = 2000) -> list[Any]:  # noqa: ANN401 - any JSON
    """Documents as a ticket would carry them; None where it has none."""
    writer = DocumentWriter(schema, words, 1, 0)
    pieces, lengths = writer.write(Draw(11), count)
    texts = [b"".join(parts) for parts in zip(*pieces, strict=True)] if pieces else [b""] * count
    assert [len(text) for text in texts] == lengths.tolist()
    return [json.loads(text) if text else None for text in texts]


@pytest.mark.parametrize("path", ALL_TYPES, ids=lambda path: path.stem)
def test_documents_of_shipped_types_are_valid_and_varied(path: Path, words: Words) -> None:
    """Every document fits its schema; every property is there sometimes; most documents differ from one another."""
    schema = json.loads(path.read_text(encoding="utf-8"))["custom_fields_schema"]
    documents = draw_documents(schema, words)
    present = [document for document in documents if document is not None]
    for document in present:
        FieldSchema.compile(schema).validate(document)
    assert {name for document in present for name in document} == set(schema["properties"])
    assert len({json.dumps(document) for document in present}) > 300
    assert 0.94 < len(present) / len(documents) < 1


SCHEMAS: dict[str, Any] = {
    "only optional properties": {"properties": {"a": {"type": "boolean"}, "b": {"const": None}}},
    "negative and open ranges": {
        "properties": {
            "a": {"type": "integer", "minimum": -7, "exclusiveMaximum": -3},
            "b": {"type": "integer", "maximum": 5, "minimum": 5},
            "c": {"type": "number", "exclusiveMinimum": 0, "maximum": 2},
            "d": {"type": "number", "multipleOf": 0.5, "minimum": 1},
        },
        "required": ["a", "b", "c", "d"],
    },
    "long and short strings": {
        "properties": {
            "a": {"type": "string", "minLength": 40, "maxLength": 50},
            "b": {"type": "string", "maxLength": 2},
            "c": {"type": "string", "minLength": 300},
        },
        "required": ["a", "b", "c"],
    },
    "arrays of different items": {
        "properties": {"a": {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3}},
        "required": ["a"],
    },
    "references": {
        "$defs": {"size": {"type": "integer", "minimum": 1, "maximum": 3}},
        "properties": {"a": {"$ref": "#/$defs/size"}, "b": {"type": "array", "items": {"$ref": "#/$defs/size"}}},
        "required": ["a", "b"],
    },
    "alternatives": {
        "properties": {
            "a": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "string", "minLength": 2}]},
            "b": {"oneOf": [{"const": 1}, {"type": "null"}]},
            "c": {"type": ["boolean", "null"]},
        },
        "required": ["a", "b", "c"],
    },
    "all of several": {
        "properties": {
            "a": {"allOf": [{"type": "object", "properties": {"x": {"const": 1}}}, {"required": ["x"]}]},
        },
        "required": ["a"],
    },
    "a rule on the whole": {
        "type": "object",
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
        "required": ["a"],
        "if": {"properties": {"a": {"const": 1}}},
        "then": {"required": ["b"]},
        "minProperties": 1,
    },
    "a format that narrows": {
        "properties": {"a": {"type": "string", "maxLength": 50, "not": {"pattern": "a"}}},
        "required": ["a"],
    },
    "names to be quoted": {"properties": {'"\\%s{}': {"type": "boolean"}}, "required": ['"\\%s{}']},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_documents_are_valid_whatever_the_schema_says(schema: Any, words: Words) -> None:  # noqa: ANN401 - any JSON
    """What the writer does not understand it tries out; no document breaks a rule."""
    documents = [document for document in draw_documents(schema, words) if document is not None]
    assert documents
    for document in documents:
        FieldSchema.compile(schema).validate(document)


@pytest.mark.parametrize("schema", [None, True, False, {}, {"type": "object"}])
def test_a_schema_without_fields_means_no_custom_data(schema: Any, words: Words) -> None:  # noqa: ANN401 - any JSON
    """No custom data breaks no rule."""
    assert set(draw_documents(schema, words)) == {None}


def test_an_optional_field_that_cannot_be_drawn_is_left_out(words: Words) -> None:
    """The rest of the document is there."""
    schema = {"properties": {"a": {"const": 1}, "b": {"type": "string", "pattern": "(?=x)y"}}, "required": ["a"]}
    assert {json.dumps(one) for one in draw_documents(schema, words)} == {'{"a": 1}', "null"}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "pattern": "[^a]"},
        {"allOf": [{"type": "integer"}, {"not": {"type": "integer"}}]},
        {"$ref": "#/$defs/none"},
        {"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 3},
    ],
)
def test_a_demand_that_cannot_be_drawn_is_refused_with_its_path(field: Any, words: Words) -> None:  # noqa: ANN401 - any JSON
    """The error names the field or its pattern."""
    schema = {"properties": {"broken": field}, "required": ["broken"]}
    with pytest.raises(UsageError, match=r"broken|\[\^a\]"):
        DocumentWriter(schema, words, 1, 0)
