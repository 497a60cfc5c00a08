"""The proof that bulk-loaded rows obey every rule that the triggers would have enforced."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.errors import InvalidFields, VirtualQError
from virtualq_core.fields import FieldSchema

if TYPE_CHECKING:
    from psycopg import Connection

    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "verify.sql")

MOST = 20
SAMPLE = 2000
_SAMPLE_OF_LOAD = 500


class UnsoundData(VirtualQError):
    """Rows in the database break a rule of the schema."""

    code = "unsound-data"


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold, and where."""

    rule: str
    tenant_id: int | None
    ticket_id: int | None
    detail: str


def verify(database: Database, *, sample: int = SAMPLE) -> list[Violation]:
    """
    Everything in a database that breaks a rule of the schema; at most `MOST` violations of each rule.

    Asks `virtualq.find_violations()` about every row, and holds the custom data of about `sample` tickets of each type
    (all, where there are no more) against the type's schema. Changes nothing.
    """
    with database.connect(autocommit=True) as connection, connection.transaction():
        return find_violations(connection, sample=sample)


def require_sound(connection: Connection[Any]) -> None:
    """
    As `verify` with a smaller sample, inside the connection's transaction.

    Raises:
        UnsoundData: there is at least one violation.
    """
    found = find_violations(connection, sample=_SAMPLE_OF_LOAD)
    if found:
        first = found[0]
        where = f" (tenant {first.tenant_id}, ticket {first.ticket_id})" if first.ticket_id is not None else ""
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise UnsoundData(f"{first.rule} does not hold{where}", observed=f"{first.detail}{more}")


def find_violations(connection: Connection[Any], *, sample: int = SAMPLE) -> list[Violation]:
    """As `verify`, inside the connection's transaction."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = [Violation(**row) for row in cursor.execute(_SQL["find_violations"].sql, {"most": MOST}).fetchall()]
        cursor.execute(_SQL["enter_maintainer"].sql)
        types = cursor.execute(_SQL["list_field_schemas"].sql).fetchall()
        strides = [max(1, one["tickets"] // sample) for one in types]
        wanted = {"types": [one["id"] for one in types], "strides": strides}
        rows = cursor.execute(_SQL["sample_custom_data"].sql, wanted).fetchall()
        cursor.execute(_SQL["leave_maintainer"].sql)
    schemas = {one["id"]: FieldSchema.compile(one["custom_fields_schema"]) for one in types}
    judged = ((row, _judge(schemas[row["type_definition_id"]], row["custom_data"])) for row in rows)
    invalid = (
        Violation("custom-data-is-valid", row["tenant_id"], row["id"], complaint)
        for row, complaint in judged
        if complaint is not None
    )
    return [*found, *islice(invalid, MOST)]


def _judge(schema: FieldSchema, document: Any) -> str | None:  # noqa: ANN401 - any JSON
    """What is wrong with a document under a schema, or None."""
    try:
        schema.validate(document)
    except InvalidFields as error:
        return error.what
    return None
