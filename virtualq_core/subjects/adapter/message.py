"""The messages: their schema, a request as a line, an answer from a line."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1
"""The version of the protocol, said in `hello`."""
OPERATIONS: Final = ("create_ticket", "transition", "transition_many", "claim_next", "history")
"""The calls that an adapter may leave out."""
SCHEMA: Final = Path(__file__).with_name("messages.schema.json")
"""The JSON Schema (2020-12) of all messages."""
_SHOWN = 200


class BadMessage(ValueError):
    """A line is no answer: what was observed, and what was expected."""

    def __init__(self, observed: str, expected: str) -> None:
        super().__init__(f"observed {observed}; expected {expected}")
        self.observed = observed
        self.expected = expected


@cache
def schema() -> dict[str, Any]:
    """The shipped schema."""
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def write_request(number: int, call: str, given: Mapping[str, Any]) -> bytes:
    """
    A request as a line.

    The line is ASCII, so that no reader takes a character such as U+2028 for its end.

    Raises:
        ValueError: what is given is not JSON, such as NaN or a set.
        TypeError: it is JSON, and not what the call takes.
    """
    try:
        line = json.dumps({"id": number, "call": call, "given": given}, allow_nan=False)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error
    except TypeError as error:
        raise ValueError(str(error)) from error
    found = _first_fault(f"{call}_given", given, root="$.given")
    if found is not None:
        what, where, expected = found
        raise TypeError(f"{what} at {where}; expected {expected}")
    return line.encode("ascii") + b"\n"


def read_answer(line: bytes, number: int, call: str) -> dict[str, Any]:
    """
    The answer to a request, held to the schema.

    Raises:
        BadMessage: it is not JSON, answers another request, or is not what the call promises.
    """
    shown, form = show(line), f'{{"id": {number}, "ok": …}} in one line'
    try:
        answer = json.loads(line, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"{shown}, which is not JSON ({error})", form) from error
    found = _first_fault("answer", answer)
    if found is None and answer["id"] != number:
        raise BadMessage(f"{shown}, the answer to request {answer['id']}", f"the answer to request {number}")
    if found is None and "ok" in answer:
        found = _first_fault(f"{call}_ok", answer["ok"], root="$.ok")
    if found is not None:
        what, where, expected = found
        raise BadMessage(f"{what} at {where} in {shown}", expected or form)
    return dict(answer)


def show(line: bytes) -> str:
    """A line as an error tells it."""
    text = line.decode("utf-8", errors="replace").strip()
    return f"«{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}»"


def _first_fault(definition: str, value: object, *, root: str = "$") -> tuple[str, str, str] | None:
    """What does not fit a definition, where, and what was expected there."""
    fault = min(_validator(definition).iter_errors(value), key=lambda each: len(each.absolute_path), default=None)
    if fault is None:
        return None
    while fault.context:
        fault = max(fault.context, key=lambda each: len(each.absolute_path))
    what = fault.message if len(fault.message) <= _SHOWN else f"{fault.message[:_SHOWN]}…"
    described = fault.schema.get("description") if isinstance(fault.schema, dict) else None
    return what, root + fault.json_path.removeprefix("$"), described or f"{fault.validator} {fault.validator_value}"


@cache
def _validator(definition: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema()["$defs"]})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
