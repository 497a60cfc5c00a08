"""The account that PostgreSQL's processes run as: one's own, and for root another, because PostgreSQL refuses root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of the operating system, by number; `is_other` where the harness has to change to it."""

    uid: int
    gid: int
    is_other: bool

    @property
    def process_options(self) -> dict[str, Any]:
        """The keyword arguments with which `subprocess` starts a process as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def require_passage(self, path: Path) -> None:
        """
        Raise `EnvironmentFault` unless the account may pass through every folder above `path`.

        Judged by the mode bits, which is what decides on all but exotic file systems.
        """
        if not self.is_other:
            return
        for parent in reversed(path.absolute().parents):
            status = parent.stat()
            bit = 0o100 if status.st_uid == self.uid else 0o010 if status.st_gid == self.gid else 0o001
            if not status.st_mode & bit:
                raise EnvironmentFault(
                    f"the account that runs PostgreSQL for root cannot reach {path}",
                    observed=f"{parent} has mode {status.st_mode & 0o777:o}",
                    expected=f"a path that user number {self.uid} may pass through",
                    next_step="set VIRTUALQ_CACHE_DIR to a folder outside root's home, or run as an ordinary user",
                )


def server_account() -> Account:
    """
    The account for the server's processes: one's own, or for root `postgres`, or `nobody`.

    Raises:
        EnvironmentFault: root, and neither account exists.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    raise EnvironmentFault(
        "PostgreSQL does not run as root, and no account to run it as was found",
        expected=" or ".join(_CANDIDATES),
        next_step="run as an ordinary user, or give --database-url",
    )
