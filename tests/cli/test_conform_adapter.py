"""`virtualq conform --adapter`: an implementation in any language, from the command line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import VirtualQ
    from virtualq_core.database.server import Database

pytestmark = [pytest.mark.server, pytest.mark.slow]

SUBJECTS = Path(__file__).parents[1] / "subjects"
SERVED = shlex.join([sys.executable, "-P", str(SUBJECTS / "served.py")])


def talker(*arguments: str) -> str:
    """The command of an adapter that misbehaves as it is told to."""
    return shlex.join([sys.executable, "-IS", str(SUBJECTS / "talker.py"), *arguments])


def test_the_command_tells_a_broken_adapter_by_its_exit_code(virtualq: VirtualQ, database: Database) -> None:
    """Exit 4, the reason on stderr, and no requirement on stdout."""
    command = talker("garbage", "transition")
    ended = virtualq("conform", "--adapter", command, "--only", "TRN-015", "--database-url", database.dsn)

    assert (ended.returncode, ended.stdout) == (4, "")
    assert "adapter-broken: " in ended.stderr
    assert "observed «Hello, world!», which is not JSON" in ended.stderr
    assert "next: docs/reference/adapter.md" in ended.stderr


def test_adapters_and_subjects_are_held_to_the_suite_together(virtualq: VirtualQ, database: Database) -> None:
    """Each is named where it fails, with the command that repeats it alone."""
    wrong = talker()
    arguments = ("--subject", "orm", "--adapter", SERVED, "--adapter", wrong, "--only", "TRN-015")
    ended = virtualq("conform", *arguments, "--database-url", database.dsn)

    assert ended.returncode == 1, ended.stderr
    assert f"next: virtualq conform --database-url URL --only TRN-015 --adapter {shlex.quote(wrong)}" in ended.stdout
    assert "3 tests on orm and served and talker" in ended.stdout
