"""Implementations of the ticket operations: two that ship, and those that register themselves."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from virtualq_core.errors import UsageError
from virtualq_core.subjects.orm import OrmSubject
from virtualq_core.subjects.procedural import ProceduralSubject
from virtualq_core.subjects.protocol import Subject, SubjectSession

__all__ = ["OrmSubject", "ProceduralSubject", "Subject", "SubjectSession", "find_subject", "subject_names"]

ENTRY_POINT_GROUP = "virtualq.subjects"


def subject_names() -> list[str]:
    """Every registered subject, the shipped ones first."""
    registered = [entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)]
    return list(dict.fromkeys([ProceduralSubject.name, OrmSubject.name, *sorted(registered)]))


def find_subject(name: str) -> Subject:
    """
    The subject of that name.

    Raises:
        UsageError: none is registered under it; the error names those that are.
    """
    shipped: dict[str, type[Subject]] = {ProceduralSubject.name: ProceduralSubject, OrmSubject.name: OrmSubject}
    if name in shipped:
        return shipped[name]()
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return cast("Subject", entry.load()())
    raise UsageError(f"no subject named '{name}'", expected=" or ".join(subject_names()))
