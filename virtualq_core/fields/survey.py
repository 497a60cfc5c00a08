"""What a schema may not ask for, although it is a schema: look elsewhere, or run a pattern that RE2 cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from virtualq_core import json_text
from virtualq_core.errors import Problem
from virtualq_core.fields.keyword import PatternFault, regex

if TYPE_CHECKING:
    from referencing.jsonschema import Schema

_IN_VALUE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_IN_ARRAY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_IN_OBJECT = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})


def local_registry() -> Registry[Schema]:
    """A registry that knows nothing and asks nobody."""
    return Registry(retrieve=_refuse)  # type: ignore[call-arg]  # attrs' fields are invisible to mypy here


def survey(schema: dict[str, Any]) -> list[Problem]:
    """Every such problem of a valid schema that has neither `$schema` nor `$id` at its root."""
    found = _Survey(schema)
    found.visit((), schema)
    found.follow()
    # jsonschema matches patternProperties with Python's engine when it looks for unevaluated properties.
    if {"patternProperties", "unevaluatedProperties"} <= found.used.keys():
        path, keyword = found.used["unevaluatedProperties"], "unevaluatedProperties"
        found.refuse(path, keyword, "cannot be used in a schema that has patternProperties")
    return found.problems


def _refuse(uri: str) -> Any:  # noqa: ANN401 - it never returns
    raise NoSuchResource(ref=uri)  # type: ignore[call-arg]  # the same


class _Survey:
    """A walk over every subschema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.problems: list[Problem] = []
        self.used: dict[str, str] = {}
        """Every keyword with the path of its first use."""
        self._seen: set[int] = set()
        self._refs: list[tuple[str, str, str]] = []
        self._resolver = local_registry().resolver_with_root(DRAFT202012.create_resource(schema))

    def refuse(self, path: str, keyword: str, rule: str, observed: object = None) -> None:
        shown = None if observed is None else json_text.short(observed)
        self.problems.append(Problem(path, rule, keyword, shown))

    def visit(self, steps: tuple[str | int, ...], schema: object) -> None:
        if not isinstance(schema, dict):
            return
        self._seen.add(id(schema))
        for keyword, value in schema.items():
            path = json_text.place((*steps, keyword))
            self.used.setdefault(keyword, path)
            if keyword in {"$schema", "$id"}:
                self.refuse(path, keyword, "belongs at the root of the schema", value)
            elif keyword in {"$ref", "$dynamicRef"}:
                self._refs.append((path, keyword, value))
            elif keyword == "pattern":
                self._compile(path, keyword, value)
            elif keyword == "patternProperties":
                for pattern in value:
                    self._compile(path, keyword, pattern)
            for step, child in _children(keyword, value):
                self.visit((*steps, keyword, *step), child)

    def follow(self) -> None:
        """Refuse each reference that does not lead to a subschema; only those have been held to the meta-schema."""
        for path, keyword, ref in self._refs:
            if not ref.startswith("#"):
                self.refuse(path, keyword, "refers to something outside this schema", ref)
                continue
            try:
                found: object = self._resolver.lookup(ref).contents
            except Unresolvable:
                self.refuse(path, keyword, "refers to nothing", ref)
                continue
            if not isinstance(found, bool) and id(found) not in self._seen:
                self.refuse(path, keyword, "refers to something that is not a subschema", ref)

    def _compile(self, path: str, keyword: str, pattern: str) -> None:
        try:
            regex(pattern)
        except PatternFault as fault:
            why = fault.args[0]
            why = why.decode(errors="replace") if isinstance(why, bytes) else why
            self.refuse(path, keyword, f"is not a pattern that RE2 can run ({why})", pattern)


def _children(keyword: str, value: Any) -> list[tuple[tuple[str | int, ...], object]]:  # noqa: ANN401 - any JSON
    if keyword in _IN_VALUE:
        return [((), value)]
    if keyword in _IN_ARRAY:
        return [((index,), child) for index, child in enumerate(value)]
    if keyword in _IN_OBJECT:
        return [((key,), child) for key, child in value.items()]
    return []
