"""Implementations of the ticket operations: two that ship, and those that register themselves."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, cast

from virtualq_core.errors import UsageError
from virtualq_core.subjects.adapter import OPERATIONS, AdapterSubject
from virtualq_core.subjects.file import load_subject
from virtualq_core.subjects.orm import OrmSubject
from virtualq_core.subjects.procedural import ProceduralSubject
from virtualq_core.subjects.protocol import (
    PoolableSubject,
    Subject,
    SubjectSession,
    backend_pid,
    require_poolable,
    visible_connection,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "SHIPPED",
    "AdapterSubject",
    "OrmSubject",
    "PoolableSubject",
    "ProceduralSubject",
    "Subject",
    "SubjectSession",
    "backend_pid",
    "choose_subjects",
    "find_subject",
    "offered_operations",
    "require_poolable",
    "subject_names",
    "visible_connection",
]

ENTRY_POINT_GROUP = "virtualq.subjects"
SHIPPED = (ProceduralSubject.name, OrmSubject.name)


def subject_names() -> list[str]:
    """Every registered subject, the shipped ones first."""
    registered = [entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)]
    return list(dict.fromkeys([*SHIPPED, *sorted(registered)]))


def find_subject(name: str) -> Subject:
    """
    The subject of that name, or the one in a Python file: `name` is the path then and ends in `.py`.

    Raises:
        UsageError: none is registered under the name, and the error names those that are; or the file holds no subject.
    """
    if name.endswith(".py"):
        return load_subject(Path(name))
    shipped: dict[str, type[Subject]] = {ProceduralSubject.name: ProceduralSubject, OrmSubject.name: OrmSubject}
    if name in shipped:
        return shipped[name]()
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return cast("Subject", entry.load()())
    raise UsageError(f"no subject named '{name}'", expected=" or ".join([*subject_names(), "the path of a .py file"]))


def choose_subjects(names: Sequence[str], adapters: Sequence[str] = ()) -> list[Subject]:
    """
    Subjects by their names or files, then those behind the commands of adapters.

    Raises:
        UsageError: there is no such subject, or two have one name.
        AdapterBroken: an adapter cannot be started, or does not say its name.
    """
    chosen = [*map(find_subject, names), *map(AdapterSubject, adapters)]
    called = [subject.name for subject in chosen]
    twice = [name for name in called if called.count(name) > 1]
    if twice:
        raise UsageError(f"two subjects have the name '{twice[0]}'", expected="a name for each, and each once")
    return chosen


def offered_operations(subject: Subject) -> frozenset[str]:
    """The operations of a session that the subject implements: all, unless it is an adapter that claims fewer."""
    return subject.hello.operations if isinstance(subject, AdapterSubject) else frozenset(OPERATIONS)
