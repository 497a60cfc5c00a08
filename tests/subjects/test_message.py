"""The messages: the schema is one, the reference shows every message as it is, and no line is taken for another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from virtualq_core.subjects.adapter.message import OPERATIONS, read_answer, schema, write_request

PAGE = (Path(__file__).parents[2] / "docs/reference/adapter.md").read_text(encoding="utf-8")
CALLS = ["hello", "open", *OPERATIONS, "close"]
OUTCOMES = {"ok", "refused", "failed", "unknown", "error"}


def examples() -> list[tuple[dict[str, Any], str]]:
    """The requests of the reference, parsed, each with the line that answers it."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.strip().splitlines()]
    return [(json.loads(request), answer) for request, answer in zip(lines[::2], lines[1::2], strict=True)]


def test_the_schema_is_a_schema() -> None:
    """The shipped file is itself valid under JSON Schema 2020-12, and closed: no definition takes an unknown key."""
    Draft202012Validator.check_schema(schema())

    definitions = schema()["$defs"]
    assert {f"{call}_{part}" for call in CALLS for part in ("given", "ok")} <= definitions.keys()
    open_ended = [name for name, each in definitions.items() if "object" in each.get("type", ()) and name != "request"]
    assert [name for name in open_ended if definitions[name]["additionalProperties"] is not False] == []


@pytest.mark.parametrize(("request_", "answer"), examples(), ids=lambda each: str(each)[:30])
def test_an_example_of_the_reference_is_a_message(request_: dict[str, Any], answer: str) -> None:
    """As we would send it, and as we would read it; also for who validates by the schema alone."""
    number, call = request_["id"], request_["call"]

    assert json.loads(write_request(number, call, request_["given"])) == request_
    assert read_answer(answer.encode(), number, call)
    for message in (request_, json.loads(answer)):
        assert Draft202012Validator(schema()).is_valid(message)


def test_the_reference_shows_every_call_and_every_outcome() -> None:
    """And names every key that an answer may have, and every code."""
    shown = examples()

    assert list(dict.fromkeys(request["call"] for request, _ in shown)) == CALLS
    assert {key for _, answer in shown for key in json.loads(answer)} == OUTCOMES | {"id"}
    told = [schema()["$defs"][f"{call}_ok"] for call in CALLS]
    keys = {key for each in told for key in (each.get("items", each)).get("properties", {})}
    codes = schema()["$defs"]["answer"]["properties"]["refused"]["properties"]["code"]["enum"]
    assert [word for word in [*keys, *codes] if not re.search(rf"[`\"]{word}[`\"]", PAGE)] == []


@pytest.mark.parametrize("damage", ["given", "call", "unknown key"])
def test_a_damaged_request_does_not_fit_the_schema(damage: str) -> None:
    """The schema ties what is given to the call."""
    request = examples()[2][0]
    given = dict(request["given"])
    if damage == "given":
        del given["queue_id"]
    elif damage == "unknown key":
        given["queue"] = 1
    message = request | {"given": given} | ({"call": "transition"} if damage == "call" else {})

    assert not Draft202012Validator(schema()["$defs"]["request"] | {"$defs": schema()["$defs"]}).is_valid(message)


def test_a_request_is_one_line_of_ascii() -> None:
    """Also with characters that some readers take for the end of a line."""
    text = "a\u2028b\u0085c\nd\r\ud800ü"
    given = {"tenant_id": 1, "ticket_id": 2, "name": text, "actor": None, "metadata": {"said": text}}
    given |= {"expected_state": None, "expected_version": None, "operation_id": None}
    line = write_request(1, "transition", given)

    assert line.isascii()
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line)["given"]["name"] == text


def test_a_request_of_ours_is_held_to_the_schema_as_well() -> None:
    """What the caller gives in another type than the protocol's is the caller's mistake."""
    with pytest.raises(TypeError, match=r"'1' is not of type 'integer' at \$.given.tenant_id"):
        write_request(1, "history", {"tenant_id": "1", "ticket_id": 2})
