"""Documents for the tests of the machine."""

from __future__ import annotations

from copy import deepcopy

import pytest

DOCUMENTED: dict[str, object] = {
    "init": "received",
    "states": ["received", "in_progress", "ready", "completed"],
    "transitions": [
        {"name": "start", "from": "received", "to": "in_progress"},
        {"name": "complete", "from": "in_progress", "to": "ready"},
        {"name": "pickup", "from": "ready", "to": "completed"},
    ],
}


@pytest.fixture
def documented() -> dict[str, object]:
    """The example of the design document."""
    return deepcopy(DOCUMENTED)
