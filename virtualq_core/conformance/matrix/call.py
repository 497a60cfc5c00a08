"""Calls of the schema's functions, with arguments made up by name and type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from psycopg import sql

from virtualq_core import content
from virtualq_core.conformance.matrix import row
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg.sql import Composed

    from virtualq_core.conformance.matrix.catalogue import Argument, Catalogue, Function
    from virtualq_core.conformance.matrix.scene import Scene, Side

_SQL = content.beside(__file__, "call.sql")
_ARRAY = "[]"
TENANT = "tenant_id"
# An operation's id is a caller's to choose; the one that a side has used stands in its history.
_ALIASES = {"operation_id": ("ticketstatehistory", "operation_id")}
_CHOSEN = "operation_id"

# What has no part in whose a row is: something that makes the call succeed. By name and type.
_PLAIN: Mapping[tuple[str, str], Callable[[Side], Any]] = {
    ("actor", "text"): lambda _: "matrix",
    ("at", "timestamp with time zone"): lambda _: datetime.now(UTC),
    ("at_most", "integer"): lambda _: 1_000_000,
    ("batch", "integer"): lambda _: 10,
    ("before", "timestamp with time zone"): lambda _: datetime.now(UTC),
    ("custom_data", "jsonb"): lambda side: side.rows["ticket"]["custom_data"],
    ("custom_fields_schema", "jsonb"): lambda side: side.rows["typedefinition"]["custom_fields_schema"],
    ("expected_state", "text"): lambda side: side.rows["ticket"]["current_state"],
    ("expected_version", "integer"): lambda side: side.rows["ticket"]["version"],
    ("fsm_schema", "jsonb"): lambda side: side.rows["typedefinition"]["fsm_schema"],
    ("items", "jsonb"): lambda _: [{"name": "tea"}],
    ("lease", "interval"): lambda _: timedelta(minutes=5),
    ("metadata", "jsonb"): lambda _: {"by": "matrix"},
    ("path", "jsonpath"): lambda _: "$",
    ("revision", "integer"): lambda side: side.rows["typedefinition"]["revision"],
    ("state", "text"): lambda side: side.rows["ticket"]["current_state"],
    ("state_mapping", "jsonb"): lambda _: None,
    ("transition", "text"): lambda _: "start",
    ("ttl_minutes", "integer"): lambda _: 60,
    ("type_code", "text"): lambda _: f"matrix-{uuid4()}"[:32],
    ("type_name", "text"): lambda _: "matrix",
    ("wanted", "jsonb"): lambda _: {},
    ("window_length", "interval"): lambda _: timedelta(hours=1),
}


class Place(NamedTuple):
    """The table and column whose values an argument takes."""

    table: str
    column: str


@dataclass(frozen=True)
class Case:
    """A function called with another tenant's ids, and in the same way with ids that no row has."""

    what: str
    theirs: Mapping[str, Any]
    absent: Mapping[str, Any]

    @property
    def is_for_another(self) -> bool:
        """Is it called for the other tenant, in so many words?"""
        return self.theirs.get(TENANT) != self.absent.get(TENANT)

    @property
    def ids(self) -> list[object]:
        """The values in which the two differ."""
        differing = [name for name in self.theirs if self.theirs[name] != self.absent[name]]
        return [each for name in differing for given in (self.theirs, self.absent) for each in _each(given[name])]


def place_of(name: str, catalogue: Catalogue) -> Place | None:
    """The column that an argument or a result of that name is about: `ticket_id`, `ticket_ids`, `queue_extid`."""
    single = name.removesuffix("s")
    if single in _ALIASES:
        return Place(*_ALIASES[single])
    plain = single.replace("_", "")
    for table in catalogue.tables:
        column = plain.removeprefix(table.name)
        if column == plain:
            continue
        if column == "id":
            key = [each for each in table.key if each != table.owner]
            return Place(table.name, key[-1] if key else str(table.owner))
        if column in table.columns:
            return Place(table.name, column)
    return None


def own(function: Function, scene: Scene, side: Side) -> dict[str, Any]:
    """
    Arguments by which a tenant calls a function for itself.

    Raises:
        UsageError: nothing is known of an argument of that name and type.
    """
    return {each.name: _own(each, function, scene, side) for each in function.arguments}


def cases(function: Function, scene: Scene) -> Iterator[Case]:
    """
    Every way to name another tenant's rows in a call. Raises as `own` does.

    One id at a time and all at once; with all arguments and with those alone that must be given; for the caller's own
    tenant, the other one, and none.
    """
    ours = own(function, scene, scene.ours)
    theirs, absent = dict(ours), dict(ours)
    naming = [each for each in function.arguments if place_of(each.name, scene.catalogue) is not None]
    for argument in naming:
        theirs[argument.name] = _theirs(argument, scene)
        absent[argument.name] = _absent(argument)
    ids = [each.name for each in naming if each.name != TENANT]
    optional = {each.name for each in function.arguments if each.is_optional}
    mixed = {each.name for each in naming if each.type.endswith(_ARRAY)}

    def case(what: str, names: list[str], given: set[str], **fixed: Any) -> Case:
        def arguments(source: Mapping[str, Any]) -> dict[str, Any]:
            values = {**ours, **{name: source[name] for name in names}, **fixed}
            return {name: value for name, value in values.items() if name in given}

        return Case(f"{function.name} {what}", arguments(theirs), arguments(absent))

    for given, how in ((set(ours), ""), (ours.keys() - optional, ", nothing else given")):
        for name in ids:
            yield case(f"with their {name}{how}", [name], given | {name})
        if ids:
            yield case(f"with all their ids{how}", ids, given)
        if TENANT in ours:
            yield case(f"for their tenant{how}", [TENANT, *ids], given)
            yield case(f"for no tenant{how}", ids, given, **{TENANT: None})
    if mixed:
        beside = {name: [*ours[name], *theirs[name]] for name in mixed}
        without = {name: [*ours[name], *absent[name]] for name in mixed}
        yield Case(f"{function.name} with theirs beside its own", {**ours, **beside}, {**ours, **without})


def call(function: Function, arguments: Mapping[str, Any]) -> Composed:
    """The statement that calls it."""
    types = {each.name: each.type for each in function.arguments}
    given = [
        sql.SQL(_SQL["argument"].sql).format(
            name=sql.Identifier(name), value=row.literal(value), type=sql.SQL(types[name])
        )
        for name, value in arguments.items()
    ]
    statement = _SQL["call_procedure" if function.kind == "p" else "call_function"].sql
    return sql.SQL(statement).format(function=sql.Identifier(function.name), arguments=sql.SQL(", ").join(given))


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _own(argument: Argument, function: Function, scene: Scene, side: Side) -> Any:  # noqa: ANN401 -- of its type
    place = place_of(argument.name, scene.catalogue)
    if place is not None:
        value = uuid4() if place.column == _CHOSEN else side.rows[place.table][place.column]
        return [value] if argument.type.endswith(_ARRAY) else value
    if (argument.name, argument.type) in _PLAIN:
        return _PLAIN[argument.name, argument.type](side)
    raise UsageError(
        f"the matrix does not know the argument '{argument.name}' ({argument.type}) of {function.signature}",
        next_step="name it for the column that it takes (queue_id), or add it to conformance/matrix/call.py",
    )


def _theirs(argument: Argument, scene: Scene) -> Any:  # noqa: ANN401 -- of its type
    place = place_of(argument.name, scene.catalogue)
    value = scene.theirs.rows[place.table][place.column] if place else None
    return [value] if argument.type.endswith(_ARRAY) else value


def _absent(argument: Argument) -> Any:  # noqa: ANN401 -- of its type
    value = row.missing(argument.type.removesuffix(_ARRAY))
    return [value] if argument.type.endswith(_ARRAY) else value
