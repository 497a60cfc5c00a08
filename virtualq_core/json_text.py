"""
JSON that a `jsonb` column will take: what `json.loads` lets through and PostgreSQL, or the next reader, will not.

Python reads NaN, keeps the last of two equal keys and turns 1e400 into infinity; PostgreSQL refuses the first, does the
same with the second and keeps the third as a number that Python cannot hold. Here all three are refused, and so are
U+0000, lone surrogates, and documents that are too deep or too long.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

MAX_DEPTH = 32
"""How deep arrays and objects may nest; a bare value has depth 0."""
MAX_BYTES = 64 * 1024
"""How long a document may be, in bytes of UTF-8, written without spaces."""

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SHOWN = 60
_MOST_DIGITS = 310


class JsonFault(ValueError):
    """A text or value that is not JSON which `jsonb` can hold: the place in it, and why."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}" if path else rule)
        self.path = path
        self.rule = rule


def place(steps: Iterable[str | int]) -> str:
    """A path as people write it: `transitions[3].to`; empty for the document itself."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += f"[{json.dumps(step)}]"
    return path


def short(value: object) -> str:
    """A value as JSON, cut to a length that fits in an error's line."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, TypeError, RecursionError):
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def write(value: object, *, sort_keys: bool = False) -> str:
    """
    The value as compact JSON text.

    Raises:
        JsonFault: the value is not made of JSON's types, holds a number that is not finite, or contains itself.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)
    except (TypeError, ValueError, RecursionError) as error:
        raise JsonFault("", "is not JSON") from error


def parse(text: str, *, max_bytes: int = MAX_BYTES) -> JSON:
    """
    The value that a JSON text stands for.

    Raises:
        JsonFault: the text is not JSON, repeats a key, or holds what `check` refuses.
    """
    if len(text) > max_bytes or len(text.encode(errors="replace")) > max_bytes:
        raise JsonFault("", f"is longer than {max_bytes} bytes")
    try:
        value: JSON = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    except JsonFault:
        raise
    except RecursionError:
        raise JsonFault("", f"nests deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise JsonFault("", f"is not JSON: {error}") from None
    check(value, max_bytes=max_bytes)
    return value


def check(value: object, *, max_bytes: int = MAX_BYTES) -> None:
    """
    Refuse a Python value that is not JSON which `jsonb` can hold, naming the place.

    Raises:
        JsonFault: another type than JSON's, a number outside the range of a double, U+0000 or half a surrogate pair
            in a text, more than `MAX_DEPTH` levels, more than `max_bytes` bytes.
    """
    for count, (path, item) in enumerate(_walk(value)):
        if count > max_bytes:  # each takes a byte at least; a value that shares its parts could go on for ever
            break
        match item:
            case str():
                if _UNSTORABLE.search(item):
                    raise JsonFault(place(path), "holds U+0000 or half a surrogate pair, which jsonb cannot")
            case bool() | None | dict() | list():
                pass
            case int() | float():
                if not _is_finite(item):
                    raise JsonFault(place(path), "is a number outside the range of a double")
            case _:
                raise JsonFault(place(path), f"is a {type(item).__name__}, which JSON has not")
    if len(write(value).encode()) > max_bytes:
        raise JsonFault("", f"is longer than {max_bytes} bytes")


def _walk(value: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every value within a value, itself first, keys included as texts; breadth first, so that depth costs no stack."""
    level: list[tuple[tuple[str | int, ...], object]] = [((), value)]
    depth = 0
    while level:
        below: list[tuple[tuple[str | int, ...], object]] = []
        for path, item in level:
            yield path, item
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise JsonFault(place(path), f"has the key {short(key)}, which is not a text")
                    yield path, key
                below.extend(((*path, key), child) for key, child in item.items())
            elif isinstance(item, list):
                below.extend(((*path, index), child) for index, child in enumerate(item))
            else:
                continue
            if depth == MAX_DEPTH:
                raise JsonFault(place(path), f"nests deeper than {MAX_DEPTH} levels")
        level = below
        depth += 1


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JsonFault("", f"the key {short(key)} occurs twice in one object")
        found[key] = value
    return found


def _constant(name: str) -> NoReturn:
    raise JsonFault("", f"{name} is not JSON")


def _integer(digits: str) -> int:
    # Beyond 4,300 digits Python does not read an integer at all; a double ends at 309 and a sign.
    if len(digits) > _MOST_DIGITS:
        raise JsonFault("", "holds a number outside the range of a double")
    return int(digits)
