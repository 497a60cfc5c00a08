"""The two ways to read a machine."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """How much of the format is taken."""

    STRICT = "strict"
    """What a ticket type accepts: every construct that surprises its author is refused."""
    COMPAT = "compat"
    """What npm javascript-state-machine 3.1.0 does, surprises included."""
