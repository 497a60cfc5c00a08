"""The schema of a ticket type's custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema_specifications import (  # type: ignore[import-untyped]  # published without types
    REGISTRY as SPECIFICATIONS,
)
from referencing.jsonschema import DRAFT202012

from virtualq_core import json_text
from virtualq_core.errors import InvalidFields, Problem
from virtualq_core.fields.keyword import MAX_STEPS, Exhausted, allow, bounded
from virtualq_core.fields.survey import local_registry, survey

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from virtualq_core.json_text import JSON

MAX_DEPTH: Final = json_text.MAX_DEPTH
"""How deep custom data may nest."""
MAX_BYTES: Final = json_text.MAX_BYTES
"""How long custom data, or a schema, may be: bytes of UTF-8, written without spaces."""
MAX_PROBLEMS: Final = 100
"""How many problems of one document are reported."""

_DATA, _SCHEMA = "custom_data", "custom_fields_schema"  # the columns: where each path begins

_META: Final = Draft202012Validator.META_SCHEMA
_DIALECT: Final = str(_META["$id"])
_STEPS: Final = "steps"
_META_STEPS = 10 * MAX_STEPS


@dataclass(frozen=True)
class FieldSchema:
    """The custom fields that a ticket type allows, made by `FieldSchema.compile`; equal if the schemas are."""

    source: str | None
    """The schema as canonical JSON text; None if there is none."""
    _validator: Validator | None = field(compare=False, repr=False)

    @staticmethod
    def compile(schema: Mapping[str, Any] | bool | None) -> FieldSchema:  # noqa: FBT001 - `true` and `false` are schemas
        """
        The schema, ready to validate; compiled once for the same content. None accepts any object.

        Raises:
            InvalidFields: it is no schema of JSON Schema 2020-12, or refers to something outside itself or to nothing,
                or a pattern is beyond RE2. `problems` has all of it, with the paths in the schema.
        """
        if schema is None:
            return FieldSchema(None, None)
        if not isinstance(schema, bool | Mapping):
            raise _refusal(_SCHEMA, [_problem("", "type", schema, "an object, true or false")])
        try:
            text = json_text.write(schema if isinstance(schema, bool) else dict(schema), sort_keys=True)
        except json_text.JsonFault as fault:
            raise _refusal(_SCHEMA, [Problem(fault.path, fault.rule, "json")]) from None
        return _compile(text)

    def validate(self, data: object) -> None:
        """
        Refuse custom data that the schema does not allow.

        Raises:
            InvalidFields: what does not fit, with its path, what was observed and what was expected; `problems` has up
                to `MAX_PROBLEMS` of them.
        """
        try:
            json_text.check(data)
        except json_text.JsonFault as fault:
            raise _refusal(_DATA, [Problem(fault.path, fault.rule, "json")]) from None
        if self._validator is not None:
            problems = _judge(self._validator, data, MAX_STEPS)
        else:
            problems = [] if isinstance(data, dict) else [_problem("", "type", data, "an object")]
        if problems:
            raise _refusal(_DATA, problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.source,)


def parse_json(text: str) -> JSON:
    """
    Custom data from JSON text.

    Raises:
        InvalidFields: the text is not JSON, repeats a key, or holds what `jsonb` cannot: NaN, a number beyond a double,
            U+0000; or it is longer than `MAX_BYTES` or deeper than `MAX_DEPTH`.
    """
    try:
        return json_text.parse(text)
    except json_text.JsonFault as fault:
        raise _refusal(_DATA, [Problem(fault.path, fault.rule, "json")]) from None


def _again(source: str | None) -> FieldSchema:
    return FieldSchema.compile(None) if source is None else _compile(source)


@lru_cache(maxsize=256)
def _compile(text: str) -> FieldSchema:
    try:
        schema: Any = json_text.parse(text)
    except json_text.JsonFault as fault:
        raise _refusal(_SCHEMA, [Problem(fault.path, fault.rule, "json")]) from None
    problems = _judge(_meta_validator(), schema, _META_STEPS)
    if not problems and isinstance(schema, dict):
        dialect = schema.get("$schema", _DIALECT).removesuffix("#")
        if dialect != _DIALECT:
            problems = [_problem("$schema", "$schema", dialect, _DIALECT)]
        schema = _without_dialect(schema)
        schema.pop("$id", None)
        problems += survey(schema)
    if not problems:
        validator = bounded(schema, local_registry())
        # A schema that goes round in circles, or fans out without end, does so whatever the data.
        problems = [problem for problem in _judge(validator, {}, MAX_STEPS) if problem.key == _STEPS]
    if problems:
        raise _refusal(_SCHEMA, problems)
    return FieldSchema(text, validator)


def _without_dialect(schema: Mapping[str, Any]) -> dict[str, Any]:
    # jsonschema goes back to its own, unbounded keywords wherever a schema names its dialect.
    return {keyword: value for keyword, value in schema.items() if keyword != "$schema"}


@cache
def _meta_validator() -> Validator:
    vocabularies = [uri for uri in SPECIFICATIONS if uri.startswith(_DIALECT.removesuffix("schema"))]
    registry = local_registry().with_resources(
        (uri, DRAFT202012.create_resource(_without_dialect(SPECIFICATIONS.contents(uri)))) for uri in vocabularies
    )
    return bounded(_without_dialect(_META), registry.crawl())


def _refusal(root: str, problems: list[Problem]) -> InvalidFields:
    first = problems[0]
    path = root + ("." if first.path and not first.path.startswith("[") else "") + first.path
    return InvalidFields(f"{path}: {first.rule}", problems=problems, observed=first.observed, expected=first.expected)


def _problem(path: str, keyword: str, observed: object, expected: str) -> Problem:
    return Problem(path, f"breaks '{keyword}'", keyword, json_text.short(observed), expected)


def _judge(validator: Validator, value: Any, steps: int) -> list[Problem]:  # noqa: ANN401 - any JSON
    try:
        with allow(steps):
            errors = list(islice(validator.iter_errors(value), MAX_PROBLEMS))
    except Exhausted:
        return [Problem("", f"takes more than {steps} steps to validate", _STEPS)]
    except RecursionError:
        return [Problem("", "takes more nested steps to validate than there is stack for", _STEPS)]
    return list(dict.fromkeys(map(_describe, errors)))


def _describe(error: ValidationError) -> Problem:
    path = json_text.place(error.absolute_path)
    if error.schema is False:
        return Problem(path, "is not allowed here", "false", json_text.short(error.instance))
    keyword = str(error.validator)
    known = _EXPECTED.get(keyword)
    expected = known(error.validator_value) if known else f"{keyword} {json_text.short(error.validator_value)}"
    if error.context:
        # The alternative that was followed furthest is the one that was meant.
        inner = _describe(max(error.context, key=lambda each: len(each.absolute_path)))
        expected = f"one of the alternatives, such as {inner.expected or 'nothing'}"
        if inner.path != path:
            expected += f" at {inner.path}"
    return _problem(path, keyword, error.instance, expected)


def _several(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


_EXPECTED: Final[dict[str, Callable[[Any], str]]] = {
    "type": lambda value: f"a value of type {' or '.join(value) if isinstance(value, list) else value}",
    "enum": lambda value: f"one of {json_text.short(value)}",
    "const": lambda value: f"exactly {json_text.short(value)}",
    "minimum": lambda value: f"at least {value}",
    "maximum": lambda value: f"at most {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "multipleOf": lambda value: f"a multiple of {value}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "minItems": lambda value: f"at least {value} items",
    "maxItems": lambda value: f"at most {value} items",
    "minProperties": lambda value: f"at least {value} properties",
    "maxProperties": lambda value: f"at most {value} properties",
    "pattern": lambda value: f"text matching /{value}/",
    "required": lambda value: f"the missing {_several(value)}",
    "additionalProperties": lambda _: "none of these properties",
    "unevaluatedProperties": lambda _: "no further properties",
    "unevaluatedItems": lambda _: "no further items",
    "uniqueItems": lambda _: "no item twice",
    "not": lambda _: "something that 'not' does not match",
}
