"""What a Python process of the harness's own needs to find the package that started it."""

from __future__ import annotations

import os
from pathlib import Path


def search_path() -> str:
    """The caller's search path for another working directory; a checkout's package is on it, installed or not."""
    home = Path(__file__).resolve().parents[2]
    given = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    # An installed package is found anyway, and its folder must not come before the standard library.
    return os.pathsep.join(given if home.name.endswith("-packages") else [str(home), *given])
