"""The procedural subject behind an adapter: what the protocol can say, said by an implementation that is right."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from virtualq_core.errors import VirtualQError
from virtualq_core.subjects import ProceduralSubject
from virtualq_core.tickets import Item

if TYPE_CHECKING:
    from virtualq_core.subjects import SubjectSession

OPERATIONS = ["create_ticket", "transition", "transition_many", "claim_next", "history"]


def call(session: SubjectSession, name: str, given: dict[str, Any]) -> object:
    """What an operation answers, as JSON values."""
    given["operation_id"] = UUID(given["operation_id"]) if given.get("operation_id") else None
    match name:
        case "create_ticket":
            given["items"] = [Item(**item) for item in given["items"]]
        case "transition_many":
            del given["operation_id"]
            given["operation_ids"] = given["operation_ids"] and [UUID(each) for each in given["operation_ids"]]
        case "claim_next":
            del given["operation_id"]
            lease_s = given.pop("lease_s")
            given["lease"] = None if lease_s is None else timedelta(seconds=lease_s)
        case "history":
            del given["operation_id"]
    answer = getattr(session, name)(**given)
    if isinstance(answer, list):
        return [asdict(each) for each in answer]
    return None if answer is None else asdict(answer)


def main() -> None:
    """Answer requests until they end."""
    session: SubjectSession | None = None
    for line in sys.stdin:
        request = json.loads(line)
        given = request["given"]
        try:
            match request["call"]:
                case "hello":
                    ok: object = {
                        "version": 1,
                        "name": "served",
                        "operations": OPERATIONS,
                        "capabilities": ["custom_fields"],
                    }
                case "open":
                    session = ProceduralSubject().open(given["dsn"], role=given["role"])
                    ok = {}
                case "close":
                    if session is not None:
                        session.__exit__(None, None, None)
                    ok = {}
                case name:
                    assert session is not None
                    ok = call(session, name, given)
            answer: dict[str, Any] = {"ok": ok}
        except VirtualQError as error:
            answer = {"refused": {"code": error.code, "message": str(error)}}
        except psycopg.Error as error:
            message = str(error) or type(error).__name__
            answer = {"failed": {"sqlstate": error.sqlstate, "message": message}}
            if error.sqlstate is None:
                answer = {"unknown": {"message": message}}
        sys.stdout.write(json.dumps({"id": request["id"], **answer}, default=as_text) + "\n")
        sys.stdout.flush()


def as_text(value: object) -> str:
    """A time in RFC 3339, anything else as it says itself."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    main()
