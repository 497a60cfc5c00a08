"""Custom fields: a type's schema says what its tickets may carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.errors import InvalidFields
from virtualq_core.types import Types

if TYPE_CHECKING:
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


def code() -> str:
    """A type's code that no other type has."""
    return f"field-{uuid4()}"[:32]
