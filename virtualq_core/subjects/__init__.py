"""Implementations of the ticket operations: two that ship, and those that register themselves."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from virtualq_core.errors import UsageError
from virtualq_core.subjects.file import load_subject
from virtualq_core.subjects.orm import OrmSubject
from virtualq_core.subjects.procedural import ProceduralSubject
from virtualq_core.subjects.protocol import Subject, SubjectSession, backend_pid, visible_connection

__all__ = [
    "OrmSubject",
    "ProceduralSubject",
    "Subject",
    "SubjectSession",
    "backend_pid",
    "find_subject",
    "subject_names",
    "visible_connection",
]

ENTRY_POINT_GROUP = "virtualq.subjects"


def subject_names() -> list[str]:
    """Every registered subject, the shipped ones first."""
    registered = [entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)]
    return list(dict.fromkeys([ProceduralSubject.name, OrmSubject.name, *sorted(registered)]))


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
