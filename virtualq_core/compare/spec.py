"""
What a side of a comparison is, as it is named on the command line.

A prefix says it outright (`indexes:lean`, `partition:month`, `postgres:17`, `settings:big.conf`,
`results:out/results.json`, `git:main`).
Without one, the first of these that exists is meant: a results file, a settings file, a set of indexes, a way
to partition the tables, a PostgreSQL, a git revision.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

from virtualq_core import content
from virtualq_core.database.layout import PARTITIONINGS
from virtualq_core.errors import UsageError

Kind: TypeAlias = Literal["results", "settings", "indexes", "partition", "postgres", "git"]
EMBEDDED = "embedded"
_PARTITIONINGS = tuple(map(str, PARTITIONINGS))
# Where Debian, Red Hat and Homebrew put the programs of a major version.
_INSTALLED = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")
_GIT_S = 60
_KINDS: tuple[Kind, ...] = ("results", "settings", "indexes", "partition", "postgres", "git")


@dataclass(frozen=True)
class Spec:
    """One side: what kind it is of, and which."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def read(cls, text: str) -> Self:
        """
        The side that a text names.

        Raises:
            UsageError: there is no such thing.
        """
        prefix, colon, rest = text.partition(":")
        if colon and prefix in _KINDS:
            spec = cls(prefix, rest)
            if not spec.exists:
                raise UsageError(f"there is no {_WORDS[spec.kind]} '{rest}'", expected=_EXPECTED[spec.kind])
            return spec
        for kind in _KINDS:
            spec = cls(kind, text)
            if spec.exists:
                return spec
        raise UsageError(
            f"'{text}' is nothing that could be compared",
            expected="a results.json, a settings file, a set of indexes "
            f"({', '.join(_index_sets())}), a way to partition ({', '.join(_PARTITIONINGS)}), a PostgreSQL (embedded, "
            "a major version, a folder of programs), or a git revision",
            next_step="say which by a prefix: results: settings: indexes: partition: postgres: git:",
        )

    @property
    def exists(self) -> bool:
        """Whether there is such a thing."""
        match self.kind:
            case "results":
                return self.value.endswith(".json") and Path(self.value).is_file()
            case "settings":
                return not self.value.endswith(".json") and Path(self.value).is_file()
            case "indexes":
                return self.value in _index_sets()
            case "partition":
                return self.value in _PARTITIONINGS
            case "postgres":
                return self.value == EMBEDDED or self.programs is not None
            case "git":
                return self.commit is not None

    @property
    def programs(self) -> Path | None:
        """The folder of PostgreSQL's programs; none for the embedded ones, and where there are none."""
        if self.value == EMBEDDED:
            return None
        places = [place.format(self.value) for place in _INSTALLED] if self.value.isdecimal() else [self.value]
        return next((Path(place) for place in places if (Path(place) / "postgres").is_file()), None)

    @property
    def commit(self) -> str | None:
        """The revision's full name; none where there is no such revision, or no checkout."""
        if not re.fullmatch(r"[\w][\w./^~@{}-]*", self.value):
            return None
        answer = git("rev-parse", "--verify", "--quiet", f"{self.value}^{{commit}}")
        return answer.stdout.decode().strip() if answer is not None and answer.returncode == 0 else None


_WORDS = {
    "results": "results file",
    "settings": "settings file",
    "indexes": "set of indexes",
    "partition": "way to partition",
    "postgres": "PostgreSQL",
    "git": "git revision",
}
_EXPECTED = {
    "results": "the results.json of an earlier check",
    "settings": "a file of lines such as work_mem = 64MB",
    "indexes": "the name of a file in schema/indexes",
    "partition": ", ".join(_PARTITIONINGS),
    "postgres": "embedded, an installed major version such as 17, or the folder that `pg_config --bindir` prints",
    "git": "a branch, a tag or a commit of the checkout that holds schema/",
}


def git(*arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Git's answer in the checkout that holds the content; none where git is missing or hangs."""
    try:
        return subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(content.root()), *arguments],  # noqa: S607 -- the user's own git
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_GIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _index_sets() -> list[str]:
    return sorted(path.stem for path in (content.folder("schema") / "indexes").glob("*.sql"))
