"""The command as a process of its own, with a cache of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
BOUND_S = 120


@dataclass
class VirtualQ:
    """Runs `virtualq` as its users do."""

    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, python: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; `python` are options of the interpreter."""
        return subprocess.run(
            [sys.executable, *python, "-m", "virtualq_core.cli", *arguments],
            capture_output=True,
            check=False,
            timeout=BOUND_S,
            **self._common(),
        )

    def begin(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the command; whoever does waits for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "virtualq_core.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **self._common(),
        )

    def _common(self) -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if name != "VIRTUALQ_DATABASE_URL"}
        return {"env": {**kept, "PYTHONPATH": str(REPOSITORY), **self.environment}, "text": True}


@pytest.fixture
def virtualq() -> VirtualQ:
    """The command, with the session's cache."""
    return VirtualQ()
