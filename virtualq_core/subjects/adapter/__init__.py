"""
Implementations in any language, spoken to in lines of JSON over standard input and output.

`messages.schema.json` describes every message; docs/reference/adapter.md shows them.
"""

from __future__ import annotations

from virtualq_core.subjects.adapter.fault import AdapterBroken, AdapterFailed, NotOffered
from virtualq_core.subjects.adapter.message import OPERATIONS
from virtualq_core.subjects.adapter.session import AdapterSession, Hello, Patience
from virtualq_core.subjects.adapter.subject import AdapterSubject

__all__ = [
    "OPERATIONS",
    "AdapterBroken",
    "AdapterFailed",
    "AdapterSession",
    "AdapterSubject",
    "Hello",
    "NotOffered",
    "Patience",
]
