"""What the database refuses, in this package's words: SQLSTATE and constraint name to error class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import errors as pg

from virtualq_core.errors import (
    IllegalTransition,
    InvalidFields,
    InvalidMachine,
    OperationReused,
    OrphanedState,
    StaleTicket,
    StaleType,
    TicketNotFound,
    UsageError,
    VirtualQError,
)

if TYPE_CHECKING:
    import psycopg

_BY_CONSTRAINT: dict[str, type[VirtualQError]] = {
    "ticket_transition_is_legal": IllegalTransition,
    "ticket_starts_in_initial_state": IllegalTransition,
    "ticket_state_is_in_machine": OrphanedState,
    "typedefinition_orphans_no_ticket": OrphanedState,
    "ticket_is_as_expected": StaleTicket,
    "type_revision_is_current": StaleType,
    "ticket_exists": TicketNotFound,
    "ticketstatehistory_operation_key": OperationReused,
    "ticketstatehistory_tenant_id_operation_id_key": OperationReused,
    "ticket_custom_data_is_object": InvalidFields,
    "typedefinition_fields_are_schema": InvalidFields,
    "typedefinition_fields_stay_local": InvalidFields,
}

# A key of a table that is spread over nodes carries the number of the part that it was violated in.
_SHARD = re.compile(r"_\d{6,}$")
# A partition's keys are named by PostgreSQL, for the partition and their columns.
_PARTITION = re.compile(r"(?<=[a-z])_p\d\d(?=_)")


def _of_table(constraint: str | None) -> str:
    return _PARTITION.sub("", _SHARD.sub("", constraint or ""))


def translate(error: psycopg.Error) -> Exception:
    """
    The package's error for a refusal of the database, or `error` itself where it is not a rule's refusal.

    A lost connection or a deadlock is not a refusal: the caller must know that it is not the ticket's fault.
    """
    constraint = _of_table(error.diag.constraint_name)
    message = error.diag.message_primary or str(error)
    if constraint == "machine_is_valid":
        path, _, rule = message.removeprefix("invalid-machine: ").partition(": ")
        return InvalidMachine(path, rule)
    kind = _BY_CONSTRAINT.get(constraint)
    if kind is None and isinstance(error, pg.IntegrityError | pg.InsufficientPrivilege):
        kind = UsageError
    if kind is None:
        return error
    what = message.removeprefix(f"{kind.code}: ")
    return kind(what, next_step=error.diag.message_hint)
