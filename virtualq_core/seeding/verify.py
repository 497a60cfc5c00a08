"""The proof that bulk-loaded rows obey every rule that the triggers would have enforced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from psycopg.rows import dict_row

from virtualq_core import content
from virtualq_core.errors import VirtualQError

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

_SQL = content.beside(__file__, "verify.sql")

MOST = 100
SAMPLE = 2000


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
    Everything in a database that breaks a rule of the schema; at most `MOST` violations.

    Asks `virtualq.find_violations()` about every row, and holds the custom data of about `sample` tickets of each type
    (all, where there are no more) against the type's schema. Changes nothing.
    """
    with database.connect(autocommit=True) as connection, connection.transaction():
        return find_violations(connection, sample=sample)


def require_sound(connection: Connection[Any]) -> None:
    """
    As `verify`, inside the connection's transaction.

    Raises:
        UnsoundData: there is at least one violation.
    """
    found = find_violations(connection)
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
    judges = {one["id"]: _judge(one["custom_fields_schema"]) for one in types}
    for row in rows:
        complaint = judges[row["type_definition_id"]](row["custom_data"])
        if complaint is not None and len(found) < MOST:
            found.append(Violation("custom-data-is-valid", row["tenant_id"], row["id"], complaint))
    return found


def _judge(schema: Any) -> Callable[[Any], str | None]:
    """What is wrong with a document under a schema, or None."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    if schema is None:
        return lambda _: None
    validator = Draft202012Validator(schema)

    def judge(document: Any) -> str | None:
        error = next(validator.iter_errors(document), None)
        return None if error is None else f"{error.json_path}: {error.message}"

    return judge
