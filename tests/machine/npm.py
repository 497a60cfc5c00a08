"""The npm package javascript-state-machine 3.1.0 itself, in a Node process that answers documents with observations."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGE = "javascript-state-machine@3.1.0"
_OBSERVER = Path(__file__).with_name("observe_npm.js")
_PATIENCE_S = 120
_AT_ONCE = 50
_PIPE_BYTES = 32 * 1024


class Npm:
    """One Node process with the package loaded."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def run(cls) -> Iterator[Npm]:
        """
        Install the package into a temporary folder, and start Node on it.

        Raises:
            subprocess.SubprocessError, OSError: there is no npm or no Node, or no registry that has the package.
        """
        with tempfile.TemporaryDirectory() as folder:
            install = [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--fetch-retries=0",
                "--prefix",
                folder,
                PACKAGE,
            ]
            subprocess.run(install, check=True, capture_output=True, timeout=_PATIENCE_S)
            command = ["node", str(_OBSERVER)]
            environment = {**os.environ, "NODE_PATH": str(Path(folder) / "node_modules")}
            pipe = subprocess.PIPE
            with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, encoding="utf-8") as process:
                try:
                    yield cls(process)
                finally:
                    process.kill()

    def observe(self, documents: Sequence[str]) -> list[Any]:
        """What the package does with each document, a JSON text."""
        observed: list[Any] = []
        waiting: list[str] = []
        for document in documents:
            line = document.replace("\n", " ") + "\n"
            # What waits must fit into a pipe: Node does not read on while its own answers are not read.
            if len(waiting) == _AT_ONCE or sum(map(len, waiting)) + len(line) > _PIPE_BYTES:
                observed += self._exchange(waiting)
                waiting = []
            waiting.append(line)
        return observed + self._exchange(waiting)

    def _exchange(self, lines: list[str]) -> list[Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.writelines(lines)
        self._process.stdin.flush()
        answers = [self._process.stdout.readline() for _ in lines]
        if not all(answers):
            raise subprocess.SubprocessError(f"Node ended at one of {lines}")
        return [json.loads(answer) for answer in answers]
