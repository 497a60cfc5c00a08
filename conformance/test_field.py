"""Custom fields: a type's schema says what its tickets may carry."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.lure import Lure
from virtualq_core.errors import InvalidFields, VirtualQError
from virtualq_core.fields import MAX_BYTES, MAX_DEPTH
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Application, Tenant
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "field.sql")
REMOTE = "https://schemas.example.test/ticket.json"

UNFIT: dict[str, dict[str, Any]] = {
    "missing": {"table": 3},
    "unknown": {"channel": "web", "note": "hello"},
    "not-in-enum": {"channel": "pigeon"},
    "too-small": {"channel": "web", "table": 0},
    "text-for-a-number": {"channel": "web", "table": "3"},
    "truth-for-a-number": {"channel": "web", "table": True},
    "fraction-for-a-whole": {"channel": "web", "table": 1.5},
    "null": {"channel": None},
    "empty": {},
}
FIT: dict[str, dict[str, Any]] = {
    "least": {"channel": "counter"},
    "all": {"channel": "web", "table": 3},
    "whole-as-float": {"channel": "web", "table": 3.0},
}
LOOKING_ELSEWHERE: dict[str, dict[str, Any]] = {
    "at-the-root": {"$ref": REMOTE},
    "with-a-fragment": {"$ref": f"{REMOTE}#/$defs/a"},
    "in-a-property": {"properties": {"a": {"items": {"$ref": REMOTE}}}},
    "in-a-list": {"allOf": [{"type": "object"}, {"$ref": REMOTE}]},
    "relative": {"$ref": "other.json"},
    "dynamic": {"properties": {"a": {"$dynamicRef": REMOTE}}},
}

UNSPEAKABLE: dict[str, dict[str, Any]] = {
    "not-a-number": {"n": float("nan")},
    "infinity": {"n": [float("-inf")]},
    "beyond-a-double": {"n": 10**400},
    "nul": {"a": "x\0"},
    "nul-in-a-key": {"x\0": 1},
    "half-a-pair": {"a": "\ud800"},
}
TWICE = '{"channel": "web", "channel": "counter"}'
UNREADABLE = ("22P02", "22P05")
TRIES = 3
LETTERS = 24
TOO_MUCH = 60


@pytest.mark.requirement("FLD-001")
@pytest.mark.parametrize("data", UNFIT.values(), ids=list(UNFIT))
def test_data_that_does_not_fit_creates_nothing(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, data: dict[str, Any]
) -> None:
    """The refusal is of the data, and there is no ticket more than before."""
    before = app.value(SQL["count_tickets"])

    with expect.refused(InvalidFields):
        client.create_ticket(north.id, north.queue_id, north.type_id, custom_data=data)
    expect.equal(app.value(SQL["count_tickets"]), before)


@pytest.mark.requirement("FLD-002")
@pytest.mark.parametrize("data", FIT.values(), ids=list(FIT))
def test_data_that_fits_is_kept_as_it_is(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, data: dict[str, Any]
) -> None:
    """What was given comes back, and a whole number is one however it is written."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id, custom_data=data)

    expect.equal(app.ticket(created.id).custom_data, data)


@pytest.mark.requirement("FLD-003")
def test_the_refusal_names_the_field(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """Whoever filled in a form learns which field to look at."""
    with expect.refused(InvalidFields) as refusal:
        client.create_ticket(north.id, north.queue_id, north.type_id, custom_data={"channel": "web", "table": 0})
    expect.holds("table" in refusal.text, refusal.text, "the field 'table' by its name")


@pytest.mark.requirement("FLD-004")
def test_without_a_schema_any_object_will_do(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A type without a schema takes what it is given, and a ticket without data is one, too."""
    type_id = app.define({"init": "a"})
    data = {"anything": [1, {"goes": None}], "ünï": "code"}

    created = client.create_ticket(north.id, north.queue_id, type_id, custom_data=data)
    expect.equal(app.ticket(created.id).custom_data, data)
    expect.equal(app.ticket(client.create_ticket(north.id, north.queue_id, type_id).id).custom_data, None)


@pytest.mark.requirement("FLD-005")
def test_a_new_schema_binds_the_next_ticket(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """An application that has validated under the old schema does not go on doing so."""
    type_id = app.define({"init": "a"}, {"type": "object", "required": ["from"]})
    client.create_ticket(north.id, north.queue_id, type_id, custom_data={"from": "bank"})
    app.publish(type_id, fields={"type": "object", "required": ["to"]})

    with expect.refused(InvalidFields):
        client.create_ticket(north.id, north.queue_id, type_id, custom_data={"from": "bank"})
    client.create_ticket(north.id, north.queue_id, type_id, custom_data={"to": "bank"})


@pytest.mark.requirement("FLD-006")
@pytest.mark.parametrize("data", [["channel"], "web", 7, True], ids=["list", "text", "number", "truth"])
def test_custom_data_is_an_object(draft: Application, expect: Expectation, data: object) -> None:
    """Whatever else is written by plain SQL is refused by the database."""
    given = {"queue_id": draft.tenant.queue_id, "type_id": draft.tenant.type_id}

    with expect.refused("23514", "ticket_custom_data_is_object"):
        draft.run(SQL["insert_ticket"], **given, custom_data=Jsonb(data))


@pytest.mark.requirement("FLD-007")
@pytest.mark.parametrize("schema", [["type"], "object", 7], ids=["list", "text", "number"])
def test_a_schema_is_an_object_or_a_truth_value(draft: Application, expect: Expectation, schema: object) -> None:
    """Anything else is refused by the database when the type is written."""
    with expect.refused("23514", "typedefinition_fields_are_schema"):
        draft.run(SQL["define_type"], type_code=code(), custom_fields_schema=Jsonb(schema))


@pytest.mark.requirement("FLD-007")
@pytest.mark.parametrize(
    "schema",
    [{"type": "nonsense"}, {"properties": []}, {"required": "channel"}, {"minimum": "one"}, {"pattern": "("}],
    ids=["type", "properties", "required", "minimum", "pattern"],
)
def test_a_schema_that_is_none_is_not_written(draft: Application, expect: Expectation, schema: dict[str, Any]) -> None:
    """The library holds a schema to JSON Schema 2020-12 before it defines a type."""
    type_code = code()

    with expect.refused(InvalidFields):
        Types(draft.connection, draft.tenant.id).define(type_code, "A type", {"init": "a"}, schema)
    expect.equal(draft.run(SQL["find_type"], type_code=type_code), [])


@pytest.mark.requirement("FLD-008")
@pytest.mark.parametrize("schema", LOOKING_ELSEWHERE.values(), ids=list(LOOKING_ELSEWHERE))
def test_a_schema_does_not_look_elsewhere(draft: Application, expect: Expectation, schema: dict[str, Any]) -> None:
    """A reference to another document is refused by database and library when the type is written."""
    with expect.refused("23514", "typedefinition_fields_stay_local"):
        draft.run(SQL["define_type"], type_code=code(), custom_fields_schema=Jsonb(schema))
    with expect.refused(InvalidFields):
        Types(draft.connection, draft.tenant.id).define(code(), "A type", {"init": "a"}, schema)


@pytest.mark.requirement("FLD-008")
def test_a_schema_may_look_within_itself(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """References into the same document work, and a field may be called '$ref'."""
    schema = {
        "properties": {"a": {"$ref": "#/$defs/small"}, "$ref": {"type": "string"}},
        "$defs": {"small": {"type": "integer", "maximum": 9}},
    }
    type_id = app.define({"init": "a"}, schema)

    client.create_ticket(north.id, north.queue_id, type_id, custom_data={"a": 9, "$ref": "x"})
    with expect.refused(InvalidFields):
        client.create_ticket(north.id, north.queue_id, type_id, custom_data={"a": 10})


@pytest.mark.requirement("FLD-009")
@pytest.mark.parametrize("data", UNSPEAKABLE.values(), ids=list(UNSPEAKABLE))
def test_what_json_cannot_say_creates_nothing(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, data: dict[str, Any]
) -> None:
    """It is refused as invalid, also where no schema forbids it, and by no error of the transport."""
    type_id = app.define({"init": "a"})
    before = app.value(SQL["count_tickets"])

    with expect.refused(InvalidFields):
        client.create_ticket(north.id, north.queue_id, type_id, custom_data=data)
    expect.equal(app.value(SQL["count_tickets"]), before)


@pytest.mark.requirement("FLD-009")
def test_a_key_is_there_once(draft: Application, expect: Expectation) -> None:
    """Of equal keys in a text that plain SQL writes, one is kept: two readers see the same value."""
    kept = draft.value(SQL["insert_text"], queue_id=draft.tenant.queue_id, type_id=draft.tenant.type_id, text=TWICE)

    expect.equal(json.loads(kept, object_pairs_hook=list), [("channel", "counter")], "kept:")


@pytest.mark.requirement("FLD-009")
@pytest.mark.parametrize("text", [r'{"a": "\u0000"}', r'{"\u0000": 1}', r'{"a": "\ud800"}', '{"a": NaN}'])
def test_plain_sql_writes_no_such_thing_either(draft: Application, expect: Expectation, text: str) -> None:
    """Nor a document that others cannot read."""
    given = {"queue_id": draft.tenant.queue_id, "type_id": draft.tenant.type_id, "text": text}

    with expect.refused(UNREADABLE):
        draft.value(SQL["insert_text"], **given)


@pytest.mark.requirement("FLD-010")
@pytest.mark.parametrize("number", [1.0, -0.5, 1e20, 2**53, -(2**53), 1e-300, 1.7976931348623157e308, 0.1])
def test_a_number_keeps_its_value(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, number: float
) -> None:
    """It comes back as it was given; where an integer is asked for, one with nothing after the point is one."""
    expect.equal(kept(client, north, app, number), Decimal(repr(number)))


@pytest.mark.requirement("FLD-011")
@pytest.mark.parametrize("number", [2**53 + 1, -(2**63) - 1, 10**30 + 1])
def test_a_big_number_keeps_its_value(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, number: int
) -> None:
    """Not a digit is lost on the way, as it would be in a double."""
    expect.equal(kept(client, north, app, number), Decimal(number))


def kept(client: SubjectSession, north: Tenant, app: Application, number: float) -> Decimal:
    """What the database has of a number that a ticket was created with, an integer where it is one."""
    kind = "integer" if float(number).is_integer() else "number"
    type_id = app.define({"init": "a"}, {"properties": {"n": {"type": kind}}})
    created = client.create_ticket(north.id, north.queue_id, type_id, custom_data={"n": number})
    return Decimal(app.value(SQL["find_number"], ticket_id=created.id))


@pytest.mark.requirement("FLD-012")
def test_nothing_is_fetched(
    client: SubjectSession,
    north: Tenant,
    app: Application,
    expect: Expectation,
    evidence: Callable[[str], None],
) -> None:
    """
    Whatever names an address: the database, the subject and the library take it or refuse it, and nobody calls.

    Where the database takes a schema, a ticket is created by it, or refused.
    """
    with Lure() as lure:
        for schema in lure.schemas().values():
            with suppress(psycopg.errors.CheckViolation):
                type_id = app.define({"init": "a"}, schema)
                with suppress(VirtualQError):
                    client.create_ticket(north.id, north.queue_id, type_id, custom_data={"a": 1})
            with suppress(InvalidFields), app.trial():
                Types(app.connection, north.id).define(code(), "A type", {"init": "a"}, schema)
        with suppress(VirtualQError):
            linked = {"$ref": f"{lure.url}/data.json", "$schema": f"{lure.url}/dialect.json"}
            client.create_ticket(north.id, north.queue_id, app.define({"init": "a"}, {}), custom_data=linked)
        expect.equal(lure.visits, 0, "connections:")
        socket.create_connection(lure.address, timeout=10).close()
        expect.holds(comes_true(lambda: lure.visits == 1), f"{lure.visits} visits", "the listener to notice a visit")
        evidence(f"{len(lure.schemas())} schemas that name an address")


@pytest.mark.requirement("FLD-013")
@pytest.mark.parametrize(
    ("pattern", "end"), [("^(a+)+$", "a"), ("^(a|a)*$", "a"), ("^(([a-z])+.)+[A-Z]$", "B"), ("^(a+a+)+y$", "y")]
)
def test_no_pattern_runs_for_ever(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation, pattern: str, end: str
) -> None:
    """
    A text that nearly matches is judged about as fast as one of the same length that does.

    An engine that backtracks takes twice as long for each further letter: for this many, thousands of times as long.
    """
    type_id = app.define({"init": "a"}, {"properties": {"a": {"pattern": pattern}}})

    def takes(text: str) -> float:
        began = time.perf_counter()
        with suppress(InvalidFields):
            client.create_ticket(north.id, north.queue_id, type_id, custom_data={"a": text})
        return time.perf_counter() - began

    takes("a")
    ratios = []
    for _ in range(TRIES):
        ratios.append(takes("a" * LETTERS + "!") / takes("a" * LETTERS + end))
        if ratios[-1] < TOO_MUCH:
            return
    expect.holds(condition=False, observed=f"{min(ratios):.0f} times as long", expected=f"less than {TOO_MUCH} times")


@pytest.mark.requirement("FLD-014")
def test_data_have_a_length_and_a_depth(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """The last that fits is taken, and the next is refused, with a schema or without."""
    type_id = app.define({"init": "a"})
    for data in ({"x": "e" * (MAX_BYTES - 8)}, nested(MAX_DEPTH)):
        client.create_ticket(north.id, north.queue_id, type_id, custom_data=data)

    for data in ({"x": "e" * (MAX_BYTES - 7)}, nested(MAX_DEPTH + 1)):
        with expect.refused(InvalidFields):
            client.create_ticket(north.id, north.queue_id, type_id, custom_data=data)


@pytest.mark.requirement("FLD-015")
def test_no_publication_writes_a_schema_that_is_none(draft: Application, expect: Expectation) -> None:
    """Neither one that is no JSON Schema, nor one that looks elsewhere, nor one that no engine can run in time."""
    types = Types(draft.connection, draft.tenant.id)
    type_id = types.define(code(), "A type", {"init": "a"}, {"type": "object"}).id

    for schema in ({"type": "nonsense"}, {"properties": {"a": {"$ref": REMOTE}}}, {"pattern": "(a)\\1"}):
        with expect.refused(InvalidFields):
            types.publish(type_id, custom_fields_schema=schema)
    with expect.refused("23514", "typedefinition_fields_stay_local"):
        draft.publish(type_id, fields={"$ref": REMOTE})
    expect.equal((types.get(type_id).revision, types.get(type_id).custom_fields_schema), (1, {"type": "object"}))


def nested(levels: int) -> dict[str, Any]:
    """Objects within one another, so many of them."""
    return {} if levels == 1 else {"x": nested(levels - 1)}


def comes_true(condition: Callable[[], bool]) -> bool:
    """Look again until a condition holds; for ten seconds at most."""
    pause = Event()
    return any(condition() or pause.wait(0.01) for _ in range(1000))


def code() -> str:
    """A type's code that no other type has."""
    return f"field-{uuid4()}"[:32]
