"""The keywords of JSON Schema 2020-12 within bounds of time: each costs steps, and patterns run on RE2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import re2  # type: ignore[import-untyped]  # published without types
from jsonschema import Draft202012Validator, ValidationError, validators

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MAX_STEPS: Final = 100_000
"""What one validation may cost. A keyword is a step, and so is each entry of the object or array it looks at."""

PatternFault: type[Exception] = re2.error
"""RE2 cannot run a pattern."""

_REGEX_BYTES = 1 << 20
_REGEX_WORK_PER_STEP = 1_000  # instructions × characters; RE2's slow path takes 6 to 8 ns for one
_PAIRS_PER_STEP = 20
_UNICODE_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)

_Instance: TypeAlias = Any
_Value: TypeAlias = Any
_Errors: TypeAlias = Iterator[ValidationError]
_Keyword: TypeAlias = Callable[[Any, _Value, _Instance, Mapping[str, Any]], _Errors | None]


class Exhausted(Exception):
    """The validation has used up its steps."""


class _Meter:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Exhausted


_meter: ContextVar[_Meter] = ContextVar("_meter")


@contextmanager
def allow(steps: int) -> Iterator[None]:
    """Let the validation within the block cost so much; then it raises `Exhausted`."""
    token = _meter.set(_Meter(steps))
    try:
        yield
    finally:
        _meter.reset(token)


@lru_cache(maxsize=1024)
def regex(pattern: str) -> Any:  # noqa: ANN401 - RE2 is published without types
    r"""
    The pattern, compiled by RE2; ECMA-262's escape `\u00e9` is understood.

    Raises:
        PatternFault: it uses what RE2 lacks, or would take too much memory.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_BYTES
    return re2.compile(_UNICODE_ESCAPE.sub(_as_re2, pattern), options)


def bounded(schema: object, registry: object) -> Validator:
    """A validator that works within `allow` only."""
    validator: Validator = _Bounded(schema, registry=registry)
    return validator


def _as_re2(escape: re.Match[str]) -> str:
    code = escape[1]
    return rf"\x{{{code[1:]}}}" if code[0] == "u" and len(code) > 1 else escape[0]


def _is_match(pattern: str, text: str) -> bool:
    compiled = regex(pattern)
    _meter.get().spend(1 + compiled.programsize * len(text) // _REGEX_WORK_PER_STEP)
    return compiled.search(text) is not None


def _entries(value: object) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _metered(keyword: _Keyword) -> _Keyword:
    def metered(validator: Any, value: _Value, instance: _Instance, schema: Mapping[str, Any]) -> _Errors | None:  # noqa: ANN401 - jsonschema's own
        _meter.get().spend(1 + _entries(value) + _entries(instance))
        return keyword(validator, value, instance, schema)

    return metered


def _paired(keyword: _Keyword) -> _Keyword:
    """Charge for a keyword that compares every entry with every other."""

    def paired(validator: Any, value: _Value, instance: _Instance, schema: Mapping[str, Any]) -> _Errors | None:  # noqa: ANN401 - jsonschema's own
        _meter.get().spend(_entries(instance) ** 2 // _PAIRS_PER_STEP)
        return keyword(validator, value, instance, schema)

    return paired


def _pattern(_: object, value: str, instance: object, __: object) -> _Errors:
    if isinstance(instance, str) and not _is_match(value, instance):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, value: Mapping[str, Any], instance: object, _: object) -> _Errors:  # noqa: ANN401 - jsonschema's own
    if isinstance(instance, dict):
        for pattern, subschema in value.items():
            for key, child in instance.items():
                if _is_match(pattern, key):
                    yield from validator.descend(child, subschema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, value: object, instance: object, schema: Mapping[str, Any]) -> _Errors:  # noqa: ANN401 - jsonschema's own
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extras = [key for key in instance if key not in known and not any(_is_match(each, key) for each in patterns)]
    if value is False and extras:
        yield ValidationError("additionalProperties", instance={key: instance[key] for key in extras})
    elif isinstance(value, dict):
        for key in extras:
            yield from validator.descend(instance[key], value, path=key)


def _required(_: object, value: list[str], instance: object, __: object) -> _Errors:
    missing = [key for key in value if key not in instance] if isinstance(instance, dict) else []
    if missing:
        yield ValidationError("required", validator_value=missing)


def _unique_items(_: object, value: object, instance: object, __: object) -> _Errors:
    if value and isinstance(instance, list) and len({_identity(item) for item in instance}) < len(instance):
        yield ValidationError("uniqueItems")


def _identity(value: object) -> object:
    """A hashable stand-in, equal where JSON Schema calls the values equal: 1 is 1.0, and neither is `true`."""
    if isinstance(value, dict):
        return frozenset((key, _identity(child)) for key, child in value.items())
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return (isinstance(value, bool), value)


_STOCK: dict[str, _Keyword] = dict(Draft202012Validator.VALIDATORS)
_KEYWORDS: dict[str, _Keyword] = {
    **_STOCK,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "uniqueItems": _unique_items,
    "unevaluatedItems": _paired(_STOCK["unevaluatedItems"]),
    "unevaluatedProperties": _paired(_STOCK["unevaluatedProperties"]),
}
_Bounded: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {name: _metered(keyword) for name, keyword in _KEYWORDS.items()}
)
