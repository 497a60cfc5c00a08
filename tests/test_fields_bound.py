"""Custom fields within bounds of time: no schema and no data makes a validation run for ever."""

from __future__ import annotations

import time
from typing import Any

import pytest

from virtualq_core.errors import InvalidFields
from virtualq_core.fields import FieldSchema

TOO_LONG_S = 5.0
"""Far more than any validation here takes, far less than a pattern that backtracks."""


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


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "a*a*a*a*a*a*a*b"]
)
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties", "propertyNames", "additionalProperties"])
def test_no_pattern_runs_for_ever(pattern: str, keyword: str) -> None:
    """Patterns that take a backtracking engine longer than the universe lasts are judged at once, as any keyword."""
    text = "a" * 28 + "!"
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "pattern": ({"properties": {"x": {"pattern": pattern}}}, {"x": text}),
        "patternProperties": ({"patternProperties": {pattern: False}}, {text: 1}),
        "propertyNames": ({"propertyNames": {"pattern": pattern}}, {text: 1}),
        "additionalProperties": ({"patternProperties": {pattern: True}, "additionalProperties": False}, {text: 1}),
    }
    schema, data = cases[keyword]
    started = time.monotonic()

    try:
        FieldSchema.compile(schema).validate(data)
    except InvalidFields:
        pass
    finally:
        assert time.monotonic() - started < TOO_LONG_S


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)b", r"(a)\1", "(?<=a)b", "(", "[a-", "a{2,1}", r"(\p{L}{0,99}){9}"])
def test_a_pattern_beyond_re2_is_refused_when_the_schema_is_written(pattern: str) -> None:
    """As `pattern` and as a key of `patternProperties`, with its path."""
    error = refused_schema({"items": {"pattern": pattern}, "patternProperties": {pattern: True}})

    assert [problem.path for problem in error.problems] == ["items.pattern", "patternProperties"]


@pytest.mark.parametrize(
    ("pattern", "matches", "differs"),
    [
        ("^a$", "a", "a\n"),
        (r"^\d$", "1", "\u0661"),
        (r"^\u00e9\/$", "é/", "e/"),
        (r"^\\u00e9$", r"\u00e9", "é"),
        (r"^\p{L}+$", "é日", "1"),
        ("b", "abc", "ac"),
    ],
)
def test_patterns_mean_what_ecma_262_says(pattern: str, matches: str, differs: str) -> None:
    r"""`$` is the end, `\d` is ASCII, a pattern is searched for, not matched whole."""
    schema = {"properties": {"x": {"pattern": pattern}}}
    FieldSchema.compile(schema).validate({"x": matches})

    assert refusal(schema, {"x": differs}).problems[0].key == "pattern"


def doubling(levels: int) -> dict[str, Any]:
    """A schema that asks the same question 2 to the power of `levels` times."""
    steps = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n - 1}"}] * 2} for n in range(1, levels)}
    return {"$ref": f"#/$defs/a{levels - 1}", "$defs": {"a0": {"type": "object"}, **steps}}


@pytest.mark.parametrize(
    "schema", [doubling(40), {"$ref": "#"}, {"anyOf": [{"not": {"$ref": "#"}}]}], ids=["fan", "circle", "detour"]
)
def test_a_schema_that_never_ends_is_refused_when_it_is_written(schema: Any) -> None:  # noqa: ANN401 - any JSON
    """One that fans out without end, or comes back to itself without looking at less of the data."""
    assert refused_schema(schema).problems[0].key == "steps"


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"properties": {"x": doubling(40)["$defs"]["a0"]}, "items": {"enum": list(range(9000))}}, [-1] * 15_000),
        ({"unevaluatedItems": False}, list(range(10_000))),
        ({"items": {"allOf": [{"pattern": "[ab]*a[ab]{900}c"}] * 20}}, ["ab" * 16_000]),
        ({"properties": {"x": doubling(40)}, "$defs": doubling(40)["$defs"]}, {"x": {}}),
    ],
    ids=["enum", "unevaluated", "patterns", "fan below"],
)
def test_a_validation_that_costs_too_much_stops(schema: dict[str, Any], data: object) -> None:
    """It is refused as too costly, in a few seconds at most."""
    started = time.monotonic()

    assert refusal(schema, data).problems[0].key == "steps"
    assert time.monotonic() - started < TOO_LONG_S


def test_unique_items_are_told_apart_in_linear_time() -> None:
    """1 is 1.0 and neither is true; thousands of objects take no longer than they should."""
    schema = {"properties": {"x": {"uniqueItems": True}}}
    distinct = [1, True, "1", [1], {"a": 1}, {"a": True}, None, 0, False, [], {}]
    FieldSchema.compile(schema).validate({"x": distinct})
    FieldSchema.compile(schema).validate({"x": [{"k": n} for n in range(5000)]})

    repeated: list[list[Any]] = [[1, 1.0], [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], [[], []]]
    for twice in repeated:
        assert refusal(schema, {"x": twice}).expected == "no item twice"


def test_unevaluated_properties_beside_pattern_properties_are_refused() -> None:
    """The library matches those with a backtracking engine; each of the two alone works."""
    schema = {"properties": {"a": True}, "unevaluatedProperties": False}
    assert refusal(schema, {"b": 1}).expected == "no further properties"

    assert refused_schema({**schema, "patternProperties": {"^x": True}}).problems[0].path == "unevaluatedProperties"
