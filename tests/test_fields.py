"""Custom fields: what a schema may say, what data it lets through, and how long it may take."""

from __future__ import annotations

import contextlib
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from virtualq_core import content
from virtualq_core.conformance.lure import Lure
from virtualq_core.errors import InvalidFields
from virtualq_core.fields import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, FieldSchema, parse_json

DIALECT = "https://json-schema.org/draft/2020-12/schema"

ORDER = {
    "$schema": DIALECT,
    "type": "object",
    "properties": {
        "channel": {"enum": ["counter", "web"]},
        "table": {"type": "integer", "minimum": 1},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "maxItems": 3},
    },
    "required": ["channel"],
    "additionalProperties": False,
    "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{3}[0-9]+$"}}}},
}


def refusal(schema: Any, data: object) -> InvalidFields:  # noqa: ANN401 - any JSON
    """The error with which the schema refuses the data."""
    with pytest.raises(InvalidFields) as refused:
        FieldSchema.compile(schema).validate(data)
    return refused.value


def refused_schema(schema: Any) -> InvalidFields:  # noqa: ANN401 - any JSON
    """The error with which a schema is refused when it is written."""
    with pytest.raises(InvalidFields) as refused:
        FieldSchema.compile(schema)
    return refused.value


def test_data_that_fits_passes() -> None:
    """What the schema allows is accepted without a word."""
    FieldSchema.compile(ORDER).validate({"channel": "web", "table": 4, "lines": [{"sku": "ABC12"}, {}]})


@pytest.mark.parametrize(
    ("data", "path", "observed", "expected"),
    [
        ({}, "", "{}", "the missing channel"),
        ({"channel": "fax"}, "channel", '"fax"', 'one of ["counter", "web"]'),
        ({"channel": "web", "table": "4"}, "table", '"4"', "a value of type integer"),
        ({"channel": "web", "table": 0}, "table", "0", "at least 1"),
        ({"channel": "web", "lines": [{}, {"sku": "x"}]}, "lines[1].sku", '"x"', "text matching /^[A-Z]{3}[0-9]+$/"),
        ({"channel": "web", "lines": [{}] * 4}, "lines", "[{}, {}, {}, {}]", "at most 3 items"),
        ({"channel": "web", "colour": 1}, "", '{"colour": 1}', "none of these properties"),
    ],
)
def test_a_refusal_names_path_observed_and_expected(data: object, path: str, observed: str, expected: str) -> None:
    """One problem, one line: where, what was there, what belongs there."""
    error = refusal(ORDER, data)

    (problem,) = error.problems
    assert (problem.path, problem.observed, problem.expected) == (path, observed, expected)
    assert str(error).startswith(f"invalid-fields: custom_data{'.' if path else ''}{path}: breaks '")
    assert (error.observed, error.expected) == (observed, expected)


def test_every_problem_is_reported() -> None:
    """Not only the first one; and of very many, the first hundred."""
    error = refusal(ORDER, {"table": 0, "lines": [{"sku": 1}], "x": 1})
    assert {problem.path for problem in error.problems} == {"", "table", "lines[0].sku"}
    assert len(error.problems) == 4

    assert len(refusal({"items": {"type": "string"}}, list(range(500))).problems) == MAX_PROBLEMS


def test_the_nearest_alternative_is_named() -> None:
    """Where several forms are allowed, the error says what was wrong with the nearest."""
    schema = {
        "properties": {
            "size": {"anyOf": [{"type": "null"}, {"properties": {"width": {"type": "integer"}}, "type": "object"}]}
        }
    }

    error = refusal(schema, {"size": {"width": "wide"}})

    assert error.problems[0].path == "size"
    assert str(error.expected).endswith("a value of type integer at size.width")


def test_no_schema_accepts_any_object() -> None:
    """And nothing but an object."""
    FieldSchema.compile(None).validate({"anything": [1, None, {"x": "y"}]})

    others: list[object] = [[], "x", 1, None]
    for data in others:
        assert refusal(None, data).expected == "an object"


def test_booleans_are_schemas() -> None:
    """`true` accepts everything, `false` nothing."""
    FieldSchema.compile(schema=True).validate({"x": 1})

    assert "not allowed" in str(refusal(schema=False, data={}))


@pytest.mark.parametrize("number", [1.0, 1, -3.0, 1e20])
def test_a_whole_number_is_an_integer_however_it_is_written(number: float) -> None:
    """1.0 is an integer, as the standard says; 1.5 and true are not."""
    schema = {"properties": {"n": {"type": "integer"}}}
    FieldSchema.compile(schema).validate({"n": number})

    for other in (1.5, True):
        assert refusal(schema, {"n": other}).problems[0].path == "n"


def test_formats_are_notes() -> None:
    """`format` is an annotation, as the standard has it by default."""
    FieldSchema.compile({"properties": {"mail": {"format": "email"}}}).validate({"mail": "not one"})


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"n": float("nan")}, "n"),
        ({"n": [float("inf")]}, "n[0]"),
        ({"n": 10**400}, "n"),
        ({"a b": "x\0"}, '["a b"]'),
        ({"o": {"x\0": 1}}, "o"),
        ({"s": "\ud800"}, "s"),
        ({"t": (1, 2)}, "t"),
        ({"d": {1: 2}}, "d"),
        ({"b": b"x"}, "b"),
    ],
    ids=repr,
)
def test_what_jsonb_cannot_hold_is_refused(data: object, path: str) -> None:
    """Whatever the schema says; the error names the place."""
    assert refusal(None, data).problems[0].path == path
    assert refusal({}, data).problems[0].path == path


def nested(levels: int) -> dict[str, Any]:
    """Objects within one another, so many of them."""
    return {} if levels == 1 else {"x": nested(levels - 1)}


def test_depth_and_size_have_limits() -> None:
    """The last that fits passes, the next is refused; a value that holds itself is only very deep."""
    schema = FieldSchema.compile(None)
    schema.validate(nested(MAX_DEPTH))
    schema.validate({"x": "é" * ((MAX_BYTES - 8) // 2)})
    endless: dict[str, Any] = {}
    endless["x"] = [endless, endless]

    assert f"deeper than {MAX_DEPTH}" in str(refusal(None, nested(MAX_DEPTH + 1)))
    assert f"longer than {MAX_BYTES} bytes" in str(refusal(None, {"x": "é" * (MAX_BYTES // 2)}))
    assert "invalid-fields" in str(refusal(None, endless))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"a": -1e400}',
        '{"a": "\\u0000"}',
        '{"\\u0000": 1}',
        '{"a": "\\ud800"}',
        '{"a": ' + "1" * 400 + "}",
        '{"a": ' + "1" * 5000 + "}",
        "[" * 100_000,
        "[" * 40 + "]" * 40,
        '{"a": "' + "x" * MAX_BYTES + '"}',
        "{'a': 1}",
        '{"a": 1,}',
        "",
        "\ufeff{}",
    ],
    ids=lambda text: text[:30],
)
def test_text_that_is_not_plain_json_is_refused(text: str) -> None:
    """Two readers must see the same value, and `jsonb` must be able to hold it."""
    with pytest.raises(InvalidFields, match="custom_data"):
        parse_json(text)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_characters="\0", codec="utf-8")), x, max_size=3)
        ),
        max_leaves=10,
    )
)
@settings(max_examples=50, deadline=None)
def test_plain_json_is_read_as_it_was_written(value: object) -> None:
    """Reading what was written gives the same value."""
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "strin"}, "type"),
        ({"properties": {"a": {"minimum": "1"}}}, "properties.a.minimum"),
        ({"required": ["a", 1]}, "required[1]"),
        ({"properties": []}, "properties"),
        ({"items": {"enum": 1}}, "items.enum"),
        ({"definitions": {"a": {"type": 1}}}, "definitions.a.type"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema"),
        ({"items": {"$schema": DIALECT}}, "items.$schema"),
        ({"items": {"$id": "https://shop.example/item"}}, "items.$id"),
    ],
)
def test_what_is_no_schema_is_refused_when_it_is_written(schema: object, path: str) -> None:
    """It is held to the meta-schema of JSON Schema 2020-12, and the error names the place in it."""
    error = refused_schema(schema)

    assert error.problems[0].path == path
    assert str(error).startswith(f"invalid-fields: custom_fields_schema.{path}: ")


@pytest.mark.parametrize("schema", [5, "object", [], [{}], {"minimum": float("nan")}, {"const": "\0"}])
def test_what_is_no_json_is_no_schema(schema: object) -> None:
    """A schema is an object, true or false, made of JSON."""
    assert "custom_fields_schema" in str(refused_schema(schema))


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        ("https://schemas.example/order.json", "refers to something outside this schema"),
        ("order.json", "refers to something outside this schema"),
        ("file:///etc/passwd", "refers to something outside this schema"),
        (DIALECT, "refers to something outside this schema"),
        ("", "refers to something outside this schema"),
        ("#/$defs/none", "refers to nothing"),
        ("#none", "refers to nothing"),
        ("#/x-notes/text", "refers to something that is not a subschema"),
        ("#/x-notes", "refers to something that is not a subschema"),
    ],
)
def test_a_reference_leads_to_a_subschema_of_the_same_schema(keyword: str, ref: str, rule: str) -> None:
    """Nothing is ever fetched; a reference elsewhere is refused when the schema is written, wherever it hides."""
    hidden = {"$defs": {"a": {"allOf": [{"properties": {"b": {keyword: ref}}}]}}, "x-notes": {"text": "type"}}

    error = refused_schema(hidden)

    (problem,) = error.problems
    assert (problem.path, problem.rule) == (f"$defs.a.allOf[0].properties.b.{keyword}", rule)


def test_nothing_is_fetched() -> None:
    """Whatever names an address is refused, or taken without a call; so is data that names one."""
    with Lure() as lure:
        for schema in lure.schemas().values():
            with contextlib.suppress(InvalidFields):
                FieldSchema.compile(schema).validate({"a": 1})
        FieldSchema.compile({"$id": lure.url}).validate({"$ref": lure.url, "$schema": lure.url})

        assert lure.visits == 0


def test_references_within_the_schema_work() -> None:
    """By pointer, by anchor, to the root, recursively; `$id` and `$schema` at the root change nothing."""
    schema = {
        "$schema": DIALECT,
        "$id": "https://shop.example/tree",
        "properties": {"left": {"$ref": "#"}, "right": {"$dynamicRef": "#tree"}, "n": {"$ref": "#number"}},
        "$dynamicAnchor": "tree",
        "additionalProperties": False,
        "$defs": {"n": {"$anchor": "number", "$ref": "#/$defs/m"}, "m": {"type": "integer"}},
    }
    FieldSchema.compile(schema).validate({"left": {"right": {"n": 1}}, "n": 2})

    assert refusal(schema, {"left": {"right": {"n": "1"}}}).problems[0].path == "left.right.n"
    assert refusal(schema, {"left": {"other": 1}}).problems[0].path == "left"


def test_a_property_may_be_called_ref() -> None:
    """`$ref` is a keyword where a schema stands, and data elsewhere."""
    FieldSchema.compile({"properties": {"$ref": {"const": {"$ref": "https://x.example"}}}}).validate(
        {"$ref": {"$ref": "https://x.example"}}
    )


def test_a_schema_is_compiled_once_for_its_content() -> None:
    """The order of keys does not matter; a pickled schema is the same one."""
    again = dict(reversed(ORDER.items()))

    assert FieldSchema.compile(again) is FieldSchema.compile(ORDER)
    assert pickle.loads(pickle.dumps(FieldSchema.compile(ORDER))) == FieldSchema.compile(ORDER)  # noqa: S301 - our own
    assert FieldSchema.compile(None) == FieldSchema.compile(None) != FieldSchema.compile(schema=True)


def test_the_shipped_types_have_schemas() -> None:
    """Every type in `schema/types` compiles."""
    files = sorted((content.folder("schema") / "types").glob("*.json"))
    assert files
    for file in files:
        FieldSchema.compile(json.loads(file.read_text(encoding="utf-8"))["custom_fields_schema"])


SCHEMAS: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.booleans()
        | st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"]),
                "enum": st.lists(VALUES, min_size=1, max_size=2),
                "minimum": st.integers(-2, 2),
                "maxLength": st.integers(0, 2),
                "minItems": st.integers(0, 2),
                "uniqueItems": st.booleans(),
                "required": st.lists(st.sampled_from("ab"), unique=True),
                "items": SCHEMAS,
                "properties": st.dictionaries(st.sampled_from("ab"), SCHEMAS, max_size=2),
                "patternProperties": st.dictionaries(st.sampled_from(["a", "^b$"]), SCHEMAS, max_size=1),
                "additionalProperties": SCHEMAS,
                "pattern": st.sampled_from(["a", "^b", "[ab]{2}"]),
                "anyOf": st.lists(SCHEMAS, min_size=1, max_size=2),
                "not": SCHEMAS,
                "unevaluatedItems": SCHEMAS,
            },
        )
    )
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 0.5, "", "a", "ab", "b"]),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("abc"), x, max_size=3),
    max_leaves=6,
)


@given(SCHEMAS, VALUES)
@settings(max_examples=80, deadline=None)
def test_bounded_keywords_judge_as_jsonschema_does(schema: Any, data: object) -> None:  # noqa: ANN401 - any JSON
    """The keywords that are bounded here accept and refuse exactly what jsonschema's own do."""
    expected = Draft202012Validator(schema).is_valid(data)

    try:
        FieldSchema.compile(schema).validate(data)
    except InvalidFields as error:
        observed = False
        assert error.problems  # noqa: PT017 - both outcomes are right, as long as they agree
    else:
        observed = True

    assert observed == expected
